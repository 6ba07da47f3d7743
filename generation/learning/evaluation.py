"""Honest figures about a version: shares with intervals, splits, ceiling, variance, scores."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from generation.learning.errors import PreferencesInvalid
from generation.learning.shares import Z95, Share, wilson

LEAST_VARIANCE = 0.8


def win_rate(scores: Sequence[float]) -> Share:
    """Of one score per vote: 1 won, 0 lost, ½ can't decide."""
    return wilson(math.fsum(scores), len(scores))


def split_by(keys: Sequence[str], *, held_out: float, seed: int = 0) -> tuple[list[int], list[int]]:
    """Indexes to learn from and to hold out; equal keys (a prompt, a voter) stay together.

    A key's side depends on the key and the seed alone, so a voter held out once stays so.
    """
    sides: tuple[list[int], list[int]] = ([], [])
    for index, key in enumerate(keys):
        digest = hashlib.sha256(f"{seed}\0{key}".encode()).digest()
        sides[int.from_bytes(digest[:8], "big") / 2**64 < held_out].append(index)
    return sides


def held_out_accuracy(margin: Tensor, *, label: Tensor, weight: Tensor) -> Share:
    """How many held-out votes the implicit reward agrees with.

    Args:
        margin: the mean over a bank that was not trained on, (N,); see `dpo.margins`.
        label, weight: as in the loss, (N,); ties are left out.
    """
    counted = (label != 0.5).double() * weight.double()
    total = float(counted.sum())
    if total == 0:
        return wilson(0, 0)
    agrees = 0.5 + (label.double() - 0.5) * margin.sign().double()
    worth = total**2 / float(counted.square().sum())
    return wilson(float((counted * agrees).sum()) / total * worth, worth)


@dataclass(frozen=True, slots=True)
class Ceiling:
    """What no model can beat: voters who contradict themselves."""

    agreement: Share  # of repeated pairs answered alike
    accuracy: float  # of a single vote, if errors are independent


def noise_ceiling(alike: float, repeats: int) -> Ceiling:
    """From repeats of one pair to one voter: two answers agree with p² + (1 - p)².

    Args:
        alike: of the repeats, those answered as before; half where one of the two was a tie.
    """
    share = wilson(alike, repeats)
    above = 2 * share.value - 1  # NaN without repeats
    return Ceiling(share, (1 + math.sqrt(0.0 if above < 0 else above)) / 2)


@dataclass(frozen=True, slots=True)
class VarianceRatio:
    """Variance over seeds within a prompt ÷ the reference's."""

    value: float
    low: float  # 95% interval over the prompts
    high: float


def variance_ratio(features: Tensor, reference: Tensor) -> VarianceRatio:
    """Of features (prompts, seeds, D) both, the same prompts and seeds; two prompts or more.

    A taste may narrow what pictures are about, not make them all alike.

    Raises:
        PreferencesInvalid: other prompts or seeds, fewer than two of either, no variance to
            compare.
    """
    if features.shape != reference.shape or features.ndim != 3 or min(features.shape[:2]) < 2:
        raise PreferencesInvalid(
            f"Features {tuple(features.shape)} against {tuple(reference.shape)}: give the same "
            "prompts × seeds (two or more of each) × D for both."
        )
    spread, usual = (f.double().var(1).sum(-1) for f in (features, reference))
    if not float(usual.mean()) > 0:
        raise PreferencesInvalid("The reference draws the same for all seeds.")
    value = float(spread.mean() / usual.mean())
    prompts = len(spread)
    error = float((spread - value * usual).std() / usual.mean()) / math.sqrt(prompts)
    half = _student95(prompts - 1) * error  # of a ratio of means, linearised
    return VarianceRatio(value, max(0.0, value - half), value + half)


def _student95(degrees: int) -> float:
    """Student's t below which 97.5% lie; within 1% from three degrees of freedom on.

    Abramowitz & Stegun 1964, 26.7.5.
    """
    z, v = Z95, degrees
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
    )


@dataclass(frozen=True, slots=True)
class ScoreChange:
    """How far the mean score moved, in standard deviations of the base's scores."""

    value: float
    low: float  # 95% interval over the pairs
    high: float


def score_change(scores: Tensor, base: Tensor) -> ScoreChange:
    """Scores of the same prompts and seeds under both, (N,): a win rate flatters tiny shifts.

    Raises:
        PreferencesInvalid: not the same pictures, or fewer than two.
    """
    if scores.shape != base.shape or scores.ndim != 1 or len(scores) < 2:
        raise PreferencesInvalid("Give the scores of the same two or more pictures for both.")
    difference = scores.double() - base.double()
    deviation = float(base.double().std())
    if deviation == 0:
        raise PreferencesInvalid("All of the base's pictures score the same.")
    half = Z95 * float(difference.std()) / math.sqrt(len(scores))
    mean = float(difference.mean())
    return ScoreChange(mean / deviation, (mean - half) / deviation, (mean + half) / deviation)


@dataclass(frozen=True, slots=True)
class Guard:
    """One condition before a challenge may start."""

    name: str
    value: float
    limit: float
    passed: bool
    says: str  # for people


def guards(
    *,
    variance: float,
    chosen_error: float,
    drift: float,
    least_variance: float = LEAST_VARIANCE,
    most_drift: float = 1.15,
) -> list[Guard]:
    """The guards of a finished run; a value that is not a number fails.

    Args:
        variance: of `variance_ratio`.
        chosen_error: mean denoising error of chosen pictures ÷ the reference's.
        drift: mean denoising error of validation pictures ÷ the base's.
    """
    return [
        Guard(
            "variance",
            variance,
            least_variance,
            variance >= least_variance,
            f"pictures of one prompt vary {variance:.2f} times as much as the reference's; "
            f"at least {least_variance:.2f} is asked for, else everything looks alike"
            if math.isfinite(variance)
            else "nothing could be drawn by which to tell how much pictures of one prompt vary",
        ),
        Guard(
            "chosen_error",
            chosen_error,
            1.0,
            chosen_error <= 1.0,
            f"the error on chosen pictures is {chosen_error:.3f} of the reference's; more than "
            "1 would mean it unlearned what people chose",
        ),
        Guard(
            "drift",
            drift,
            most_drift,
            drift <= most_drift,
            f"the error on validation pictures is {drift:.3f} of the base's; beyond "
            f"{most_drift:.2f} it forgets what it could draw",
        ),
    ]
