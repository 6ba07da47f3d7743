"""Standings by a weighted Bradley–Terry model with a Gaussian prior.

P(i over j) = σ(sᵢ − sⱼ); the scores maximise Σ w·log σ(sᵢ − sⱼ) − Σ s² ÷ (2·prior²), ties half
to each side. The prior makes this strictly concave: there is one optimum, an undefeated candidate
stays finite, candidates that were never compared stand at 0, and scores add up to 0.

The negative Hessian H is a graph's Laplacian plus 1 ÷ prior² on the diagonal: an M-matrix whose
rows add up to 1 ÷ prior², so that no score is further from the optimum than prior² times the
largest entry of the gradient. That bound decides when a fit is done.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from curation.standings.comparisons import Comparisons, Floats, sums

MOST_STEPS = 200
MOST_ROUNDS = 5_000  # of conjugate gradients in a step
MOST_DENSE = 2_000  # candidates up to which deviations are exact


@dataclass(frozen=True)
class Fit:
    """Scores in log-odds, (n,), and how the fit went."""

    scores: Floats
    iterations: int
    gradient_norm: float  # largest entry of the gradient


def fit(
    n: int,
    comparisons: Comparisons,
    *,
    prior_deviation: float = 1.5,
    start: Floats | None = None,
    tolerance: float = 1e-9,
) -> Fit:
    """Scores within `tolerance` of the optimum, by Newton steps solved with conjugate gradients.

    A step that moves some pair by M > 1 is cut to log(1 + M) ÷ M of itself, which is sure to
    gain since the third derivative of log σ is nowhere above the second (Bach 2010, §2).
    """
    scores = np.zeros(n) if start is None else start.astype(np.float64, copy=True)
    precision = prior_deviation**-2
    for iteration in range(MOST_STEPS):
        gradient, hessian = _derivatives(scores, comparisons, precision)
        norm = float(np.abs(gradient).max(initial=0.0))
        if norm <= max(tolerance * precision, _rounding(comparisons, scores, precision)):
            return Fit(scores, iteration, norm)
        step = _solve(hessian, gradient, comparisons, precision, share=min(0.1, max(norm, 1e-3)))
        reach = float(step.max() - step.min())
        scores += step * (math.log1p(reach) / reach if reach > 1 else 1.0)
    raise ArithmeticError("The fit did not come to an end.")


def deviations(
    n: int, comparisons: Comparisons, scores: Floats, prior_deviation: float = 1.5
) -> Floats:
    """Standard deviation of each score by Laplace's approximation: √ of the diagonal of H⁻¹."""
    precision = prior_deviation**-2
    _, h = _derivatives(scores, comparisons, precision)
    matrix = np.zeros((n, n))
    matrix[comparisons.i, comparisons.j] = -h
    matrix += matrix.T
    np.fill_diagonal(matrix, _spread(h, comparisons, n) + precision)
    return np.sqrt(np.diag(np.linalg.inv(matrix)))


def _derivatives(
    scores: Floats, comparisons: Comparisons, precision: float
) -> tuple[Floats, Floats]:
    """Gradient of the objective, (n,), and w·p·(1 − p) of each pair, (m,)."""
    n, c = len(scores), comparisons
    apart = scores[c.i] - scores[c.j]
    small = np.exp(-np.abs(apart))
    p = np.where(apart >= 0, 1.0, small) / (1 + small)  # that i is chosen
    pull = c.w_ij - c.weight * p
    gradient = sums(c.i, pull, n) - sums(c.j, pull, n) - precision * scores
    return gradient, c.weight * small / (1 + small) ** 2


def _spread(values: Floats, comparisons: Comparisons, n: int) -> Floats:
    """Σ over each candidate's pairs, (n,)."""
    return sums(comparisons.i, values, n) + sums(comparisons.j, values, n)


def _rounding(comparisons: Comparisons, scores: Floats, precision: float) -> float:
    """What rounding alone can leave in a gradient's entry."""
    most = _spread(comparisons.weight, comparisons, len(scores)).max(initial=0.0)
    return float(np.finfo(float).eps * (4 * most + precision * np.abs(scores).max(initial=0.0)))


def _solve(
    h: Floats, right: Floats, comparisons: Comparisons, precision: float, *, share: float
) -> Floats:
    """Conjugate gradients for H·x = right, scaled by H's diagonal, up to `share` of the right.

    Stopped early it is still a step uphill of which the cut above holds.
    """
    n, c = len(right), comparisons
    diagonal = _spread(h, c, n) + precision
    x, rest = np.zeros(n), right.copy()
    scaled = rest / diagonal
    direction, product = scaled, float((rest * scaled).sum())
    enough = share * float(np.abs(right).max())
    for _ in range(MOST_ROUNDS):
        if float(np.abs(rest).max()) <= enough:
            break
        flow = h * (direction[c.i] - direction[c.j])
        image = precision * direction + sums(c.i, flow, n) - sums(c.j, flow, n)
        length = product / float((direction * image).sum())
        x += length * direction
        rest -= length * image
        scaled = rest / diagonal
        before, product = product, float((rest * scaled).sum())
        direction = scaled + (product / before) * direction
    return x
