"""Status graphs: which status may follow which, kept beside each model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import models

from curation.errors import CurationError


class TransitionRefused(CurationError):
    """The status graph has no such step."""


def advance(
    instance: models.Model, graph: Mapping[Any, frozenset[Any]], to: str, *fields: str
) -> None:
    """Move a row along its graph with one conditional UPDATE, so that racing movers can't both win.

    `fields` are saved with it.

    Raises:
        TransitionRefused: the graph has no such step, or another process moved the row first.
    """
    before = instance.status  # type: ignore[attr-defined]
    name = type(instance).__name__
    if to not in graph[before]:
        raise TransitionRefused(f"{name} {instance.pk} cannot go from {before} to {to}.")
    values = {field: getattr(instance, field) for field in fields}
    manager = type(instance)._default_manager  # noqa: SLF001 - Django's documented spelling
    moved = manager.filter(pk=instance.pk, status=before).update(status=to, **values)
    if not moved:
        raise TransitionRefused(f"{name} {instance.pk} is no longer {before}.")
    instance.status = to  # type: ignore[attr-defined]
