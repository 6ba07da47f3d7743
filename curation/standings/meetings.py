"""Who met whom among the best, and how it went: a matrix and the same as a table."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, F, Q, Sum, Value, When

from curation.ballots.models import Ballot
from curation.standings.charts import CELL, HEAD, Disc, disc
from curation.standings.keeping import kept
from curation.standings.models import Tally
from curation.standings.places import Place

MOST_SHOWN = 12  # candidates along a side; more cannot be read on a phone


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """All counted ballots on one pair, of which `first` ranks higher."""

    first: Place
    second: Place
    first_chosen: int
    second_chosen: int
    ties: int
    share: float  # of the weight that `first` got, ties half, in [0, 1]

    @property
    def ballots(self) -> int:
        return self.first_chosen + self.second_chosen + self.ties


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One disc of the matrix: how the row's candidate fared against the column's."""

    disc: Disc
    row: Place
    column: Place
    chosen: int
    ballots: int


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """The best candidates against each other, by place along both sides."""

    places: list[Place]
    meetings: list[Meeting]
    cells: list[Cell]
    side: int  # of the square drawing
    marks: list[tuple[float, Place]]  # the middle of each row and column


def matrix_of(tally: Tally, places: Sequence[Place]) -> Matrix:
    """How the best met; only those that were compared at all."""
    best = [place for place in places if place.standing.comparisons][:MOST_SHOWN]
    by_digest = {place.standing.candidate.digest: place for place in best}
    rows = kept(tally, "meetings", lambda: list(_met(tally, by_digest)))
    meetings = sorted((_meeting(row, by_digest) for row in rows), key=_ranks)
    most = max((meeting.ballots for meeting in meetings), default=1)
    at = {place.standing.pk: number for number, place in enumerate(best)}
    cells = [cell for meeting in meetings for cell in _cells(meeting, at, most)]
    return Matrix(
        places=best,
        meetings=meetings,
        cells=cells,
        side=HEAD + CELL * len(best) + 4,
        marks=[(HEAD + CELL * (number + 0.5), place) for number, place in enumerate(best)],
    )


def _cells(meeting: Meeting, at: dict[int, int], most: int) -> list[Cell]:
    first, second = at[meeting.first.standing.pk], at[meeting.second.standing.pk]
    n, share = meeting.ballots, meeting.share
    return [
        Cell(
            disc=disc(row=first, column=second, share=share, ballots=n, most=most),
            row=meeting.first,
            column=meeting.second,
            chosen=meeting.first_chosen,
            ballots=n,
        ),
        Cell(
            disc=disc(row=second, column=first, share=1 - share, ballots=n, most=most),
            row=meeting.second,
            column=meeting.first,
            chosen=meeting.second_chosen,
            ballots=n,
        ),
    ]


def _met(tally: Tally, digests: Collection[str]) -> Iterable[Any]:
    """Counted ballots on pairs of these, by pair."""
    tie, low = Q(outcome=Ballot.Outcome.TIE), Q(outcome=Ballot.Outcome.PREFERENCE, chosen=F("low"))
    for_low = Case(When(tie, then=F("weight") / 2), When(low, then="weight"), default=Value(0.0))
    rows = Ballot.objects.filter(round=tally.pk, weight__gt=0, low__in=digests, high__in=digests)
    return (
        rows.order_by()
        .values("low", "high")
        .annotate(
            ballots=Count("pk"),
            ties=Count("pk", filter=tie),
            low_chosen=Count("pk", filter=low),
            total=Sum("weight"),
            for_low=Sum(for_low),
        )
    )


def _meeting(row: Mapping[str, Any], by_digest: Mapping[str, Place]) -> Meeting:
    """A pair's ballots, seen from the one that ranks higher."""
    high_chosen = row["ballots"] - row["ties"] - row["low_chosen"]
    share = row["for_low"] / row["total"]
    sides = (
        (by_digest[row["low"]], row["low_chosen"], share),
        (by_digest[row["high"]], high_chosen, 1 - share),
    )
    (first, mine, got), (second, theirs, _) = sorted(sides, key=lambda s: s[0].standing.rank)
    return Meeting(
        first=first,
        second=second,
        first_chosen=mine,
        second_chosen=theirs,
        ties=row["ties"],
        share=got,
    )


def _ranks(meeting: Meeting) -> tuple[int, int]:
    return meeting.first.standing.rank, meeting.second.standing.rank
