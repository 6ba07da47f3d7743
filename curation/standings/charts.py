"""Where things lie in the result page's charts: pure geometry, no pictures of it.

Intervals are placed in percent of whatever width their row has; the matrix in units of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

Z95 = 1.96  # standard deviations to either side hold 95 of 100
NARROWEST, WIDEST = 2.5, 4.6  # half an axis, in log-odds; the wider one is 1 in 100
TICKS = (0.1, 0.25, 0.5, 0.75, 0.9)
CELL, HEAD = 40, 52  # of the matrix: a pair's square, and the pictures along its sides
LARGEST, SMALLEST = 15.0, 4.5  # radii of a pair's disc


def chance(score: float) -> float:
    """How likely a candidate with this score is chosen over an average one, in [0, 1]."""
    return 1 / (1 + math.exp(-score)) if score >= 0 else math.exp(score) / (1 + math.exp(score))


@dataclass(frozen=True)
class Tick:
    """A mark on the axis of chances."""

    x: float
    chance: float


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A score and its 95% interval, in percent of the row's width."""

    x: float
    low_x: float
    high_x: float
    score: float
    low: float  # log-odds
    high: float


@dataclass(frozen=True)
class Axis:
    """Log-odds from `-reach` to `reach`, drawn from 0 to 100."""

    reach: float

    @classmethod
    def reaching(cls, furthest: float) -> Axis:
        """An axis with room for what lies so far from its middle, as far as that is sensible."""
        return cls(min(max(furthest * 1.04, NARROWEST), WIDEST))

    def x(self, score: float) -> float:
        """Where a score lies; what is beyond the axis lies at its end."""
        share = (score + self.reach) / (2 * self.reach)
        return round(100 * min(1.0, max(0.0, share)), 2)

    @property
    def ticks(self) -> list[Tick]:
        return [Tick(self.x(math.log(p / (1 - p))), p) for p in TICKS]

    def interval(self, score: float, deviation: float) -> Interval:
        low, high = score - Z95 * deviation, score + Z95 * deviation
        return Interval(
            x=self.x(score),
            low_x=self.x(low),
            high_x=self.x(high),
            score=score,
            low=low,
            high=high,
        )


@dataclass(frozen=True, kw_only=True)
class Disc:
    """How one candidate fared against another: large for many ballots, filled when chosen."""

    cx: float
    cy: float
    r: float
    wedge: str  # path of the filled part; empty when it is nothing or everything
    share: float  # of the weight, for the one of the row


def disc(*, row: int, column: int, share: float, ballots: int, most: int) -> Disc:
    """A pair whose row was chosen with `share` of the weight; no pair has more than `most`."""
    r = max(SMALLEST, LARGEST * math.sqrt(ballots / most))
    cx, cy = HEAD + CELL * (column + 0.5), HEAD + CELL * (row + 0.5)
    whole = share <= 0 or share >= 1
    wedge = "" if whole else _wedge(cx, cy, r, share)
    return Disc(cx=cx, cy=cy, r=round(r, 2), wedge=wedge, share=share)


def _wedge(cx: float, cy: float, r: float, share: float) -> str:
    """A slice of a pie, clockwise from the top."""
    angle = 2 * math.pi * share
    x, y = cx + r * math.sin(angle), cy - r * math.cos(angle)
    large = int(share > 0.5)
    top = f"{cx:.2f} {cy - r:.2f}"
    return f"M{cx:.2f} {cy:.2f}L{top}A{r:.2f} {r:.2f} 0 {large} 1 {x:.2f} {y:.2f}Z"
