"""Queries about what can be learned from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.db.models import CharField, F, Func, Q, QuerySet

from curation.models import Ballot, Candidate, Round
from generation.preferences.models import PreferenceDataset, PreferenceRow
from generation.preferences.rules import Vote
from generation.versions.models import ModelVersion

COUNTED = (Ballot.Why.COUNTED, Ballot.Why.CAPPED)
REPLAYED_ROUNDS = 8  # the newest before a dataset's own
_ROWS = 5_000  # fetched at a time


def rounds_to_learn_from() -> QuerySet[Round]:
    """Counted rounds without a dataset, the oldest first."""
    return Round.objects.filter(tally__isnull=False, preference_dataset__isnull=True).order_by("pk")


def votes_of(round_ids: list[int]) -> Iterator[Vote]:
    """Ballots of counted rounds that counted, on two pictures of one prompt that still hang.

    Read anew from the ballots each time: what was taken down or withdrawn since is not there.
    """
    prompts = dict(
        Candidate.objects.filter(
            round__in=round_ids, status=Candidate.Status.PUBLISHED, trial=False
        ).values_list("digest", "prompt")
    )
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
    """
    reasons = Ballot.objects.filter(round=round_).exclude(Q(why__in=COUNTED), weight__gt=0)
    found = Counter(reasons.order_by().values_list("why", flat=True))
    facts = {
        digest: (prompt, status)
        for digest, prompt, status in Candidate.objects.filter(round=round_).values_list(
            "digest", "prompt", "status"
        )
    }
    hangs = Candidate.Status.PUBLISHED
    for low, high in _counted([round_.pk]).values_list("low", "high").iterator(_ROWS):
        one, other = facts.get(low), facts.get(high)
        if one is None or other is None or hangs != one[1] or hangs != other[1]:
            found["taken_down"] += 1
        elif one[0] != other[0]:
            found["across_prompts"] += 1
    return dict(sorted(found.items()))


def earlier_rounds(round_: Round) -> list[int]:
    """The newest counted rounds before one, whichever brief they were for."""
    rows = Round.objects.filter(tally__isnull=False, pk__lt=round_.pk).order_by("-pk")
    return list(rows.values_list("pk", flat=True)[:REPLAYED_ROUNDS])


def row_of(dataset: PreferenceDataset, ballot: Ballot) -> PreferenceRow | None:
    """The row a ballot went into; None when it trained nothing there."""
    rows = dataset.rows.filter(chosen__in=(ballot.low, ballot.high))
    return rows.filter(round=ballot.round_id, ballots__contains=[ballot.digest]).first()


def teachers_of(version: ModelVersion) -> set[int]:
    """The members whose ballots a version learned from, by id."""
    rows = PreferenceRow.objects.filter(dataset__run__version=version).order_by()
    ballot = Func(F("ballots"), function="unnest", output_field=CharField())
    digests = rows.annotate(ballot=ballot).values("ballot")
    taught = Ballot.objects.filter(digest__in=digests).order_by()
    return set(taught.values_list("voter", flat=True).distinct())


def _counted(round_ids: list[int]) -> QuerySet[Ballot]:
    found = Ballot.objects.filter(round__in=round_ids, why__in=COUNTED, weight__gt=0)
    return found.filter(round__tally__isnull=False).order_by("digest")
