"""What both training commands share: schedules, checkpoints that survive kill -9, sheets."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image


@dataclass(frozen=True)
class Budget:
    """How long a run lasts: so many steps, or so many minutes if they are over before."""

    steps: int
    minutes: float | None = None

    def done(self, step: int, trained_s: float) -> float:
        """The share that is over, in [0, 1]."""
        by_time = 0.0 if self.minutes is None else trained_s / max(1e-9, 60 * self.minutes)
        return min(1.0, max(step / max(1, self.steps), by_time))


def trapezoid(done: float, step: int, *, warmup: int = 60, decay_from: float = 0.6) -> float:
    """Learning-rate factor in (0, 1]: linear warm-up, plateau, linear decay to 2%."""
    rise = min(1.0, (step + 1) / warmup)
    fall = 1.0 if done < decay_from else max(0.02, (1 - done) / (1 - decay_from))
    return rise * fall


def is_due(step: int, every: int, done: float) -> bool:
    """Whether something that happens every so many steps, and at the end, happens now."""
    return step % every == 0 or done >= 1


def save_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Write a checkpoint so that a kill at any moment leaves the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        torch.save(dict(state), file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def load_checkpoint(path: Path) -> dict[str, Any] | None:
    """The last checkpoint of a run of ours, or None; tensors and plain values only."""
    if not path.is_file():
        return None
    state: dict[str, Any] = torch.load(path, weights_only=True)
    return state


def save_sheet(images: torch.Tensor, path: Path, *, columns: int, cell_px: int = 192) -> None:
    """Tile pictures (N, 3, S, S) in [-1, 1] row by row into one PNG."""
    count, _, size, _ = images.shape
    rows = -(-count // columns)
    sheet = torch.ones(rows * columns, 3, size, size)
    sheet[:count] = images.float().cpu().clamp(-1, 1)
    grid = sheet.reshape(rows, columns, 3, size, size).permute(0, 3, 1, 4, 2)
    pixels = ((grid.reshape(rows * size, columns * size, 3) + 1) * 127.5).round().byte()
    picture = Image.fromarray(pixels.numpy())
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.resize((columns * cell_px, rows * cell_px), Image.Resampling.LANCZOS).save(path)


class Progress:
    """Prints steps, running means and the remaining time, one line every `every` steps."""

    def __init__(self, budget: Budget, *, every: int = 50) -> None:
        self.budget, self.every = budget, every
        self.began: tuple[float, float] | None = None  # share done and time at the first update
        self.sums: dict[str, Any] = {}
        self.seen = 0

    def update(self, step: int, done: float, **figures: float | torch.Tensor) -> None:
        """Add one step's figures; print when a line is due. Tensors are not waited for before."""
        for name, value in figures.items():
            self.sums[name] = self.sums.get(name, 0.0) + value
        self.seen += 1
        now = time.monotonic()
        first_done, first_at = self.began = self.began or (done, now)
        if not is_due(step, self.every, done):
            return
        means = " ".join(
            f"{name} {float(total) / self.seen:.4f}" for name, total in self.sums.items()
        )
        gained = done - first_done
        left_min = (now - first_at) * (1 - done) / gained / 60 if gained else float("nan")
        print(  # noqa: T201 - a command's progress belongs on stdout
            f"step {step}/{self.budget.steps} {means}, {100 * done:.0f} %, {left_min:.1f} min left",
            flush=True,
        )
        self.sums, self.seen = {}, 0


def autocast(device: str) -> torch.autocast:
    """bfloat16 where the hardware has it; elsewhere it would be many times slower than float32."""
    has_it = device != "cpu" or torch.ops.mkldnn._is_mkldnn_bf16_supported()  # noqa: SLF001
    return torch.autocast(device, torch.bfloat16, enabled=has_it)


def best_device() -> str:
    """Where to train: the graphics card if there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"
