"""A run as a folder: what to learn, from what, how; so that any process can go on with it.

`python -m generation.learning FOLDER --seconds 600` does one slice; several GPUs:
`accelerate launch --num_processes 4 -m generation.learning FOLDER`.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generation.engines.folders import inspect, locate
from generation.engines.identity import identity
from generation.engines.loading import load_pipeline
from generation.engines.options import EngineOptions, choose_device
from generation.engines.protocol import ModelSource
from generation.learning.denoising import choose_precision
from generation.learning.errors import RunInvalid
from generation.learning.files import write_atomically
from generation.learning.preparing import prepare
from generation.learning.recipe import Recipe
from generation.learning.rows import Row, Shown, read_rows, write_rows
from generation.learning.trainer import Run

JOB, ROWS = "job.json", "rows.jsonl"


@dataclass(frozen=True, slots=True)
class Job:
    """Everything that decides a run's result."""

    base: str  # folder or hub id
    rows: tuple[Row, ...]
    recipe: Recipe
    shown: tuple[Shown, ...] = ()
    promoted: Path | None = None  # the live version's adapter
    revision: str | None = None


def write_job(folder: Path, job: Job) -> None:
    """Lay a run's folder out.

    Raises:
        OSError: no room, or no permission.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_rows(folder / ROWS, job.rows)
    facts = {
        "base": job.base,
        "revision": job.revision,
        "promoted": str(job.promoted) if job.promoted else None,
        "shown": [[one.prompt, str(one.picture)] for one in job.shown],
        "recipe": dataclasses.asdict(job.recipe),
    }
    write_atomically(folder / JOB, json.dumps(facts, indent=1).encode())


def read_job(folder: Path) -> Job:
    """The job of a run's folder.

    Raises:
        RunInvalid: the folder holds none.
        PreferencesInvalid: its rows cannot be read.
    """
    try:
        facts = json.loads((folder / JOB).read_text(encoding="utf-8"))
        return Job(
            base=facts["base"],
            revision=facts["revision"],
            promoted=Path(facts["promoted"]) if facts["promoted"] else None,
            shown=tuple(Shown(prompt, Path(picture)) for prompt, picture in facts["shown"]),
            recipe=Recipe(**facts["recipe"]),
            rows=tuple(read_rows(folder / ROWS)),
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise RunInvalid(f"{folder} holds no training job: {error}") from error


def open_run(folder: Path, *, device: str = "auto") -> Run:
    """Load a job's base and go to its last checkpoint.

    Raises:
        EngineError: the base or the promoted adapter cannot be used.
        LearningError: rows, pictures or checkpoint cannot be used; see `prepare`.
        ValueError: this machine has no such device.
    """
    job = read_job(folder)
    pipe = bare_pipeline(job.base, revision=job.revision, device=device)
    return Run(
        prepare(
            pipe,
            job.rows,
            recipe=job.recipe,
            folder=folder,
            base=identity(ModelSource(job.base, revision=job.revision)).base,
            shown=job.shown,
            promoted=job.promoted,
        )
    )


def bare_pipeline(base: str, *, revision: str | None = None, device: str = "auto") -> Any:
    """A base as training wants it: no adapters, in the device's precision for weights.

    Raises:
        EngineError: it cannot be used.
        ValueError: this machine has no such device.
    """
    place = choose_device(device)
    found = inspect(locate(base, revision))
    return load_pipeline(found, EngineOptions(), place, choose_precision(place).weights)
