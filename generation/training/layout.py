"""A run's folder: the dataset's rows with their pictures beside them, and what is held out."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.core.files.storage import default_storage
from django.db.models import QuerySet

from curation.galleries.files import picture_name
from curation.models import Candidate
from generation.learning.jobs import Job, write_job
from generation.learning.preparing import DRIFT_PICTURES
from generation.learning.recipe import Recipe
from generation.learning.rows import Row, Shown, read_rows, write_rows
from generation.preferences.models import PreferenceRow
from generation.training import keeping
from generation.training.keeping import Layout
from generation.training.models import TrainingRun
from generation.training.rules import held_out_prompts

HELD_OUT = "held_out.jsonl"
LAYOUT = "layout.json"  # written last


def why_anew(run: TrainingRun) -> str:
    """Why a run cannot go on as it began; empty when it can."""
    layout = keeping.read_layout(run)
    if layout is None:
        return ""
    pairs = _rows_of(run, layout).values_list("chosen", "rejected")
    if len(pairs) < len(layout.rows):
        return "what is kept of it is another dataset's"  # of a database that was restored
    looked_at = {*layout.shown, *(digest for pair in pairs for digest in pair)}
    erased = sum(not _is_there(digest) for digest in looked_at)
    return f"{erased} of its pictures were erased" if erased else ""


def lay_out(run: TrainingRun, folder: Path, *, promoted: Path | None) -> None:
    """Write the job, unless it is there: rows, pictures, validation pictures of the base.

    The first worker decides what the run looks at, and all others follow. What a kill leaves
    half, or was of a beginning that was given up, is written anew.

    Raises:
        FileNotFoundError: a picture was erased just now.
    """
    layout = keeping.read_layout(run)
    if layout is None:
        keeping.keep_layout(run, layout := _layout_of_now(run))
    mark = folder / LAYOUT
    if mark.exists() and mark.read_text(encoding="utf-8") == layout.as_json():
        return
    if folder.exists():
        shutil.rmtree(folder)
    pictures = folder / "pictures"
    pictures.mkdir(parents=True)
    rows = [_row(row, pictures) for row in _rows_of(run, layout)]
    held = held_out_prompts([row.prompt for row in rows])
    write_rows(folder / HELD_OUT, [row for row in rows if row.prompt in held])
    write_job(
        folder,
        Job(
            base=run.reference.base,
            rows=tuple(row for row in rows if row.prompt not in held),
            recipe=Recipe(**run.settings),
            shown=tuple(_shown(layout, pictures)),
            promoted=promoted,
        ),
    )
    mark.write_text(layout.as_json(), encoding="utf-8")


def held_out_rows(folder: Path) -> list[Row]:
    """Rows that were kept from training."""
    return read_rows(folder / HELD_OUT)


def _rows_of(run: TrainingRun, layout: Layout) -> QuerySet[PreferenceRow]:
    rows = PreferenceRow.objects.filter(dataset=run.dataset_id, leaf__in=layout.rows)
    return rows.order_by("index")


def _layout_of_now(run: TrainingRun) -> Layout:
    """Rows whose pictures are there, and pictures the bare base drew, by which drift is measured.

    Those are the newest that still hang, of the size of the rows' pictures: a run has one.
    """
    every = PreferenceRow.objects.filter(dataset=run.dataset_id).order_by("index")
    rows = [row for row in every if _is_there(row.chosen) and _is_there(row.rejected)]
    alike = Candidate.objects.filter(digest__in=[row.chosen for row in rows[:1]])
    drawn = Candidate.objects.filter(
        base_hash=run.reference.base_hash,
        adapter_hash="",
        status=Candidate.Status.PUBLISHED,
        round__lte=run.dataset.round_id,
        width__in=alike.values("width"),
        height__in=alike.values("height"),
    ).order_by("-pk")
    newest = drawn.values_list("digest", flat=True)[:DRIFT_PICTURES]
    return Layout([row.leaf for row in rows], [one for one in newest if _is_there(one)])


def _row(row: PreferenceRow, pictures: Path) -> Row:
    chosen, rejected = (_fetched(digest, pictures) for digest in (row.chosen, row.rejected))
    return Row(row.leaf, row.prompt, chosen, rejected, row.label, row.weight)


def _shown(layout: Layout, pictures: Path) -> list[Shown]:
    found = Candidate.objects.filter(digest__in=layout.shown)
    prompts = dict(found.values_list("digest", "prompt"))
    return [Shown(prompts[digest], _fetched(digest, pictures)) for digest in layout.shown]


def _is_there(digest: str) -> bool:
    return default_storage.exists(picture_name(digest))


def _fetched(digest: str, folder: Path) -> Path:
    """A picture from storage as a file."""
    path = folder / f"{digest}.png"
    if not path.exists():
        partial = path.with_suffix(".partial")
        with default_storage.open(picture_name(digest)) as stored, partial.open("wb") as file:
            shutil.copyfileobj(stored, file)
        partial.replace(path)
    return path
