"""A finished run is examined: accuracy on held-out prompts, sample sheet, variance, guards."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from curation.galleries import files
from generation.engines.protocol import Adapter, ModelSource, Request
from generation.jobs.drawing import engine
from generation.jobs.models import GenerationJob
from generation.learning.errors import PreferencesInvalid
from generation.learning.evaluation import guards, variance_ratio
from generation.learning.examining import examine
from generation.learning.rows import Row
from generation.learning.shares import Share
from generation.learning.trainer import Run
from generation.training import rules
from generation.training.rules import Sample
from generation.training.services import Hold, Trained
from generation.versions.files import adapter_name, local_adapter, store_adapter

FEATURE_PX = 16  # pictures are compared by their colours at this size
Sheet = list[Image.Image]


def examined(hold: Hold, run: Run, held_out: Sequence[Row]) -> Trained:
    """Everything that is known of a finished run's adapter, with the adapter in storage.

    The sheet's pictures are drawn by the engine that draws for rounds, from the file as it will
    be loaded there.
    """
    batches = run.prepared.batches
    learned = examine(run, batches.rows)
    figures: dict[str, Any] = {
        "beta": run.state.beta,
        "rows": len(batches.rows),
        "chosen_error": learned.chosen_error,
        "rejected_error": learned.rejected_error,
        "accuracy": _share(learned.accuracy),
        "drift": run.state.kept_drift,
        "steps": run.state.kept_step,
        "ended_early": run.state.ended,
    }
    if held_out:
        figures["held_out_accuracy"] = _share(examine(run, held_out).accuracy)
        figures["held_out_rows"] = len(held_out)
    adapter, reference = run.prepared.adapter, hold.run.reference
    digest = store_adapter(adapter)
    prompts = [row.prompt for row in batches.rows]
    samples = rules.sheet(prompts, seed=hold.run.dataset.round_id)
    ours = _drawn(hold, samples, reference.base, adapter)
    theirs = _drawn(hold, samples, reference.base, local_adapter(reference))
    figures["variance"] = _variance(samples, ours, theirs)
    figures["sheet"] = [
        asdict(sample) | {"challenger": _stored(one), "reference": _stored(other)}
        for sample, one, other in zip(samples, ours, theirs, strict=True)
    ]
    found = guards(
        variance=figures["variance"],
        chosen_error=learned.chosen_error,
        drift=figures["drift"],
    )
    figures["guards"] = [asdict(guard) for guard in found]
    refusal = " ".join(
        f"{guard.says[0].upper()}{guard.says[1:]}." for guard in found if not guard.passed
    )
    return Trained(
        adapter=adapter_name(digest),
        adapter_hash=digest,
        figures=_finite(figures),
        refusal=refusal,
    )


def _share(share: Share) -> dict[str, float]:
    return asdict(share)


def _drawn(hold: Hold, samples: Sequence[Sample], base: str, adapter: Path | None) -> Sheet:
    how = GenerationJob.objects.filter(round=hold.run.dataset.round_id).first()
    if how is None:  # a round whose pictures came from elsewhere
        return []
    adapters = (Adapter("sheet", adapter),) if adapter else ()
    ready = engine()
    ready.load(ModelSource(base, adapters))
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


def _features(images: Sequence[Image.Image], prompts: int) -> Tensor:
    """Colours at `FEATURE_PX`, (prompts, seeds, 3·FEATURE_PX²) in [0, 1]."""
    small = [image.convert("RGB").resize((FEATURE_PX, FEATURE_PX)) for image in images]
    flat = torch.stack([torch.tensor(list(image.tobytes())) for image in small]).float() / 255
    return flat.view(prompts, -1, flat.shape[1])


def _variance(samples: Sequence[Sample], ours: Sheet, theirs: Sheet) -> float:
    prompts = len({sample.prompt for sample in samples})
    try:
        return variance_ratio(_features(ours, prompts), _features(theirs, prompts))
    except PreferencesInvalid:
        return math.nan  # nothing varies, so nothing is known: the guard says so


def _stored(image: Image.Image) -> str:
    return files.store_picture(image).digest


def _finite(value: Any) -> Any:
    """The figures as JSON can keep them: what is no number becomes null."""
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
