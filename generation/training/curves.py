"""What a run measured, thinned to what a chart can show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from generation.training.models import RunPoint, TrainingRun

T = TypeVar("T")
MOST_POINTS = 400
FIELDS = ("step", "loss", "accuracy", "chosen_error", "validation_error")


def thinned(items: Sequence[T], most: int) -> list[T]:
    """At most so many of them, evenly spread; the first and the last stay."""
    if len(items) <= most:
        return list(items)
    gap = (len(items) - 1) / (most - 1)
    return [items[round(number * gap)] for number in range(most)]


def points_of(run: TrainingRun, most: int = MOST_POINTS) -> list[dict[str, Any]]:
    """A run's points by step; half the room is for the rare steps that validated."""
    points = RunPoint.objects.filter(run=run).order_by("step")
    steps = list(points.values_list("step", flat=True))
    if len(steps) > most:
        validated = points.filter(validation_error__isnull=False).values_list("step", flat=True)
        steps = thinned(steps, most // 2) + thinned(list(validated), most // 2)
        points = points.filter(step__in=steps)
    return list(points.values(*FIELDS))
