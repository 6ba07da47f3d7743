"""The preference loss, its gradient by branches, and the safeguard of the chosen picture."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from generation.learning.errors import PreferencesInvalid


def margins(error: Tensor, reference_error: Tensor) -> Tensor:
    """Half of how much more the rejected one's error rose than the chosen one's, (B,).

    `z` of the loss is β times this. Arguments as in `diffusion_dpo_loss`.
    """
    chosen, rejected = (error - reference_error).chunk(2)  # (B,), (B,)
    return 0.5 * (rejected - chosen)


def diffusion_dpo_loss(
    error: Tensor, reference_error: Tensor, *, beta: float, label: Tensor, weight: Tensor
) -> Tensor:
    """Weighted soft-label Diffusion-DPO loss (Wallace et al. 2023, eq. 14).

    The sum is divided by B, not by the weights' sum: else a row alone in its batch would count
    in full whatever its weight.

    Args:
        error, reference_error: per-image denoising error, (2B,): B chosen, then B rejected.
        beta: how dearly leaving the reference is paid, > 0.
        label: P(the vote is right), (B,) in [0, 1]; a tie is 0.5.
        weight: training weight, (B,), ≥ 0, mean 1 over the dataset.

    Raises:
        PreferencesInvalid: shapes that do not go together, values out of range, no weight.
    """
    _check(error, reference_error, beta, label, weight)
    z = beta * margins(error, reference_error)
    loss = -(label * F.logsigmoid(z) + (1 - label) * F.logsigmoid(-z))
    return (weight * loss).mean()


def pull(z: Tensor, *, label: Tensor, weight: Tensor, batch: int) -> Tensor:
    """How strongly each pair wants its margin raised, (B,); negative where z overshot its label.

    The loss's derivative by the chosen one's error is β/2 of this, by the rejected one's
    minus β/2. `batch` is the effective batch, of which z may hold a part.
    """
    return weight * (label - torch.sigmoid(z)) / batch


def safeguard(chosen: Tensor, rejected: Tensor, *, metric: Tensor | None = None) -> Tensor:
    """Factor in [0, 1] for the rejected branch, so that the chosen one's error does not rise.

    A step against `chosen - factor·rejected` changes the chosen errors, summed with their
    pulls, by -⟨chosen, chosen - factor·rejected⟩ to first order; the factor is the largest for
    which that is not positive (after Fu et al. 2025, Diffusion-SDPO, in parameter space).

    Args:
        chosen, rejected: gradients of the pull-weighted errors of both branches, (P,).
        metric: positive diagonal by which the optimizer scales the step, (P,).
    """
    scaled = chosen if metric is None else chosen * metric
    own, shared = scaled.dot(chosen), scaled.dot(rejected)
    return torch.where(shared > own, own / shared, torch.ones_like(own))


def leeway(risen: float, *, band: float) -> float:
    """Factor in [0, 1] for the rejected branch, from how far the chosen errors have risen.

    The safeguard sees one batch to first order; momentum, curvature and other batches can still
    raise the chosen errors little by little. So the rejected branch is held back the more the
    closer they come to half a `band` above the reference's, from half a band below on.
    """
    return min(1.0, max(0.0, 0.5 - risen / band))


def implicit_accuracy(margin: Tensor, *, label: Tensor, weight: Tensor) -> float:
    """Weighted share of votes that the implicit reward agrees with, NaN if all are ties.

    A row whose label is q agrees with q of its votes when its margin is positive, with 1 - q
    when negative, with half of them at nought; ties say nothing and are left out.
    """
    decided = (label != 0.5).float() * weight
    agrees = 0.5 + (label - 0.5) * margin.sign()
    total = float(decided.sum())
    return float((decided * agrees).sum()) / total if total > 0 else math.nan


def effective_sample_size(weights: Sequence[float]) -> float:
    """How many equal rows carry as much information, (Σw)²/Σw² (Kish 1965)."""
    squares = math.fsum(weight**2 for weight in weights)
    return math.fsum(weights) ** 2 / squares if squares > 0 else 0.0


def _check(
    error: Tensor, reference_error: Tensor, beta: float, label: Tensor, weight: Tensor
) -> None:
    pairs = label.shape[0] if label.ndim == 1 else -1
    if error.shape != (2 * pairs,) or reference_error.shape != error.shape or not pairs:
        raise PreferencesInvalid(
            f"Errors of shape {tuple(error.shape)} and {tuple(reference_error.shape)} for labels "
            f"of shape {tuple(label.shape)}: give 2B, 2B and B, B at least 1."
        )
    if weight.shape != label.shape:
        raise PreferencesInvalid(f"{tuple(weight.shape)} weights for {pairs} labels.")
    if not (math.isfinite(beta) and beta > 0):
        raise PreferencesInvalid(f"β is {beta}: it must be a positive number.")
    if not bool(((label >= 0) & (label <= 1)).all()):
        raise PreferencesInvalid("A label is outside [0, 1]: it is a probability.")
    if not bool((weight.isfinite() & (weight >= 0)).all()):
        raise PreferencesInvalid("A weight is negative or not a number.")
    if not bool(weight.any()):
        raise PreferencesInvalid("All weights are zero: nobody's vote counts here.")
