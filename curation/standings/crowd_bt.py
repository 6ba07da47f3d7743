"""What a tally says of a voter's reliability: Crowd-BT (Chen et al. 2013, §4), one coin a voter.

A voter reports what the scores say with probability η, the opposite with 1 − η:
P(chosen over rejected) = η·p + (1 − η)·(1 − p). η is held as Beta(agreed, disagreed); after each
ballot the true posterior, a mixture of two Betas, is replaced by the Beta of the same mean and
variance. The scores stay as the tally has them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

MOST_BALLOTS = 20.0  # a tally counts at most as so many, however many a voter cast


@dataclass(frozen=True, order=True)
class Judged:
    """A ballot with a preference, seen from its tally. Ties say nothing of a voter's eye."""

    apart: float  # score of the chosen one − score of the rejected one
    variance: float  # of that difference; the sum of both variances is an upper bound
    weight: float = 0.0  # with which the ballot itself moved the scores

    @property
    def likely(self) -> float:
        """How likely the chosen one is the better, by all ballots but this, in (0, 1).

        Leaving out is one Newton step; it takes agreement away but never turns it around, since
        the variance may be given too large. Uncertainty flattens the logistic (MacKay 1992).
        """
        p = _logistic(self.apart)
        own = self.weight * self.variance
        apart = self.apart - own * (1 - p) / max(1 - own * p * (1 - p), 0.5)
        if self.apart > 0:
            apart = max(apart, 0.0)
        return _logistic(apart / math.sqrt(1 + math.pi / 8 * self.variance))


def reliability(
    agreed: float, disagreed: float, judged: Sequence[Judged], *, most: float = MOST_BALLOTS
) -> tuple[float, float]:
    """Beta(agreed, disagreed) after a tally; ballots are taken in an order of their own.

    Above `most` ballots each moves the two numbers by its share only, so that one round of many
    ballots cannot ruin a voter of an uncommon taste, nor make one who guessed.
    """
    share = min(1.0, most / len(judged)) if judged else 0.0
    for ballot in sorted(judged):
        after = matched(agreed, disagreed, ballot.likely)
        agreed += share * (after[0] - agreed)
        disagreed += share * (after[1] - disagreed)
    return agreed, disagreed


def matched(a: float, b: float, likely: float) -> tuple[float, float]:
    """The Beta with mean and variance of η's posterior after one ballot (eq. 12 and 13).

    The posterior is Beta(a + 1, b) and Beta(a, b + 1), mixed by how well each explains the ballot.
    """
    n = a + b
    share = likely * a / (likely * a + (1 - likely) * b)
    mean = (a + share) / (n + 1)
    within = (share * (a + 1) * b + (1 - share) * a * (b + 1)) / (n + 2)
    variance = (within + share * (1 - share)) / (n + 1) ** 2
    concentration = mean * (1 - mean) / variance - 1
    return mean * concentration, (1 - mean) * concentration


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value >= 0 else 1 - 1 / (1 + math.exp(value))
