"""Queries about what can be learned from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import CharField, Count, F, Func, Max, Q, QuerySet

from curation.models import Ballot, Candidate, Round
from curation.reputations.selectors import counts_of
from generation.preferences.models import PreferenceDataset, PreferenceRow
from generation.preferences.rules import Vote
from generation.versions.models import ModelVersion

COUNTED = (Ballot.Why.COUNTED, Ballot.Why.CAPPED)
REPLAYED_ROUNDS = 8  # the newest before a dataset's own
SIZE = ("width", "height")
MOST_ASKED = 500  # voters; more would not change what is known of all
_ROWS = 5_000  # fetched at a time


def rounds_to_learn_from() -> QuerySet[Round]:
    """Counted rounds without a dataset, the first counted first."""
    rounds = Round.objects.filter(tally__isnull=False, preference_dataset__isnull=True)
    return rounds.order_by("tally__published_at", "pk")


def usual(round_: Round, *fields: str) -> dict[str, Any]:
    """What most of a round's pictures have in these fields; of as many, the later ones."""
    groups = _hanging([round_.pk]).order_by().values(*fields)
    most = groups.annotate(n=Count("pk"), last=Max("pk")).order_by("-n", "-last").first()
    return {field: most[field] for field in fields} if most else {}


def votes_of(round_ids: list[int], alike: Mapping[str, Any]) -> Iterator[Vote]:
    """Ballots of counted rounds that counted, on two pictures of one prompt that still hang.

    Read anew from the ballots each time: what was taken down or withdrawn since is not there.

    Args:
        alike: what both pictures have in some fields; their size, as a run learns from one.
    """
    prompts = dict(_hanging(round_ids).filter(**alike).values_list("digest", "prompt"))
    rows = _counted(round_ids).values_list(
        *("digest", "voter_id", "round_id", "low", "high", "chosen", "outcome", "weight")
    )
    for digest, voter, round_id, low, high, chosen, outcome, weight in rows.iterator(_ROWS):
        prompt = prompts.get(low)
        if prompt is not None and prompts.get(high) == prompt:
            yield Vote(digest, voter, round_id, prompt, low, high, chosen, outcome, weight)


def left_out(round_: Round) -> dict[str, int]:
    """How many of a counted round's ballots do not train, by reason: `Ballot.Why`, or one of ours.

    `across_prompts`: the two pictures have different prompts, so they say nothing of how to draw
    either. `taken_down`: it counted, and one of the two was hidden or disqualified since.
    `another_size`: one of the two has not the size of most.
    """
    reasons = Ballot.objects.filter(round=round_).exclude(Q(why__in=COUNTED), weight__gt=0)
    found = Counter(reasons.order_by().values_list("why", flat=True))
    facts = {
        digest: (prompt, status, size)
        for digest, prompt, status, *size in Candidate.objects.filter(round=round_).values_list(
            "digest", "prompt", "status", *SIZE
        )
    }
    hangs, most = Candidate.Status.PUBLISHED, list(usual(round_, *SIZE).values())
    for low, high in _counted([round_.pk]).values_list("low", "high").iterator(_ROWS):
        one, other = facts.get(low), facts.get(high)
        if one is None or other is None or hangs != one[1] or hangs != other[1]:
            found["taken_down"] += 1
        elif one[0] != other[0]:
            found["across_prompts"] += 1
        elif not one[2] == other[2] == most:
            found["another_size"] += 1
    return dict(sorted(found.items()))


def earlier_rounds(round_: Round) -> list[int]:
    """The rounds counted last before one, whichever brief they were for, the newest first.

    A long round may have been opened before many that were counted earlier.
    """
    counted_at = round_.tally.published_at
    before = Q(tally__published_at__lt=counted_at)
    before |= Q(tally__published_at=counted_at, pk__lt=round_.pk)
    rows = Round.objects.filter(before).order_by("-tally__published_at", "-pk")
    return list(rows.values_list("pk", flat=True)[:REPLAYED_ROUNDS])


def rows_of(ballot: Ballot) -> QuerySet[PreferenceRow]:
    """The rows a ballot went into, at most one of each dataset, its own round's first."""
    rows = PreferenceRow.objects.filter(round=ballot.round_id, ballots__contains=[ballot.digest])
    rows = rows.filter(chosen__in=(ballot.low, ballot.high))
    return rows.order_by("replayed", "dataset__round__tally__published_at", "dataset")


def teachers_of(version: ModelVersion) -> set[int]:
    """The members whose ballots a version learned from, by id."""
    return _voters(PreferenceRow.objects.filter(dataset__run__version=version))


def repeated(dataset: PreferenceDataset) -> tuple[float, int] | None:
    """How often a dataset's voters answered a pair as before, and how often they were asked again.

    Of rounds that are not open: in those nobody learns which pair tests. A tie where there was
    none counts half. None where nobody was asked again.
    """
    voters = sorted(_voters(dataset.rows.all()))[:MOST_ASKED]
    counts = [counts_of(voter, revealed=True) for voter in voters]
    asked = sum(count.repeats_answered for count in counts)
    return (sum(count.repeats_agreed for count in counts), asked) if asked else None


def _voters(rows: QuerySet[PreferenceRow]) -> set[int]:
    ballot = Func(F("ballots"), function="unnest", output_field=CharField())
    digests = rows.order_by().annotate(ballot=ballot).values("ballot")
    ballots = Ballot.objects.filter(digest__in=digests).order_by()
    return set(ballots.values_list("voter", flat=True).distinct())


def _hanging(round_ids: list[int]) -> QuerySet[Candidate]:
    """Pictures of rounds that are on show, and were not hung to be voted on for a test."""
    on_show = Candidate.Status.PUBLISHED
    return Candidate.objects.filter(round__in=round_ids, status=on_show, trial=False)


def _counted(round_ids: list[int]) -> QuerySet[Ballot]:
    found = Ballot.objects.filter(round__in=round_ids, why__in=COUNTED, weight__gt=0)
    return found.filter(round__tally__isnull=False).order_by("digest")
