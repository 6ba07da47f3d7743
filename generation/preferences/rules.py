"""From ballots to rows: pure functions over what counted in a closed round.

A row is one unordered pair of one prompt. Its label is the posterior mean of the probability that
its `chosen` picture is preferred, under a uniform prior: with capped weights as counts and a tie
as half a vote for each, (1 + wins) / (2 + votes). Its weight is the sum of its ballots' capped
weights; `scaled` brings the mean over a dataset to 1.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

REPLAY_WEIGHT = 0.5  # of an earlier round's row, beside a new one of the same votes
REPLAY_SHARE = 1.0  # at most so many replayed rows for each new one
LEAST_VOTERS = 3
LEAST_EFFECTIVE_ROWS = 4.0
_TIE = 1


@dataclass(frozen=True, slots=True)
class Vote:
    """A ballot that counted, on two pictures of one prompt."""

    ballot: str  # digest
    voter: int
    round_id: int
    prompt: str
    low: str
    high: str
    chosen: str
    outcome: int
    weight: float  # after all caps, > 0

    @property
    def for_low(self) -> float:
        """The share of the vote that goes to `low`: 0, 1/2 or 1."""
        if self.outcome == _TIE:
            return 0.5
        return float(self.chosen == self.low)


@dataclass(frozen=True, slots=True)
class Pairing:
    """A row of a dataset before it has a place in one."""

    round_id: int
    prompt: str
    chosen: str
    rejected: str
    label: float  # [1/2, 1)
    weight: float
    ballots: tuple[str, ...]  # digests, ascending
    replayed: bool = False


def pairings(votes: Iterable[Vote]) -> list[Pairing]:
    """One pairing for each pair that has votes, in an order that is the same everywhere."""
    by_pair: dict[tuple[int, str, str], list[Vote]] = defaultdict(list)
    for vote in votes:
        by_pair[vote.round_id, vote.low, vote.high].append(vote)
    return [_pairing(by_pair[key]) for key in sorted(by_pair)]


def _pairing(votes: Sequence[Vote]) -> Pairing:
    first = votes[0]
    total = math.fsum(vote.weight for vote in votes)
    wins = math.fsum(vote.weight * vote.for_low for vote in votes)
    low_is_better = (1 + wins) / (2 + total)
    chosen, rejected = first.low, first.high
    if low_is_better < 0.5:
        chosen, rejected = rejected, chosen
    return Pairing(
        round_id=first.round_id,
        prompt=first.prompt,
        chosen=chosen,
        rejected=rejected,
        label=max(low_is_better, 1 - low_is_better),
        weight=total,
        ballots=tuple(sorted(vote.ballot for vote in votes)),
    )


def replayed(earlier: Iterable[Pairing], *, new_count: int, seed: str) -> list[Pairing]:
    """Some of the earlier rounds' pairings, so that a new adapter keeps what was learned before.

    At most `REPLAY_SHARE` for each new one, drawn by hash: the same draw on every machine.
    """
    room = math.floor(REPLAY_SHARE * new_count)
    drawn = sorted(earlier, key=lambda row: _draw(seed, row))[:room]
    lighter = [replace(row, weight=REPLAY_WEIGHT * row.weight, replayed=True) for row in drawn]
    return sorted(lighter, key=lambda row: (row.round_id, row.chosen, row.rejected))


def _draw(seed: str, row: Pairing) -> bytes:
    return hashlib.sha256(f"{seed}\0{row.round_id}\0{row.chosen}\0{row.rejected}".encode()).digest()


def scaled(rows: Sequence[Pairing]) -> list[Pairing]:
    """The rows with a mean weight of 1."""
    if not rows:
        return []
    mean = math.fsum(row.weight for row in rows) / len(rows)
    return [replace(row, weight=row.weight / mean) for row in rows]


def effective_count(weights: Sequence[float]) -> float:
    """How many rows of equal weight these are worth: (Σw)² / Σw² (Kish 1965)."""
    squares = math.fsum(weight * weight for weight in weights)
    return math.fsum(weights) ** 2 / squares if squares else 0.0


def why_not_learned(
    *, labels: Sequence[float], voters_count: int, effective: float, left_out: int
) -> str:
    """Why a dataset is no ground to train on, in words for people; empty when it is."""
    if not labels:
        out = f" {left_out} ballots were left out." if left_out else ""
        return f"No ballot compares two pictures of one prompt and counts.{out}"
    if voters_count < LEAST_VOTERS:
        return (
            f"Only {voters_count} of the {LEAST_VOTERS} voters it takes at least: what one or two "
            "people like is not a community's taste."
        )
    if all(label == 0.5 for label in labels):
        return "Every pair is a tie: the votes prefer nothing."
    if effective < LEAST_EFFECTIVE_ROWS:
        return (
            f"{len(labels)} pairs are worth {effective:.1f} of equal weight, and it takes "
            f"{LEAST_EFFECTIVE_ROWS:g}."
        )
    return ""
