"""A finished run is examined: accuracy on held-out prompts, sample sheet, variance, guards."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from PIL import Image

from curation.galleries import files
from generation.learning.evaluation import (
    LEAST_VARIANCE,
    Guard,
    VarianceRatio,
    guards,
    noise_ceiling,
)
from generation.learning.examining import Examination, examine
from generation.learning.rows import Row
from generation.learning.shares import Share
from generation.learning.trainer import Run
from generation.preferences.selectors import repeated
from generation.training import services
from generation.training.services import Hold, Trained
from generation.training.sheets import (
    MOST_SHEETS,
    Sheet,
    draw_sheet,
    drawn_until_clear,
    sheet_prompts,
)
from generation.versions.files import adapter_name, store_adapter

STEP_BACK = 0.7  # of the way from where a run began to what it learned, or to what was refused
LEAST_SHARE = 0.25  # of that way; less would hardly be another version
VARIETY_SOUGHT = LEAST_VARIANCE + 0.03  # by a shorter way


@dataclass(frozen=True, slots=True)
class _Found:
    """What the guards say of an adapter, and what they say it by."""

    learned: Examination
    drift: float
    sheets: list[Sheet]
    variance: VarianceRatio | None
    guards: list[Guard]

    @property
    def says_nothing(self) -> bool:
        """Whether there was nothing to tell variety by, as there will be at no other share."""
        return bool(self.sheets) and self.variance is None

    @property
    def refusal(self) -> str:
        failed = (guard.says for guard in self.guards if not guard.passed)
        return " ".join(f"{says[0].upper()}{says[1:]}." for says in failed)


def examined(hold: Hold, run: Run, held_out: Sequence[Row]) -> Trained:
    """Everything that is known of a finished run's adapter, with the adapter in storage.

    What fails a guard goes back a part of the way it came, while there is something left: a
    taste that narrows too much, or moves too far, is followed less far.
    """
    batches = run.prepared.batches
    came, words = run.average.clone(), run.state.ended
    fresh = sheet_prompts(hold.run)
    prompts = fresh or [row.prompt for row in batches.rows]
    reference: dict[int, list[Image.Image]] = {}  # drawn once, by part
    share, drift = 1.0, run.state.kept_drift
    while True:
        found = _look(hold, run, share, drift, prompts=prompts, reference=reference)
        if not found.refusal or found.says_nothing or _is_last(share):
            break
        if share == 1:
            words = f"{words} {found.refusal}".strip()
        share = _shorter(share, found.variance)
        drift = run.go_part_of_the_way(came, share)
    if share < 1:
        words = f"{words} So it went back to {share:.0%} of the way it had come."
    learned, ratio = found.learned, found.variance
    figures: dict[str, Any] = {
        "beta": run.state.beta,
        "rows": len(batches.rows),
        "part": run.prepared.family.part,
        "rank": run.slot.rank,  # the reference's, where that is larger than the recipe's
        "chosen_error": learned.chosen_error,
        "rejected_error": learned.rejected_error,
        "accuracy": _share(learned.accuracy),
        "drift": drift,
        "steps": run.state.kept_step,
        "share": share,
        "ended_early": words,
        "variance": ratio.value if ratio else math.nan,
        "variance_interval": [ratio.low, ratio.high] if ratio else None,
        "variance_pictures": sum(len(sheet.samples) for sheet in found.sheets),
        "guards": [asdict(guard) for guard in found.guards],
    }
    if repeats := repeated(hold.run.dataset):
        figures["ceiling"] = asdict(noise_ceiling(*repeats))
    if held_out:
        figures["held_out_accuracy"] = _share(examine(run, held_out).accuracy)
        figures["held_out_rows"] = len(held_out)
    digest = store_adapter(run.prepared.adapter)
    figures["sheet_is_fresh"] = bool(fresh)
    figures["sheet"] = [
        asdict(sample) | {"challenger": _stored(one), "reference": _stored(other)}
        for sample, one, other in found.sheets[0].rows()
    ]
    return Trained(
        adapter=adapter_name(digest),
        adapter_hash=digest,
        figures=_finite(figures),
        refusal=found.refusal,
    )


def _is_last(share: float) -> bool:
    return share * STEP_BACK < LEAST_SHARE


def _shorter(share: float, variance: VarianceRatio | None) -> float:
    """The next share to look at.

    Variety is lost about as one goes, so that the whole way, looked at once, says how far is
    not too far.
    """
    step = STEP_BACK
    if variance is not None and variance.value < LEAST_VARIANCE:
        step = min(step, (1 - VARIETY_SOUGHT) / (1 - variance.value))
    return max(share * step, LEAST_SHARE)


def _look(
    hold: Hold,
    run: Run,
    share: float,
    drift: float,
    *,
    prompts: Sequence[str],
    reference: dict[int, list[Image.Image]],
) -> _Found:
    """Write the adapter's file, and see what the guards say of it.

    The sheet's pictures are drawn by the engine that draws for rounds, from the file as it will
    be loaded there. None are drawn of what goes back anyway.
    """
    rows = run.prepared.batches.rows
    learned = examine(run, rows)
    run.write_adapter()  # the checkpoint came with it or alone
    adapter, is_last = run.prepared.adapter, _is_last(share)
    said = guards(variance=1.0, chosen_error=learned.chosen_error, drift=drift)
    if not is_last and not all(guard.passed for guard in said):
        return _Found(learned, drift, [], None, said)

    def draw(part: int) -> Sheet:
        way = "" if share == 1 else f" at {share:.0%}"
        phase = f"is examined{way}, sheet {part + 1} of {MOST_SHEETS}"
        services.note_progress(hold=hold, phase=phase)
        drawn = reference.get(part)
        sheet = draw_sheet(hold.run, prompts, adapter=adapter, part=part, reference=drawn)
        reference[part] = sheet.reference
        return sheet

    sheets, ratio = drawn_until_clear(draw, is_final=is_last)
    variance = ratio.value if ratio else math.nan
    said = guards(variance=variance, chosen_error=learned.chosen_error, drift=drift)
    return _Found(learned, drift, sheets, ratio, said)


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
