"""The ranking and the winners of a tally, ready to render."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F, Max
from django.db.models.functions import Abs

from curation.cursors import CursorInvalid
from curation.galleries.models import Candidate
from curation.stakes.panels import PLACES, RoundOnChain
from curation.stakes.rules import ALL_BPS
from curation.stakes.selectors import staked_behind
from curation.standings.charts import Z95, Axis, Interval
from curation.standings.models import Standing, Tally
from curation.standings.selectors import standings_of

PAGE = 24
FEW = 5  # ballots; with fewer, a place says little
HIGHEST = 2**31 - 1


@dataclass(frozen=True, kw_only=True)
class Place:
    """A candidate's place; its picture only as long as it hangs."""

    standing: Standing
    interval: Interval
    candidate: Candidate | None

    @property
    def is_unsure(self) -> bool:
        return self.standing.comparisons < FEW


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """A stretch of a ranking, and the rank after which the next begins; 0 at the end."""

    places: list[Place]
    axis: Axis
    next_after: int
    count: int  # candidates in the whole ranking


def axis_of(tally: Tally) -> Axis:
    """One axis for every page of a ranking."""
    ends = tally.standings.aggregate(furthest=Max(Abs("score") + Z95 * F("deviation")))
    return Axis.reaching(ends["furthest"] or 0.0)


def place_of(standing: Standing, axis: Axis) -> Place:
    """A standing on its axis."""
    candidate = standing.candidate
    shown = candidate.status == Candidate.Status.PUBLISHED
    return Place(
        standing=standing,
        interval=axis.interval(standing.score, standing.deviation),
        candidate=candidate if shown else None,
    )


def rank_of_cursor(cursor: str) -> int:
    """The rank after which a page of the ranking begins.

    Raises:
        CursorInvalid: the cursor is no rank.
    """
    if not cursor:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
        raise CursorInvalid("There is no such place in the ranking. Start from the top again.")
    return int(cursor)


def ranking_of(tally: Tally, *, after: int = 0, size: int = PAGE) -> Ranking:
    """The places after a rank; the cost does not depend on how far down they are."""
    axis = axis_of(tally)
    rows = standings_of(tally.round).filter(rank__gt=min(after, HIGHEST))
    found = list(rows[: size + 1])
    return Ranking(
        places=[place_of(row, axis) for row in found[:size]],
        axis=axis,
        next_after=found[size - 1].rank if len(found) > size else 0,
        count=tally.standings.count(),
    )


@dataclass(frozen=True, kw_only=True)
class Won:
    """A winner, and what those behind it earn."""

    title: str  # First, Second, Third
    place: Place
    share_bps: int
    earns_wei: int  # its share of the pool; 0 when nobody is behind it

    @property
    def digest(self) -> str:
        return self.place.standing.candidate.digest


def winners_of(tally: Tally, axis: Axis, on_chain: RoundOnChain | None) -> list[Won]:
    """Who won, best first; amounts are those of the round's pool as it is."""
    won = list(standings_of(tally.round).filter(share_bps__gt=0)[: len(PLACES) - 1])
    behind = _behind(tally.pk, won) if on_chain is not None else {}
    pool_wei = on_chain.pool_wei if on_chain is not None else 0
    return [
        Won(
            title=PLACES[number],
            place=place_of(row, axis),
            share_bps=row.share_bps,
            earns_wei=pool_wei * row.share_bps // ALL_BPS
            if behind.get(row.candidate.digest)
            else 0,
        )
        for number, row in enumerate(won, 1)
    ]


def _behind(round_id: int, won: Sequence[Standing]) -> dict[str, int]:
    return staked_behind(round_id, [row.candidate.digest for row in won])
