"""Sample sheets: the same prompts and seeds, drawn by what was trained and by its reference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from generation.agents.fresh import fresh_prompts
from generation.emblems.affinity import affinity
from generation.engines.protocol import Adapter, ModelSource, Request
from generation.jobs.drawing import engine
from generation.jobs.models import GenerationJob
from generation.learning.errors import PreferencesInvalid
from generation.learning.evaluation import LEAST_VARIANCE, VarianceRatio, variance_ratio
from generation.training import rules
from generation.training.models import TrainingRun
from generation.training.rules import SHEET_PROMPTS, SHEET_SEEDS, Sample
from generation.versions.files import local_adapter

FEATURE_PX = 16  # pictures are compared by their colours at this size
LEAST_SHEETS, MOST_SHEETS = 2, 4
PLAINLY = 0.05  # above or below the limit, about the standard error of two sheets


@dataclass(frozen=True, slots=True)
class Sheet:
    """Pictures in the order of the samples; a prompt's seeds lie side by side."""

    samples: list[Sample]
    challenger: list[Image.Image]
    reference: list[Image.Image]

    def rows(self) -> Iterator[tuple[Sample, Image.Image, Image.Image]]:
        """Each sample with both pictures of it."""
        return zip(self.samples, self.challenger, self.reference, strict=True)


def sheet_prompts(run: TrainingRun) -> list[str]:
    """What sheets are drawn for: fresh prompts of the round's brief, as its next rounds have.

    Empty where none can be composed. Prompts that were trained on say too little of what members
    will see: pictures of these are learned one by one, and vary less.
    """
    return fresh_prompts(
        round_=run.dataset.round,
        vocabulary=run.reference.vocabulary,
        count=MOST_SHEETS * SHEET_PROMPTS,
        affinity=affinity,
    )


def draw_sheet(
    run: TrainingRun,
    prompts: Sequence[str],
    *,
    adapter: Path,
    part: int = 0,
    reference: list[Image.Image] | None = None,
) -> Sheet:
    """A part of a run's sheet; empty for a round whose pictures came from elsewhere.

    Args:
        reference: what its reference drew for this part, if it did so before.
    """
    how = GenerationJob.objects.filter(round=run.dataset.round_id).first()
    if how is None:
        return Sheet([], [], [])
    samples = rules.sheet(prompts, seed=run.dataset.round_id, part=part)
    base, theirs = run.reference.base, local_adapter(run.reference)
    ours = _drawn(how, samples, base, adapter)
    return Sheet(samples, ours, reference or _drawn(how, samples, base, theirs))


def _drawn(
    how: GenerationJob, samples: Sequence[Sample], base: str, adapter: Path | None
) -> list[Image.Image]:
    ready = engine()
    ready.load(ModelSource(base, (Adapter("sheet", adapter),) if adapter else ()))
    requests = [
        Request(
            prompt=sample.prompt,
            negative_prompt=how.negative_prompt,
            seed=sample.seed,
            steps=how.steps,
            guidance=how.guidance,
            width=how.width,
            height=how.height,
        )
        for sample in samples
    ]
    return [picture.image for picture in ready.generate(requests)]


def drawn_until_clear(
    draw: Callable[[int], Sheet], *, is_final: bool = True
) -> tuple[list[Sheet], VarianceRatio | None]:
    """Parts of a sheet until it is plain whether pictures vary enough, `MOST_SHEETS` at most.

    Sixteen pictures of an adapter that varies .93 times as much gave .77 to 1.08. Where one of
    their four prompts varies far more than the others its ratio is nearly the whole figure, and
    an interval over prompts much too narrow; so figures are asked for, not intervals, and nothing
    is refused for good before all is drawn.

    Args:
        is_final: whether what varies too little is refused, not followed less far; else
            `LEAST_SHEETS` are enough where it `PLAINLY` does.

    Returns:
        the sheets, and the variance within a prompt ÷ the reference's; None when nothing varies.
    """
    sheets: list[Sheet] = []
    while True:
        sheets.append(draw(len(sheets)))
        ratio = _variety(sheets)
        above = ratio.value - LEAST_VARIANCE if ratio else 0.0
        is_plain = above >= PLAINLY or (above < -PLAINLY and not is_final)
        if (
            (is_plain and len(sheets) >= LEAST_SHEETS)
            or len(sheets) == MOST_SHEETS
            or not sheets[-1].samples
        ):
            return sheets, ratio


def _variety(sheets: Sequence[Sheet]) -> VarianceRatio | None:
    ours = [image for sheet in sheets for image in sheet.challenger]
    theirs = [image for sheet in sheets for image in sheet.reference]
    if not ours:
        return None
    try:
        return variance_ratio(_features(ours), _features(theirs))
    except PreferencesInvalid:
        return None


def _features(images: Sequence[Image.Image]) -> Tensor:
    """Colours at `FEATURE_PX`, (prompts, seeds, 3·FEATURE_PX²) in [0, 1]."""
    small = [image.convert("RGB").resize((FEATURE_PX, FEATURE_PX)) for image in images]
    flat = torch.stack([torch.tensor(list(image.tobytes())) for image in small]).float() / 255
    return flat.view(-1, SHEET_SEEDS, flat.shape[1])
