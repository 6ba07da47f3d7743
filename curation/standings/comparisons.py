"""Ballots summed up by pair of candidates, and the sums over pairs that a fit needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
MOST_WEIGHT = 1e6  # of a ballot; far more than any parameters give
MOST_CANDIDATES = 2**31  # a pair of them is one number of 64 bits
MOST_BITS = 62  # of what sorts as a number


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
        ValueError: a candidate is compared with itself or is no number from 0, or a weight is
            below zero or above `MOST_WEIGHT`.
    """
    x, y = (np.asarray(side, dtype=np.int64) for side in (chosen, rejected))
    w = np.broadcast_to(np.asarray(weights, dtype=np.float64), x.shape)
    low, high = np.minimum(x, y), np.maximum(x, y)
    if np.any(low == high) or low.min(initial=0) < 0 or high.max(initial=0) >= MOST_CANDIDATES:
        raise ValueError("A ballot compares two candidates, which are numbered from 0.")
    if not np.all((w >= 0) & (w <= MOST_WEIGHT)):
        raise ValueError("A ballot's weight is not below zero and not above a million.")
    for_low = np.where(np.broadcast_to(ties, x.shape), w / 2, np.where(x < y, w, 0.0))
    return _summed(low, high, for_low, w - for_low)


def merged(one: Comparisons, other: Comparisons) -> Comparisons:
    """Both together."""
    i, j, w_ij, w_ji = (
        np.concatenate([getattr(one, name), getattr(other, name)])
        for name in ("i", "j", "w_ij", "w_ji")
    )
    return _summed(i, j, w_ij, w_ji)


def _summed(low: Ints, high: Ints, for_low: Floats, for_high: Floats) -> Comparisons:
    """Each pair once, with what stands for it added up."""
    if not len(low):
        return Comparisons(low, high, for_low, for_high)
    span = int(high.max()) + 1
    keys, order = _sorted(low * span + high, span * span)
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    w_ij, w_ji = (np.add.reduceat(part[order], starts) for part in (for_low, for_high))
    pairs = keys[starts]
    return Comparisons(pairs // span, pairs % span, w_ij, w_ji)


def _sorted(keys: Ints, end: int) -> tuple[Ints, Ints]:
    """Keys below `end` in order, and where each was; equal ones stay in the order given.

    Key and place in one number sort several times faster than a stable sort of keys.
    """
    bits = len(keys).bit_length()
    if end.bit_length() + bits > MOST_BITS:
        order = np.argsort(keys, kind="stable")
        return keys[order], order
    both = np.sort((keys << bits) | np.arange(len(keys)))
    return both >> bits, both & ((1 << bits) - 1)


def sums(places: Ints, values: Floats, n: int) -> Floats:
    """Σ of the values at each of `n` places, added in the order given."""
    return cast("Floats", np.bincount(places, values, n))


class Incidence:
    """The matrix B of a graph of comparisons: +1 at i and −1 at j for every pair, (m, n)."""

    def __init__(self, n: int, comparisons: Comparisons) -> None:
        """Needs pairs sorted by i, as `Comparisons` are."""
        self.n, self.i, self.j = n, comparisons.i, comparisons.j
        self._starts = np.flatnonzero(np.diff(self.i, prepend=-1))
        self._firsts = self.i[self._starts]

    def apart(self, values: Floats) -> Floats:
        """B·x: how far apart the two of each pair are, (n,) → (m,)."""
        return values[self.i] - values[self.j]

    def gathered(self, flows: Floats) -> Floats:
        """Bᵀ·x: each pair's value added to its i and taken from its j, (m,) → (n,)."""
        return self._at_i(flows) - self._at_j(flows)

    def touching(self, values: Floats) -> Floats:
        """|B|ᵀ·x: each pair's value added to both, (m,) → (n,)."""
        return self.arriving(values, values)

    def arriving(self, at_i: Floats, at_j: Floats) -> Floats:
        """A value for each pair's i and one for its j, added up, twice (m,) → (n,)."""
        return self._at_i(at_i) + self._at_j(at_j)

    def _at_i(self, values: Floats) -> Floats:
        total = np.zeros(self.n)
        if len(values):
            total[self._firsts] = np.add.reduceat(values, self._starts)
        return total

    def _at_j(self, values: Floats) -> Floats:
        return sums(self.j, values, self.n)
