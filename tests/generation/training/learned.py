"""A round that was learned from, in any state, without training anything."""

from __future__ import annotations

import itertools
import math

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from curation.galleries import files
from generation.models import (
    Challenge,
    ModelVersion,
    PreferenceDataset,
    RunPoint,
    TrainingRun,
    VersionEvent,
)
from generation.versions.files import adapter_name
from tests.factories import picture

_numbers = itertools.count(90_000)
STEPS = 120


def run_of(dataset: PreferenceDataset, reference: ModelVersion, **facts: object) -> TrainingRun:
    given = {"steps": STEPS, "seed": 7, "settings": {"steps": STEPS, "rank": 8, "safeguard": True}}
    return TrainingRun.objects.create(dataset=dataset, reference=reference, **(given | facts))


def measure(run: TrainingRun, steps: int) -> None:
    RunPoint.objects.bulk_create(
        RunPoint(
            run=run,
            step=step,
            loss=0.5 + 0.19 * math.exp(-step / 40) + 0.01 * math.sin(step),
            accuracy=None if step == 3 else 0.8 - 0.3 * math.exp(-step / 30),
            chosen_error=1 - 0.004 * step / STEPS,
            validation_error=1 + 0.05 * step / STEPS if step % 20 == 0 else None,
        )
        for step in range(1, steps + 1)
    )
    TrainingRun.objects.filter(pk=run.pk).update(step=steps)


def figures(*, passed: bool = True, side: int = 64) -> dict[str, object]:
    def drawn() -> str:
        return files.store_picture(picture(next(_numbers), side=side)).digest

    variance = 0.93 if passed else 0.61
    return {
        "beta": 312.5,
        "variance": variance,
        "held_out_accuracy": {"value": 0.71, "low": 0.58, "high": 0.81, "count": 55.0},
        "guards": [
            {"name": "variance", "value": variance, "limit": 0.8, "passed": passed, "says": "<b>"},
            {"name": "drift", "value": None, "limit": 1.15, "passed": True, "says": "fine"},
        ],
        "sheet": [
            {"prompt": f"an owl & {n // 4}", "seed": n, "challenger": drawn(), "reference": drawn()}
            for n in range(8)
        ],
    }


def finished(run: TrainingRun, *, passed: bool = True, status: str = "draft") -> ModelVersion:
    """A version of a finished run, its adapter in storage."""
    digest = f"{next(_numbers):064x}"
    default_storage.save(adapter_name(digest), ContentFile(b"an adapter"))
    version = ModelVersion.objects.create(
        slug=f"round-{run.dataset.round_id}-{digest[-8:]}",
        base=run.reference.base,
        base_hash=run.reference.base_hash,
        adapter=adapter_name(digest),
        adapter_hash=digest,
        parent=run.reference,
        status=status if passed else "retired",
        vocabulary="emblems",
    )
    VersionEvent.objects.create(version=version, kind="trained")
    TrainingRun.objects.filter(pk=run.pk).update(
        status="finished",
        step=run.steps,
        version=version,
        figures=figures(passed=passed),
        reason="" if passed else "Everything looks alike.",
        finished_at=timezone.now(),
    )
    run.refresh_from_db()
    return version


def challenge_of(version: ModelVersion, **facts: object) -> Challenge:
    given = {"wins": 60, "losses": 36, "ties": 4, "voters_count": 25, "status": "running"}
    return Challenge.objects.create(challenger=version, champion=version.parent, **(given | facts))
