"""A run at one step: its adapter, its optimizer, its guards."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from accelerate import PartialState
from torch import Tensor

from generation.learning.adapters import save_adapter
from generation.learning.calibration import PROVISIONAL_BETA, calibrated_beta
from generation.learning.dpo import leeway, safeguard
from generation.learning.errors import CheckpointUnsaved, LearningError, PreferencesInvalid
from generation.learning.preparing import Prepared
from generation.learning.state import StepFigures
from generation.learning.stepping import Branches, clipped

_BETAS = (0.9, 0.99)
_EPS = 1e-10
# Of the reference's, for what is kept: it is measured on fewer draws and rows than in the
# examination, which refuses what is above 1.
MOST_CHOSEN = 0.997


class Stopped(LearningError):
    """A guard ends the run; the message is the reason for people."""


class Run:
    """A prepared run with its optimizer, at the step its checkpoint says."""

    def __init__(self, prepared: Prepared) -> None:
        self.prepared, self.recipe, self.state = prepared, prepared.recipe, prepared.state
        self.slot = prepared.batches.slot
        self.processes = PartialState()
        self.average = self.state.average.to(self.slot.vector.device)
        self.slot.set(self.state.vector)
        self.optimizer = torch.optim.AdamW(
            [self.slot.vector],
            self.recipe.rate,
            betas=_BETAS,
            eps=_EPS,
            weight_decay=self.recipe.weight_decay,
        )
        if self.state.moments:
            moments = {name: value.clone() for name, value in self.state.moments.items()}
            place = self.slot.vector.device
            moments |= {n: v.to(place) for n, v in moments.items() if n != "step"}
            self.optimizer.state[self.slot.vector] = moments

    @contextmanager
    def drawing(self) -> Iterator[Any]:
        """The pipeline as the adapter's moving average makes it, for samples."""
        with self.slot.holding(self.average), self.prepared.family.encoding():
            yield self.prepared.family.pipe

    def save(self) -> None:
        """Write a checkpoint; only the first process does.

        Raises:
            CheckpointUnsaved: the disk took none.
        """
        self.state.vector = self.slot.vector.detach().cpu().clone()
        self.state.average = self.average.cpu().clone()
        moments = self.optimizer.state.get(self.slot.vector, {})
        self.state.moments = {name: value.detach().cpu() for name, value in moments.items()}
        if self.processes.is_main_process:
            self.state.save(self.prepared.checkpoint, self.prepared.identity)

    def step(self) -> StepFigures:
        """Take one step.

        Raises:
            Stopped: a guard says so; nothing was changed then.
        """
        state, recipe = self.state, self.recipe
        found = self._branches()
        factor = 1.0
        if recipe.safeguard:
            metric = self._metric(found.chosen - found.rejected)
            factor = float(safeguard(found.chosen, found.rejected, metric=metric))
            factor = min(factor, leeway(state.risen, band=recipe.leeway))
        usual = state.usual_norm
        gradient, norm = clipped(found.chosen - factor * found.rejected, usual)
        figures = _figures(found, norm, factor)
        self._watch(figures)
        if state.beta is None:
            self._calibrate(found)
        self._update(gradient)
        state.risen = 0.8 * state.risen + 0.2 * (figures.chosen_ratio - 1)
        state.usual_norm = 0.9 * usual + 0.1 * min(norm, 3 * usual) if usual else norm
        state.step += 1
        state.curve.append(figures)
        return figures

    def _branches(self) -> Branches:
        """Gradients of the step's batch, with less at once as long as memory is short."""
        state = self.state
        visits = self.prepared.schedule.step(state.step)
        mine = visits[self.processes.process_index :: self.processes.num_processes]
        while True:
            found = self.prepared.batches.branches(
                mine,
                beta=state.beta or PROVISIONAL_BETA,
                micro=state.micro_batch,
                scale=state.loss_scale,
            )
            if found is None:
                if state.micro_batch == 1:
                    raise Stopped(
                        "Memory ran out even with one pair at a time. Choose gradient "
                        "checkpointing, a lower rank or a larger device."
                    )
                state.micro_batch //= 2
            elif not found.finite and state.loss_scale > 1:
                state.loss_scale /= 2
            elif not found.finite:
                raise Stopped(
                    f"Step {state.step + 1} gave values that are not numbers. Lower the rate, or "
                    "use another precision."
                )
            else:
                return found

    def _metric(self, gradient: Tensor) -> Tensor:
        """How AdamW would scale this gradient; its momentum is left out of account."""
        moments = self.optimizer.state.get(self.slot.vector)
        keep = _BETAS[1]
        squares = (1 - keep) * gradient.square()
        seen = 1.0
        if moments:
            squares += keep * moments["exp_avg_sq"]
            seen += float(moments["step"])
        metric: Tensor = 1 / ((squares / (1 - keep**seen)).sqrt() + _EPS)
        return metric

    def _watch(self, figures: StepFigures) -> None:
        """Stop when the loss is far above its usual height three steps in a row."""
        state = self.state
        usual = max(state.usual_loss or 0.0, math.log(2))
        state.spikes = state.spikes + 1 if figures.loss > self.recipe.spike * usual else 0
        if state.spikes >= 3:
            raise Stopped(
                f"The loss was over {self.recipe.spike:g} times its usual {usual:.2f} for three "
                f"steps (now {figures.loss:.2f}). Lower the rate, or look for odd rows."
            )
        if not state.spikes:
            before = state.usual_loss
            state.usual_loss = figures.loss if before is None else 0.9 * before + 0.1 * figures.loss

    def _calibrate(self, found: Branches) -> None:
        state, recipe = self.state, self.recipe
        state.spreads.append(math.sqrt(found.sum("squares") / recipe.batch))
        if len(state.spreads) > recipe.calibration_steps or state.step + 1 == recipe.steps:
            try:
                state.beta = calibrated_beta(state.spreads, spread=recipe.spread)
            except PreferencesInvalid as error:
                raise Stopped(str(error)) from error

    def _update(self, gradient: Tensor) -> None:
        recipe, step = self.recipe, self.state.step
        self.optimizer.param_groups[0]["lr"] = recipe.rate * recipe.rate_factor(step)
        self.slot.vector.grad = gradient
        self.optimizer.step()
        self.slot.vector.grad = None
        decay = min(recipe.average, (1 + step) / (10 + step))
        self.average.lerp_(self.slot.vector.detach(), 1 - decay)

    def validate(self) -> float:
        """Measure drift; keep the adapter's average as its file while it is within bounds.

        Beyond them the run ends with what was kept, if that has enough of its steps behind it.
        What raises the errors of chosen pictures above the reference's is not kept either, once
        there is something else.

        Raises:
            Stopped: too far from what the base could draw, too soon.
            CheckpointUnsaved: the disk took no adapter; an older one is whole.
        """
        has_enough = self.state.kept_step >= self.recipe.least_steps
        with self.slot.holding(self.average):
            ratio = self.prepared.drift()
            chosen = self.prepared.chosen_error() if has_enough else math.nan
        self.state.drift.append((self.state.step, ratio))
        if not ratio <= self.recipe.most_drift:
            self._end_early(
                f"the error on validation pictures is {ratio:.2f} of the base's; beyond "
                f"{self.recipe.most_drift:.2f} the model forgets what it could draw."
            )
            return ratio
        if chosen > MOST_CHOSEN:
            if self.state.step == self.recipe.steps:
                self._end_early(
                    f"the error on chosen pictures is {chosen:.3f} of the reference's; more than "
                    f"{MOST_CHOSEN:g} is too near to unlearning what people chose."
                )
            return ratio
        self.state.kept, self.state.kept_step = self.average.cpu().clone(), self.state.step
        self.write_adapter()
        return ratio

    def go_part_of_the_way(self, learned: Tensor, share: float) -> float:
        """Let the average be a share of the way from where the run began to what it learned.

        Returns:
            drift, as `Prepared.drift`.
        """
        beginning = self.prepared.beginning.to(learned.device)
        self.average.copy_(torch.lerp(beginning, learned, share))
        with self.slot.holding(self.average):
            return self.prepared.drift()

    def write_adapter(self) -> None:
        """Write the average as the adapter's file; only the first process does.

        A finished run's average is what was kept, wherever the file was written last: on another
        machine, or before a kill at a step that was done again.

        Raises:
            CheckpointUnsaved: as for `validate`.
        """
        if not self.processes.is_main_process:
            return
        layers = self.slot.layers(self.average)
        try:
            save_adapter(self.prepared.adapter, layers, self.prepared.family.part)
        except OSError as error:
            raise CheckpointUnsaved(
                f"The adapter of step {self.state.step} could not be saved ({error}); an older "
                "one is whole. Make room on the disk, then start the run again."
            ) from error

    def _end_early(self, why: str) -> None:
        """Go back to what was kept, and end there.

        Raises:
            Stopped: too little was learned by then.
        """
        state = self.state
        words = f"After {state.step} steps {why}"
        if state.kept is None or state.kept_step < self.recipe.least_steps:
            raise Stopped(f"{words} Raise β, lower the rate or train for fewer steps.")
        self.average.copy_(state.kept)
        state.ended = f"{words} So it ended as it was after {state.kept_step}."


def _figures(found: Branches, norm: float, held: float) -> StepFigures:
    decided = found.sum("decided")
    return StepFigures(
        loss=found.sum("loss"),
        accuracy=found.sum("agreed") / decided if decided else None,
        chosen_ratio=found.sum("chosen") / found.sum("chosen_ref"),
        rejected_ratio=found.sum("rejected") / found.sum("rejected_ref"),
        norm=norm,
        held=held,
    )
