"""Ballots summed up by pair of candidates, and the sums over pairs that a fit needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True)
class Comparisons:
    """Weights by unordered pair: i < j, pairs sorted and each once, (m,) all four."""

    i: Ints
    j: Ints
    w_ij: Floats  # for i over j; a tie is half to each
    w_ji: Floats

    @property
    def weight(self) -> Floats:
        """Σ weights of a pair's ballots, (m,)."""
        return self.w_ij + self.w_ji


def aggregated(
    chosen: ArrayLike, rejected: ArrayLike, weights: ArrayLike, ties: ArrayLike = False
) -> Comparisons:
    """Sum ballots up by pair; candidates are numbers from 0, a tie gives half to each side.

    Ballots of a pair are added in the order in which they come.

    Raises:
        ValueError: a candidate is compared with itself, or a weight is negative or not finite.
    """
    x, y = (np.asarray(side, dtype=np.int64) for side in (chosen, rejected))
    w = np.broadcast_to(np.asarray(weights, dtype=np.float64), x.shape)
    if np.any(x == y):
        raise ValueError("A candidate cannot be compared with itself.")
    if not np.all(np.isfinite(w) & (w >= 0)):
        raise ValueError("Weights are finite and not below zero.")
    low, high = np.minimum(x, y), np.maximum(x, y)
    span = int(high.max(initial=0)) + 1
    keys, place = np.unique(low * span + high, return_inverse=True)
    for_low = np.where(ties, w / 2, np.where(x < y, w, 0.0))
    w_ij, w_ji = (sums(place, values, len(keys)) for values in (for_low, w - for_low))
    return Comparisons(keys // span, keys % span, w_ij, w_ji)


def sums(places: Ints, values: Floats, n: int) -> Floats:
    """Σ of the values at each of `n` places, added in the order given."""
    return cast("Floats", np.bincount(places, values, n))
