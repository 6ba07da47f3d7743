"""What both training commands share: schedules, checkpoints that survive kill -9, sheets."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from PIL import Image


def trapezoid(step: int, total: int, *, warmup: int = 60, decay_from: float = 0.6) -> float:
    """Learning-rate factor in (0, 1]: linear warm-up, plateau, linear decay to 2%."""
    rise = min(1.0, (step + 1) / warmup)
    done = step / max(1, total)
    fall = 1.0 if done < decay_from else max(0.02, (1 - done) / (1 - decay_from))
    return rise * fall


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
    sheet[:count] = images.clamp(-1, 1)
    grid = sheet.reshape(rows, columns, 3, size, size).permute(0, 3, 1, 4, 2)
    pixels = ((grid.reshape(rows * size, columns * size, 3) + 1) * 127.5).round().byte()
    picture = Image.fromarray(pixels.numpy())
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.resize((columns * cell_px, rows * cell_px), Image.Resampling.LANCZOS).save(path)


class Progress:
    """Prints steps, running means and the remaining time, one line every `every` steps."""

    def __init__(self, total: int, *, start: int = 0, every: int = 50) -> None:
        self.total, self.start, self.every = total, start, every
        self.began = time.monotonic()
        self.sums: dict[str, float] = {}
        self.seen = 0

    def update(self, step: int, **figures: float) -> None:
        """Add one step's figures; print when a line is due."""
        for name, value in figures.items():
            self.sums[name] = self.sums.get(name, 0.0) + value
        self.seen += 1
        if step % self.every:
            return
        pace_s = (time.monotonic() - self.began) / max(1, step - self.start)
        means = " ".join(f"{name} {total / self.seen:.4f}" for name, total in self.sums.items())
        left_min = pace_s * (self.total - step) / 60
        print(  # noqa: T201 - a command's progress belongs on stdout
            f"step {step}/{self.total} {means} {pace_s:.3f} s/step, {left_min:.0f} min left",
            flush=True,
        )
        self.sums, self.seen = {}, 0
