"""What a run is at a step: tensors and figures, saved so that a kill costs a few steps."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from generation.learning.errors import CheckpointUnsaved, RunInvalid
from generation.learning.files import load_tensors, save_tensors


@dataclass(slots=True)
class StepFigures:
    """One step, for curves."""

    loss: float
    accuracy: float | None  # None if the batch held only ties
    chosen_ratio: float  # error of chosen pictures ÷ the reference's
    rejected_ratio: float
    norm: float  # of the gradient before clipping
    held: float  # safeguard's factor for the rejected branch


@dataclass(slots=True)
class RunState:
    """All that decides what comes next, tensors on the CPU."""

    vector: Tensor
    average: Tensor
    moments: dict[str, Tensor] = field(default_factory=dict)  # AdamW's
    step: int = 0
    micro_batch: int = 1
    loss_scale: float = 1.0
    beta: float | None = None
    spreads: list[float] = field(default_factory=list)
    usual_norm: float | None = None
    usual_loss: float | None = None
    risen: float = 0.0  # how far chosen errors lie above the reference's, recently
    spikes: int = 0
    drift: list[tuple[int, float]] = field(default_factory=list)  # (step, ratio to the base)
    curve: list[StepFigures] = field(default_factory=list)
    kept: Tensor | None = None  # the average when it was last worth keeping
    kept_step: int = 0
    ended: str = ""  # why it ended early, with what was kept
    stopped: str = ""  # why it will not go on, with nothing

    @property
    def kept_drift(self) -> float:
        """Drift of what was kept; the last one where nothing was."""
        return dict(self.drift).get(self.kept_step, self.drift[-1][1])

    def save(self, path: Path, run: str) -> None:
        """Write a checkpoint of the run with that identity.

        Raises:
            CheckpointUnsaved: the disk took none; the last one is still whole.
        """
        tensors = {"vector": self.vector, "average": self.average}
        tensors |= {f"moments.{name}": value for name, value in self.moments.items()}
        tensors |= {} if self.kept is None else {"kept": self.kept}
        figures = {
            "step": self.step,
            "micro_batch": self.micro_batch,
            "loss_scale": self.loss_scale,
            "beta": self.beta,
            "spreads": self.spreads,
            "usual_norm": self.usual_norm,
            "usual_loss": self.usual_loss,
            "risen": self.risen,
            "spikes": self.spikes,
            "drift": self.drift,
            "curve": [asdict(figures) for figures in self.curve],
            "kept_step": self.kept_step,
            "ended": self.ended,
            "stopped": self.stopped,
        }
        versions = {"torch": torch.__version__, "threads": torch.get_num_threads()}
        try:
            save_tensors(path, tensors, {"run": run, "figures": figures, "versions": versions})
        except OSError as error:
            raise CheckpointUnsaved(
                f"Step {self.step} could not be saved ({error}); the last checkpoint is whole. "
                "Make room on the disk, then start the run again."
            ) from error


def load_state(path: Path, run: str) -> RunState | None:
    """The last checkpoint, or None if there is none yet.

    Raises:
        RunInvalid: it is damaged, or of a run with other rows, base or recipe.
    """
    try:
        tensors, facts = load_tensors(path)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise RunInvalid(f"{error} Delete it to begin the run anew.") from error
    if facts.get("run") != run:
        raise RunInvalid(
            f"{path} is of a run with other rows, base, adapter or recipe; use another folder."
        )
    figures: dict[str, Any] = facts["figures"]
    figures["curve"] = [StepFigures(**one) for one in figures["curve"]]
    figures["drift"] = [(step, ratio) for step, ratio in figures["drift"]]
    moments = {
        name.removeprefix("moments."): value
        for name, value in tensors.items()
        if name.startswith("moments.")
    }
    kept = tensors.get("kept")
    return RunState(tensors["vector"], tensors["average"], moments, kept=kept, **figures)
