"""Training runs as JSON: where they stand, and their curves."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Schema

from curation.apis import answers
from generation.training.curves import points_of
from generation.training.models import TrainingRun

router = Router(tags=["learning"])


class PointOut(Schema):
    """What one step measured; errors are ratios to the reference's."""

    step: int
    loss: float
    accuracy: float | None
    chosen_error: float | None
    validation_error: float | None


class TrainingRunOut(Schema):
    """A training run, with at most 400 points of its curves."""

    id: int
    round: int
    status: str
    phase: str
    reason: str
    step: int
    steps: int
    remaining_s: float | None
    reference: str
    version: str | None
    settings: dict[str, Any]
    figures: dict[str, Any]
    points: list[PointOut]


@router.get("/training-runs/{int:run_id}", response=answers(TrainingRunOut, 404, 429))
def training_run(request: HttpRequest, run_id: int) -> Any:
    """Where a run stands and what it measured."""
    runs = TrainingRun.objects.select_related("dataset", "reference", "version")
    run = get_object_or_404(runs, pk=run_id)
    return {
        "id": run.pk,
        "round": run.dataset.round_id,
        "status": run.status,
        "phase": run.phase,
        "reason": run.reason,
        "step": run.step,
        "steps": run.steps,
        "remaining_s": run.remaining_s,
        "reference": run.reference.slug,
        "version": run.version and run.version.slug,
        "settings": run.settings,
        "figures": run.figures,
        "points": points_of(run),
    }
