"""A run's folder: the dataset's rows with their pictures beside them, and what is held out."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from django.core.files.storage import default_storage

from curation.galleries.files import picture_name
from curation.models import Candidate
from generation.learning.jobs import JOB, Job, write_job
from generation.learning.preparing import DRIFT_PICTURES
from generation.learning.recipe import Recipe
from generation.learning.rows import Row, Shown, read_rows, write_rows
from generation.preferences.models import PreferenceRow
from generation.training.models import TrainingRun
from generation.training.rules import held_out_prompts

HELD_OUT = "held_out.jsonl"


def lay_out(run: TrainingRun, folder: Path, *, promoted: Path | None) -> None:
    """Write the job, unless it is there: rows, pictures, validation pictures of the base.

    A row whose picture is gone from storage is left out. The job is written last: what a kill
    leaves half is written anew.
    """
    if (folder / JOB).exists():
        return
    pictures = folder / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    rows = _rows(run, pictures)
    held = held_out_prompts([row.prompt for row in rows])
    write_rows(folder / HELD_OUT, [row for row in rows if row.prompt in held])
    write_job(
        folder,
        Job(
            base=run.reference.base,
            rows=tuple(row for row in rows if row.prompt not in held),
            recipe=Recipe(**run.settings),
            shown=tuple(_shown(run, rows, pictures)),
            promoted=promoted,
        ),
    )


def held_out_rows(folder: Path) -> list[Row]:
    """Rows that were kept from training."""
    return read_rows(folder / HELD_OUT)


def _rows(run: TrainingRun, pictures: Path) -> list[Row]:
    found = []
    for row in PreferenceRow.objects.filter(dataset=run.dataset_id).order_by("index").iterator():
        paths = [_fetched(digest, pictures) for digest in (row.chosen, row.rejected)]
        if paths[0] is not None and paths[1] is not None:
            found.append(Row(row.leaf, row.prompt, paths[0], paths[1], row.label, row.weight))
    return found


def _shown(run: TrainingRun, rows: Sequence[Row], pictures: Path) -> list[Shown]:
    """Pictures the bare base drew, by which drift is measured; the newest that still hang.

    They have the size of the rows' pictures: a run has one.
    """
    alike = Candidate.objects.filter(digest__in=[row.chosen.stem for row in rows[:1]])
    drawn = Candidate.objects.filter(
        base_hash=run.reference.base_hash,
        adapter_hash="",
        status=Candidate.Status.PUBLISHED,
        round__lte=run.dataset.round_id,
        width__in=alike.values("width"),
        height__in=alike.values("height"),
    ).order_by("-pk")
    found = []
    for digest, prompt in drawn.values_list("digest", "prompt")[:DRIFT_PICTURES]:
        if (path := _fetched(digest, pictures)) is not None:
            found.append(Shown(prompt, path))
    return found


def _fetched(digest: str, folder: Path) -> Path | None:
    """A picture from storage as a file; None when it is gone."""
    path, name = folder / f"{digest}.png", picture_name(digest)
    if path.exists():
        return path
    if not default_storage.exists(name):
        return None
    partial = path.with_suffix(".partial")
    with default_storage.open(name) as stored, partial.open("wb") as file:
        shutil.copyfileobj(stored, file)
    partial.replace(path)
    return path
