"""A finished run is examined: accuracy on held-out prompts, sample sheet, variance, guards."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from PIL import Image

from curation.galleries import files
from generation.learning.evaluation import guards, noise_ceiling
from generation.learning.examining import examine
from generation.learning.rows import Row
from generation.learning.shares import Share
from generation.learning.trainer import Run
from generation.preferences.selectors import repeated
from generation.training.services import Hold, Trained
from generation.training.sheets import draw_sheet, drawn_until_clear
from generation.versions.files import adapter_name, store_adapter


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
        "part": run.prepared.family.part,
        "rank": run.slot.rank,  # the reference's, where that is larger than the recipe's
        "chosen_error": learned.chosen_error,
        "rejected_error": learned.rejected_error,
        "accuracy": _share(learned.accuracy),
        "drift": run.state.kept_drift,
        "steps": run.state.kept_step,
        "ended_early": run.state.ended,
    }
    if repeats := repeated(hold.run.dataset):
        figures["ceiling"] = asdict(noise_ceiling(*repeats))
    if held_out:
        figures["held_out_accuracy"] = _share(examine(run, held_out).accuracy)
        figures["held_out_rows"] = len(held_out)
    run.write_adapter()  # the checkpoint came with it or alone
    adapter = run.prepared.adapter
    digest = store_adapter(adapter)
    prompts = [row.prompt for row in batches.rows]
    sheets, ratio = drawn_until_clear(
        lambda part: draw_sheet(hold.run, prompts, adapter=adapter, part=part)
    )
    figures["variance"] = ratio.value if ratio else math.nan
    figures["variance_interval"] = [ratio.low, ratio.high] if ratio else None
    figures["variance_pictures"] = sum(len(sheet.samples) for sheet in sheets)
    figures["sheet"] = [
        asdict(sample) | {"challenger": _stored(one), "reference": _stored(other)}
        for sample, one, other in sheets[0].rows()
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


def _stored(image: Image.Image) -> str:
    return files.store_picture(image).digest


def _finite(value: Any) -> Any:
    """The figures as JSON can keep them: what is no number becomes null."""
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
