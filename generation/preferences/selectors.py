"""Queries about what can be learned from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.db.models import CharField, Count, F, Func, Q, QuerySet, Sum

from curation.models import Ballot, Candidate, Reputation, Round
from generation.preferences.models import PreferenceDataset, PreferenceRow
from generation.preferences.rules import Vote
from generation.versions.models import ModelVersion

COUNTED = (Ballot.Why.COUNTED, Ballot.Why.CAPPED)
REPLAYED_ROUNDS = 8  # the newest before a dataset's own
_ROWS = 5_000  # fetched at a time


def rounds_to_learn_from() -> QuerySet[Round]:
    """Counted rounds without a dataset, the first counted first."""
    rounds = Round.objects.filter(tally__isnull=False, preference_dataset__isnull=True)
    return rounds.order_by("tally__published_at", "pk")


def size_of(round_: Round) -> tuple[int, int] | None:
    """Width and height in px of most of a round's pictures that hang; None when none does."""
    hang = Candidate.objects.filter(round=round_, status=Candidate.Status.PUBLISHED, trial=False)
    sizes = hang.order_by().values_list("width", "height").annotate(pictures=Count("pk"))
    most = sizes.order_by("-pictures", "width", "height").first()
    return most and most[:2]


def votes_of(round_ids: list[int], *, size: tuple[int, int] | None) -> Iterator[Vote]:
    """Ballots of counted rounds that counted, on two pictures of one prompt that still hang.

    Read anew from the ballots each time: what was taken down or withdrawn since is not there. Nor
    are pictures of another size: a model learns from those of one size at a time.
    """
    if size is None:
        return
    width, height = size
    hang = Candidate.objects.filter(
        round__in=round_ids, status=Candidate.Status.PUBLISHED, trial=False
    )
    prompts = dict(hang.filter(width=width, height=height).values_list("digest", "prompt"))
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
            "digest", "prompt", "status", "width", "height"
        )
    }
    hangs, usual = Candidate.Status.PUBLISHED, list(size_of(round_) or ())
    for low, high in _counted([round_.pk]).values_list("low", "high").iterator(_ROWS):
        one, other = facts.get(low), facts.get(high)
        if one is None or other is None or hangs != one[1] or hangs != other[1]:
            found["taken_down"] += 1
        elif one[0] != other[0]:
            found["across_prompts"] += 1
        elif not one[2] == other[2] == usual:
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
    """The rows a ballot went into, at most one of each dataset, the first made first."""
    rows = PreferenceRow.objects.filter(round=ballot.round_id, ballots__contains=[ballot.digest])
    return rows.filter(chosen__in=(ballot.low, ballot.high)).order_by("dataset")


def teachers_of(version: ModelVersion) -> set[int]:
    """The members whose ballots a version learned from, by id."""
    return _voters(PreferenceRow.objects.filter(dataset__run__version=version))


def repeated(dataset: PreferenceDataset) -> tuple[float, int] | None:
    """How often a dataset's voters answered a pair as before, and how often they were asked again.

    A tie where there was none counts half. None where nobody was asked again.
    """
    voters = Reputation.objects.filter(member__in=_voters(dataset.rows.all()))
    alike, asked = voters.aggregate(a=Sum("repeats_agreed"), b=Sum("repeats_answered")).values()
    return (alike, asked) if asked else None


def _voters(rows: QuerySet[PreferenceRow]) -> set[int]:
    ballot = Func(F("ballots"), function="unnest", output_field=CharField())
    digests = rows.order_by().annotate(ballot=ballot).values("ballot")
    ballots = Ballot.objects.filter(digest__in=digests).order_by()
    return set(ballots.values_list("voter", flat=True).distinct())


def _counted(round_ids: list[int]) -> QuerySet[Ballot]:
    found = Ballot.objects.filter(round__in=round_ids, why__in=COUNTED, weight__gt=0)
    return found.filter(round__tally__isnull=False).order_by("digest")
