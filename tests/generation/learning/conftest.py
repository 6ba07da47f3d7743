"""Tiny pipelines, pictures and rows to learn from."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from generation.engines.folders import inspect
from generation.engines.loading import load_pipeline
from generation.engines.options import EngineOptions
from generation.learning.preparing import prepare
from generation.learning.recipe import Recipe
from generation.learning.rows import Row
from generation.learning.training import Run
from tests.generation.tiny_pipelines import (  # noqa: F401
    emblems,
    flux,
    one_thread,
    sd3,
    sd15,
    sd_v,
    sdxl,
)

FAMILIES = ("sd15", "sd_v", "sdxl", "sd3", "flux", "emblems")


def loaded(folder: Path):
    """The bare pipeline of a folder, float32 on the CPU."""
    cpu = torch.device("cpu")
    return load_pipeline(inspect(folder), EngineOptions(device="cpu"), cpu, torch.float32)


@pytest.fixture(params=FAMILIES)
def pipe(request):
    """Each kind of pipeline in turn."""
    return loaded(request.getfixturevalue(request.param))


@pytest.fixture(scope="session")
def make_rows(tmp_path_factory):
    """Rows whose chosen pictures are light and rejected ones dark."""

    def make(count: int, *, side: int = 64, label: float = 1.0, weight: float = 1.0) -> list[Row]:
        folder = tmp_path_factory.mktemp("pictures")
        rng = np.random.default_rng(count)
        rows = []
        for number in range(count):
            paths = [folder / f"{number}-{kind}.png" for kind in ("chosen", "rejected")]
            for path, light in zip(paths, (200, 60), strict=True):
                noise = rng.normal(light, 30, (side, side, 3)).clip(0, 255)
                Image.fromarray(noise.astype("uint8")).save(path)
            prompt = ("a red star", "a blue moon", "fish")[number % 3]
            rows.append(Row(f"row{number}", prompt, *paths, label, weight))
        return rows

    return make


SMALL = {
    "steps": 12,
    "batch": 4,
    "micro_batch": 4,
    "rank": 2,
    "rate": 0.02,
    "warmup": 2,
    "calibration_steps": 3,
    "bank": 4,
    "coarse": 0.02,
    "fine": 0.0,
    "checkpoint_every": 3,
    "validate_every": 4,
    "most_drift": 5.0,
}


@pytest.fixture
def make_run(tmp_path, emblems, make_rows):  # noqa: F811
    """A run on the tiny emblem pipeline, or another one, with a quick recipe."""
    numbers = itertools.count()

    def make(pipe=None, *, rows=None, folder=None, shown=(), promoted=None, **changes) -> Run:
        pipe = pipe or loaded(emblems)
        side = 256 if type(pipe).__name__ == "EmblemPipeline" else 64
        return Run(
            prepare(
                pipe,
                rows or make_rows(6, side=side),
                recipe=Recipe(**{**SMALL, **changes}),
                folder=folder or tmp_path / f"run{next(numbers)}",
                base="0" * 64,
                shown=shown,
                promoted=promoted,
            )
        )

    return make
