"""What storage keeps of a run under way, so that any worker can go on with it.

Its checkpoint, and what it looks at: tables change while it learns, a run does not.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage

from generation.training.models import TrainingRun

CHECKPOINT = "checkpoint.safetensors"


@dataclass(frozen=True, slots=True)
class Layout:
    """What a run looks at, in order."""

    rows: list[str]  # leaves of its dataset
    shown: list[str]  # digests of pictures

    def as_json(self) -> str:
        return json.dumps(asdict(self))


def read_layout(run: TrainingRun) -> Layout | None:
    """What a run began with; None when it has not begun."""
    name = _layout(run)
    if not default_storage.exists(name):
        return None
    with default_storage.open(name) as stored:
        return Layout(**json.load(stored))


def keep_layout(run: TrainingRun, layout: Layout) -> None:
    """Have every worker look at the same."""
    default_storage.save(_layout(run), ContentFile(layout.as_json().encode()))


def fetch_checkpoint(run: TrainingRun, folder: Path) -> None:
    """Take another worker's checkpoint where this machine has none."""
    name, here = _checkpoint(run), folder / CHECKPOINT
    if here.exists() or not default_storage.exists(name):
        return
    partial = here.with_suffix(".partial")
    with default_storage.open(name) as stored, partial.open("wb") as file:
        shutil.copyfileobj(stored, file)
    partial.replace(here)


def keep_checkpoint(run: TrainingRun, folder: Path) -> None:
    """Put the checkpoint where every worker finds it."""
    name = _checkpoint(run)
    if not (folder / CHECKPOINT).exists():
        return
    if not isinstance(default_storage, FileSystemStorage):
        default_storage.delete(name)
    with (folder / CHECKPOINT).open("rb") as file:
        default_storage.save(name, File(file, name=name))


def forget(run: TrainingRun) -> None:
    """Drop both; the layout last, since it says that there is something to drop."""
    default_storage.delete(_checkpoint(run))
    default_storage.delete(_layout(run))


def _checkpoint(run: TrainingRun) -> str:
    return f"training/run-{run.pk}.safetensors"


def _layout(run: TrainingRun) -> str:
    return f"training/run-{run.pk}.json"
