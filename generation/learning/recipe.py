"""Every choice of a training run; stored with its checkpoint and on its version's card."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recipe:
    """The defaults are those of the embedded model.

    Raises:
        ValueError: a value out of range.
    """

    seed: int = 0
    steps: int = 20
    batch: int = 48  # pairs a step, over all processes
    micro_batch: int = 16  # pairs at once; halved when memory is short
    rank: int = 16
    rate: float = 7e-4
    warmup: int = 8  # steps
    cooldown: float = 0.25  # share of the steps in which the rate falls to a tenth
    weight_decay: float = 0.0
    average: float = 0.95  # of the adapter's moving average
    beta: float | None = None  # None: calibrated on the first batches
    calibration_steps: int = 8
    spread: float = 0.05  # of z at the end of the calibration, from which β follows
    anchor: float = 0.2  # weight of the base in the reference
    safeguard: bool = True
    leeway: float = 0.01  # band around the reference's error in which chosen errors are held
    bank: int = 16  # draws of noise per row
    coarse: float = 0.5  # noise level from which on rejected pictures are pushed away
    fine: float = 0.25  # share of draws below it, where chosen pictures alone are learned
    gradient_checkpointing: bool = False
    checkpoint_every: int = 5  # steps
    validate_every: int = 5  # steps
    most_drift: float = 1.15
    spike: float = 4.0  # times the usual loss, three steps in a row

    def __post_init__(self) -> None:
        counts = (self.steps, self.batch, self.micro_batch, self.rank, self.bank)
        every = (self.calibration_steps, self.checkpoint_every, self.validate_every)
        within = (
            min(*counts, *every) >= 1
            and 0 < self.rate < 1
            and 0 <= self.average < 1
            and 0 < self.coarse < 1
            and 0 <= self.fine < 1
            and 0 <= self.anchor <= 1
            and min(self.spread, self.leeway) > 0
            and (self.beta is None or self.beta > 0)
            and self.most_drift > 1
        )
        if not within:
            raise ValueError(f"This recipe cannot be followed: {self}.")

    @property
    def least_steps(self) -> int:
        """After which a run that drifts too far is worth ending with what it had."""
        return max(self.warmup, -(-self.steps // 3))

    def rate_factor(self, step: int) -> float:
        """Share of the rate at a step (from 0): a linear rise, a plateau, a linear fall."""
        rise = min(1.0, (step + 1) / max(1, self.warmup))
        falling = self.cooldown * self.steps
        left = self.steps - step
        fall = max(0.1, left / falling) if falling and left < falling else 1.0
        return rise * fall
