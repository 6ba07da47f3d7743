"""Shares with intervals; knows no torch, so that pages may use it."""

from __future__ import annotations

import math
from dataclasses import dataclass

Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its 95% interval (Wilson 1927)."""

    value: float
    low: float
    high: float
    count: float  # votes, or as many as the weighted ones are worth


def wilson(wins: float, count: float) -> Share:
    """The share of wins; ties count half. Nothing seen gives [0, 1].

    Raises:
        ValueError: more wins than there are votes, or fewer than none.
    """
    if not 0 <= wins <= count:
        raise ValueError(f"{wins} wins of {count}.")
    if count == 0:
        return Share(math.nan, 0.0, 1.0, 0)
    rate, spread = wins / count, Z95**2 / count
    middle = (rate + spread / 2) / (1 + spread)
    half = math.sqrt(spread * (rate * (1 - rate) + spread / 4)) / (1 + spread)
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return Share(rate, min(low, rate), max(high, rate), count)  # rounding can pass the rate
