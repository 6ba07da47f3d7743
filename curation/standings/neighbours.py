"""Who was compared with whom, laid out so that one multiplication by it costs little.

Products are taken in single precision: they only say where to look for the optimum, while the
gradient that says how far it is away is kept in double precision.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from curation.standings.comparisons import Comparisons, Floats, Ints, sums


class Neighbours:
    """The matrix A of curvatures between candidates, symmetric, (n, n), by rows.

    A row's entries are the pairs in which it comes first, which lie together as comparisons are
    sorted, and those in which it comes second, by a second order of the same pairs.
    """

    def __init__(self, n: int, comparisons: Comparisons) -> None:
        """Pairs without curvatures; those are set, all or some."""
        self.n, self.i, self.j = n, comparisons.i, comparisons.j
        self._second = np.argsort(self.j, kind="stable")  # place among seconds → pair
        self._place = np.empty_like(self._second)  # pair → place among seconds
        self._place[self._second] = np.arange(len(self.j))
        self._i_second = self.i[self._second]
        self._starts = np.searchsorted(self.i, np.arange(n + 1))
        self._starts_second = np.searchsorted(self.j[self._second], np.arange(n + 1))
        self._curvature = self._curvature_second = np.zeros(len(self.i), np.float32)
        self._buffer = np.empty(len(self.i), np.float32)

    def times(self, values: Floats) -> Floats:
        """A·x, (n,)."""
        single = values.astype(np.float32)
        return self._product(single, self.j, self._curvature, self._starts) + self._product(
            single, self._i_second, self._curvature_second, self._starts_second
        )

    def _product(
        self,
        values: NDArray[np.float32],
        columns: Ints,
        curvature: NDArray[np.float32],
        starts: Ints,
    ) -> Floats:
        np.take(values, columns, out=self._buffer, mode="clip")
        np.multiply(self._buffer, curvature, out=self._buffer)
        sums = np.zeros(self.n)
        rows = np.flatnonzero(np.diff(starts))
        if len(rows):
            sums[rows] = np.add.reduceat(self._buffer, starts[rows])
        return sums

    def times_few(self, candidates: Ints, values: Floats) -> Floats:
        """A·x for an x that is zero but at some candidates, (n,)."""
        total = np.zeros(self.n)
        for columns, curvature, starts in (
            (self.j, self._curvature, self._starts),
            (self._i_second, self._curvature_second, self._starts_second),
        ):
            begin, end = starts[candidates], starts[candidates + 1]
            entries = _ranges(begin, end)
            flows = np.repeat(values, end - begin) * curvature[entries]
            total += sums(columns[entries], flows, self.n)
        return total

    def entries(self, candidates: Ints) -> int:
        """How many pairs the candidates have, one between two of them twice."""
        lengths = [
            starts[candidates + 1] - starts[candidates]
            for starts in (self._starts, self._starts_second)
        ]
        return int(lengths[0].sum() + lengths[1].sum())

    def of(self, candidates: Ints) -> Ints:
        """All pairs with one of the candidates, each once."""
        first = _ranges(self._starts[candidates], self._starts[candidates + 1])
        second = self._second[
            _ranges(self._starts_second[candidates], self._starts_second[candidates + 1])
        ]
        chosen = np.zeros(self.n, np.bool_)
        chosen[candidates] = True
        return np.concatenate([first, second[~chosen[self.i[second]]]])

    @property
    def curvature(self) -> NDArray[np.float32]:
        """Of each pair, (m,)."""
        return self._curvature

    @curvature.setter
    def curvature(self, values: Floats) -> None:
        self._curvature = values.astype(np.float32)
        self._curvature_second = self._curvature[self._second]

    def bend(self, pairs: Ints, curvature: Floats) -> Floats:
        """Put in new curvatures of some pairs; how much each changed."""
        before = self._curvature[pairs]
        self._curvature[pairs] = curvature
        self._curvature_second[self._place[pairs]] = self._curvature[pairs]
        return self._curvature[pairs].astype(np.float64) - before

    def coupling(self, diagonal: Floats, rounds: int) -> tuple[float, float]:
        """The shares of a wave that come back from the neighbours: as it was, and turned; below 1.

        They are the ends of the spectrum of D^-½·A·D^-½ but for all moving together, by Lanczos
        from a fixed start.
        """
        root = np.sqrt(diagonal)
        vector = np.random.default_rng(0).normal(size=self.n)
        last, tie = np.zeros(self.n), 0.0
        all_together = root / max(math.sqrt(float(diagonal.sum())), 1e-300)
        vector -= float((vector * all_together).sum()) * all_together
        vector /= max(math.sqrt(float((vector**2).sum())), 1e-300)
        middle, beside = [0.0], [0.0]
        for _ in range(rounds):
            image = self.times(vector / root) / root - tie * last
            middle.append(float((image * vector).sum()))
            image -= middle[-1] * vector
            image -= float((image * all_together).sum()) * all_together
            tie = math.sqrt(float((image**2).sum()))
            beside.append(tie)
            if tie < 1e-6:
                break
            last, vector = vector, image / tie
        off = beside[1:-1]
        ritz = np.linalg.eigvalsh(np.diag(middle[1:]) + np.diag(off, 1) + np.diag(off, -1))
        most = 1 - 1e-6
        return min(max(float(ritz[-1]), 0.1), most), min(max(float(-ritz[0]), 0.1), most)


def _ranges(starts: Ints, ends: Ints) -> Ints:
    """All numbers from each start up to its end, one range after the other."""
    lengths = ends - starts
    offsets = np.repeat(starts - np.cumsum(lengths) + lengths, lengths)
    return offsets + np.arange(int(lengths.sum()))
