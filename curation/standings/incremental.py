"""Standings that follow ballots as they come, at a small part of a fit's cost.

What a few ballots change is first settled where they fell, candidate by candidate and exactly;
the small waves that this sends through everybody else are then solved in the linear model, by
conjugate gradients. The gradient is carried along, so that nothing of what is left is forgotten.
It is linear in how far pairs have moved since they were last looked at, and a pair is looked at
again before that matters.
"""

from __future__ import annotations

import math

import numpy as np

from curation.standings.bradley_terry import derivatives, fit
from curation.standings.comparisons import Comparisons, Floats, Incidence, Ints, merged, sums
from curation.standings.neighbours import Neighbours

SMALL = 20_000  # pairs up to which a fit that begins at the last scores is quick enough
LARGE_MOVE = 1e-3  # log-odds; what has further to go is settled exactly
MOST_SWEEPS = 4
MOST_ROUNDS = 100
MOST_PUSHES = 20
FEW_ENTRIES = 0.3  # of the pairs, up to which sums over those of a few cost less than over all
GROWN_SHARE = 0.02  # of all weight that is new, before everything is laid out anew
YOUNG = 1.25  # a candidate whose curvature has grown so many times is another than it was
STEEPEST = 0.0963  # the most that p(1 − p) changes per log-odds
LANCZOS_ROUNDS = 16


class RunningFit:
    """The optimum of `bradley_terry.fit` for the ballots so far, within `tolerance` in each score.

    Deterministic: the same updates in the same order give the same scores.
    """

    def __init__(
        self,
        n: int,
        comparisons: Comparisons,
        *,
        prior_deviation: float = 1.5,
        tolerance: float = 1e-6,
    ) -> None:
        """Fits once in full."""
        self.n, self.tolerance = n, tolerance
        self._prior_deviation, self._precision = prior_deviation, prior_deviation**-2
        self._scores = np.zeros(n)
        self._settle(comparisons)

    @property
    def comparisons(self) -> Comparisons:
        """All ballots so far."""
        return merged(self._base, self._loose)

    @property
    def scores(self) -> Floats:
        """As they stand, (n,): one step of each candidate by itself beyond what is kept.

        Their mean is put back to 0, where the optimum has it: steps of candidates who weigh little
        would leave all who weigh much off by as much, together, which no pair pulls back.
        """
        ahead: Floats = self._scores + self._gradient() / self._diagonal
        ahead -= ahead.mean()
        return ahead

    def update(self, changes: Comparisons) -> Floats:
        """Scores after some more ballots, (n,)."""
        if len(self._base.i) <= SMALL:
            self._settle(merged(self._base, changes))
            return self.scores
        self._add(changes)
        self._grown += float(changes.weight.sum())
        if self._grown > GROWN_SHARE * self._weight:
            self._settle(self.comparisons)
        self._sweep()
        for _ in range(MOST_ROUNDS):
            self._scores -= self._scores.mean()  # moves no pair; at the optimum it is 0
            if self._is_near(self._gradient()):
                return self.scores
            if not self._push():
                self._solve()
            self._sweep()
        self._settle(self.comparisons)
        return self.scores

    def _settle(self, comparisons: Comparisons) -> None:
        """Fit in full, and lay out the pairs as they are now."""
        c = comparisons
        self._base = Comparisons(c.i, c.j, c.w_ij.copy(), c.w_ji.copy())
        self._loose = Comparisons(c.i[:0], c.j[:0], c.w_ij[:0], c.w_ji[:0])
        self._keys = c.i * self.n + c.j
        found = fit(self.n, c, prior_deviation=self._prior_deviation, start=self._scores)
        self._scores = found.scores
        self._pairs, self._loose_pairs = Incidence(self.n, c), Incidence(self.n, self._loose)
        self._neighbours = Neighbours(self.n, self._base)
        self._look_at_all()
        like, turned = self._neighbours.coupling(self._spread + self._precision, LANCZOS_ROUNDS)
        self._echo = max(like / (1 - like), turned / (1 + turned))
        self._laid_out = self._spread + self._precision
        self._weight, self._grown = float(c.weight.sum()), 0.0
        # The linear model leaves out of a pair's pull at most half of this times its move squared.
        bend = np.minimum(self._neighbours.curvature, STEEPEST * c.weight)
        most = np.sqrt(self._pairs.touching(bend**2)) / self._laid_out
        self._near_enough = math.sqrt(self.tolerance / 8 / max(float(most.max(initial=0.0)), 1e-3))

    def _look_at_all(self) -> None:
        """Gradient and curvatures from the scores alone."""
        self._pull, curvature = derivatives(self._pairs, self._base, self._scores, 0.0)
        self._neighbours.curvature = curvature
        self._spread = self._pairs.touching(curvature)
        self._seen_apart = self._pairs.apart(self._scores)
        self._moved = np.zeros(self.n)

    def _look_at(self, candidates: Ints, step: Floats) -> None:
        """Let some candidates take a step, and look at all their pairs."""
        places = self._neighbours.of(candidates)
        i, j = self._base.i[places], self._base.j[places]
        before = self._scores[i] - self._scores[j]
        self._scores[candidates] += step
        after, seen = self._scores[i] - self._scores[j], self._seen_apart[places]
        weight, p = self._base.w_ij[places] + self._base.w_ji[places], _logistic(after)
        carried = self._neighbours.curvature[places] * (before - seen)
        flows = weight * (_logistic(seen) - p) + carried
        self._pull += sums(i, flows, self.n) - sums(j, flows, self.n)
        self._bend(places, weight * p * (1 - p))
        self._seen_apart[places] = after
        self._moved[candidates] = 0.0

    def _bend(self, places: Ints, curvature: Floats) -> None:
        """Put in new curvatures of some pairs."""
        change = self._neighbours.bend(places, curvature)
        for ends in (self._base.i[places], self._base.j[places]):
            self._spread += sums(ends, change, self.n)

    def _add(self, changes: Comparisons) -> None:
        """Take in ballots; those on pairs that are not laid out are kept beside them."""
        keys = changes.i * self.n + changes.j
        places = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        known = self._keys[places] == keys
        here, new = (
            Comparisons(*(getattr(changes, name)[which] for name in ("i", "j", "w_ij", "w_ji")))
            for which in (known, ~known)
        )
        places, pairs = places[known], Incidence(self.n, here)
        # The pair is carried as seen before, so its new ballots are too.
        likely = _logistic(self._seen_apart[places])
        curvature = here.weight * likely * (1 - likely)
        lag = pairs.apart(self._scores) - self._seen_apart[places]
        self._pull += pairs.gathered(here.w_ij - here.weight * likely - curvature * lag)
        self._base.w_ij[places] += here.w_ij
        self._base.w_ji[places] += here.w_ji
        self._bend(places, self._neighbours.curvature[places] + curvature)
        self._loose = merged(self._loose, new)
        self._loose_pairs = Incidence(self.n, self._loose)

    def _gradient(self) -> Floats:
        """Of the objective, (n,); pairs kept beside are looked at here, every time."""
        pull, self._loose_curvature = derivatives(
            self._loose_pairs, self._loose, self._scores, self._precision
        )
        beside = self._loose_pairs.touching(self._loose_curvature)
        self._diagonal = self._spread + beside + self._precision
        return self._pull + pull

    def _is_near(self, gradient: Floats) -> bool:
        """Whether the step that `scores` add leaves little to be done."""
        together = abs(float(gradient.sum())) / self._precision / max(self.n, 1)
        return together <= self.tolerance / 8 and not len(self._far(gradient))

    def _far(self, gradient: Floats) -> Ints:
        """Who has to move before the step that `scores` add leaves little to be done.

        With D·e = gradient + A·e for the error e, the step gradient ÷ D leaves D⁻¹·A·e, which is
        coupling ÷ (1 − coupling) of the step, where that is the share of a wave that comes back
        from the neighbours (÷ (1 + coupling) where it comes back turned). It was found with
        everything laid out; of those who have changed since, only what holds for every graph is
        trusted: e is at most gradient ÷ prior precision.
        """
        far = np.abs(gradient / self._diagonal) * self._echo > self.tolerance / 3
        is_young = self._diagonal > YOUNG * self._laid_out
        far |= is_young & (np.abs(gradient) > self._precision * self.tolerance / 4)
        return np.flatnonzero(far)

    def _sweep(self) -> None:
        """Look at the candidates that have far to go, or have gone far, the others held."""
        for _ in range(MOST_SWEEPS):
            step = self._gradient() / self._diagonal
            step[np.abs(step) <= LARGE_MOVE] = 0.0
            far = np.flatnonzero((step != 0) | (np.abs(self._moved) > self._near_enough))
            if len(far) > self.n // 4:
                self._look_at_all()
                return
            if not len(far):
                return
            self._look_at(far, np.clip(step[far], -1, 1))

    def _push(self) -> bool:
        """Move those who have to move in the linear model, as long as they are few."""
        for turn in range(MOST_PUSHES):
            gradient = self._gradient()
            far = self._far(gradient)
            if not len(far):
                return True
            if self._neighbours.entries(far) > FEW_ENTRIES * len(self._keys):
                return turn > 0
            step = np.clip(gradient[far] / self._diagonal[far], -1, 1)
            self._scores[far] += step
            self._moved[far] += step
            self._pull[far] -= self._spread[far] * step
            self._pull += self._neighbours.times_few(far, step)
        return False

    def _solve(self) -> None:
        """Conjugate gradients in the linear model, until that is solved."""
        rest = self._gradient()
        direction = scaled = rest / self._diagonal
        product = float((rest * scaled).sum())
        step, image = np.zeros(self.n), np.zeros(self.n)
        for _ in range(MOST_ROUNDS):
            laid_out = self._spread * direction - self._neighbours.times(direction)
            beside = self._loose_pairs.gathered(
                self._loose_curvature * self._loose_pairs.apart(direction)
            )
            whole = laid_out + beside + self._precision * direction
            length = product / float((direction * whole).sum())
            step += length * direction
            image += length * laid_out
            rest -= length * whole
            if self._neighbours.entries(self._far(rest)) < FEW_ENTRIES * len(self._keys) / 4:
                break
            scaled = rest / self._diagonal
            before, product = product, float((rest * scaled).sum())
            direction = scaled + (product / before) * direction
        reach = float(step.max() - step.min())
        cut = math.log1p(reach) / reach if reach > 1 else 1.0
        self._scores += cut * step
        self._pull -= cut * image
        self._moved += cut * step


def _logistic(values: Floats) -> Floats:
    return 1 / (1 + np.exp(-values))
