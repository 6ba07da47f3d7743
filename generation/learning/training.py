"""Training an adapter from preferences, in slices that can be killed at any moment.

Everything random is a function of the recipe's seed, a row's key and the step's number, so a
checkpoint holds no random state, and a run that was killed and resumed ends in the same bits as
one that was not (one thread, one machine).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from generation.learning.state import StepFigures
from generation.learning.trainer import Run, Stopped

__all__ = ["End", "Outcome", "Progress", "Run", "run_slice"]


class End(StrEnum):
    """Why a slice came back."""

    MORE = "more"  # time is up or someone asked; call again
    FINISHED = "finished"  # the reason says so if it was early
    STOPPED = "stopped"  # a guard; the reason says which


@dataclass(frozen=True, slots=True)
class Outcome:
    end: End
    step: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """A step is done, or a block of reference errors on the way to the next."""

    step: int
    steps: int
    loss: float
    accuracy: float | None
    chosen_ratio: float
    drift: float | None  # the last one measured
    beta: float | None  # None until calibrated
    left_s: float  # about; from this slice's pace


ProgressCallback = Callable[[Progress], None]


def run_slice(
    run: Run,
    *,
    seconds: float = math.inf,
    steps: int | None = None,
    on_progress: ProgressCallback | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Outcome:
    """Go on with a run for some time or some steps, and save where it got to.

    Args:
        should_stop: asked after every step; a lost lease, say. Not asked with several
            processes, which have to agree on every step.

    Raises:
        CheckpointUnsaved: the disk took none; the last checkpoint is whole.
    """
    state, recipe = run.state, run.recipe
    clock = _Clock(run, seconds, steps, should_stop)
    try:
        while not (state.stopped or state.ended) and state.step < recipe.steps:
            if not _references(run, clock) or clock.over():
                run.save()
                return Outcome(End.MORE, state.step)
            figures = run.step()
            due = state.step % recipe.validate_every == 0 or state.step == recipe.steps
            if due:
                run.validate()
            if due or state.step % recipe.checkpoint_every == 0:
                run.save()
            if on_progress:
                on_progress(_progress(run, figures, clock))
    except Stopped as stop:
        state.stopped = str(stop)
        run.save()
    if state.stopped:
        return Outcome(End.STOPPED, state.step, state.stopped)
    return Outcome(End.FINISHED, state.kept_step or state.step, state.ended)


class _Clock:
    def __init__(
        self, run: Run, seconds: float, steps: int | None, should_stop: Callable[[], bool] | None
    ) -> None:
        self.run, self.should_stop = run, should_stop
        self.began, self.first = time.monotonic(), run.state.step
        self.end = self.began + seconds
        self.last = math.inf if steps is None else self.first + steps

    def over(self) -> bool:
        """Whether to come back now; all processes say the same, as the slowest would."""
        if self.run.state.step >= self.last:
            return True
        over = time.monotonic() >= self.end or bool(self.should_stop and self.should_stop())
        return self.run.prepared.agreed(over)

    @property
    def pace_s(self) -> float:
        done = self.run.state.step - self.first
        return (time.monotonic() - self.began) / done if done else math.nan


def _references(run: Run, clock: _Clock) -> bool:
    """Have the next step's reference errors there; False if time ran out meanwhile."""
    prepared, processes = run.prepared, run.processes
    references = prepared.batches.references
    missing = references.missing(prepared.schedule.step(run.state.step))
    for block in missing[processes.process_index :: processes.num_processes]:
        if processes.num_processes == 1 and clock.over():
            return False
        references.ensure(block)
    processes.wait_for_everyone()
    for block in references.missing(prepared.schedule.step(run.state.step)):
        references.ensure(block)  # another process has written it
    return True


def _progress(run: Run, figures: StepFigures, clock: _Clock) -> Progress:
    state = run.state
    return Progress(
        step=state.step,
        steps=run.recipe.steps,
        loss=figures.loss,
        accuracy=figures.accuracy,
        chosen_ratio=figures.chosen_ratio,
        drift=state.drift[-1][1] if state.drift else None,
        beta=state.beta,
        left_s=clock.pace_s * (run.recipe.steps - state.step),
    )
