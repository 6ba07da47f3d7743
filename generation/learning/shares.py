"""Shares with intervals; knows no torch, so that pages may use it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
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


def clustered_win_rate(scores: Mapping[str, Sequence[float]]) -> Share:
    """Win rate over voters of unequal zeal, or prompts, each one's mean counting once.

    The interval is Wilson's for as many independent votes as would vary as much as the
    means do, at most all votes.
    """
    voted = [own for own in scores.values() if own]
    means = [math.fsum(own) / len(own) for own in voted]
    if len(means) < 2:
        return wilson(math.fsum(means), len(means))
    rate, among = statistics.fmean(means), statistics.variance(means) / len(means)
    votes, spread = sum(map(len, voted)), rate * (1 - rate)
    worth = len(means) if among == 0 else min(max(spread / among, 1.0), votes)
    return wilson(rate * worth, worth)


@dataclass(frozen=True, slots=True)
class Lead:
    """By how much one is preferred to another: a difference of Bradley-Terry scores, in log-odds.

    Leads of independent tests add up along a chain, and so do their variances.
    """

    value: float = 0.0
    variance: float = 0.0

    @property
    def low(self) -> float:
        """The lower end of the 95% interval."""
        return self.value - Z95 * math.sqrt(self.variance)

    @property
    def high(self) -> float:
        """The upper end of the 95% interval."""
        return self.value + Z95 * math.sqrt(self.variance)

    def __add__(self, other: Lead) -> Lead:
        return Lead(self.value + other.value, self.variance + other.variance)


def lead(rate: Share) -> Lead:
    """The lead behind a win rate; half a vote is added to each side (Haldane, Anscombe 1956)."""
    wins = rate.value * rate.count if rate.count else 0.0
    won, lost = wins + 0.5, rate.count - wins + 0.5
    return Lead(math.log(won / lost), 1 / won + 1 / lost)
