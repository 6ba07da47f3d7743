"""Queries about model versions."""

from __future__ import annotations

from generation.errors import GenerationError
from generation.versions.models import ModelVersion


class NoLiveVersion(GenerationError):
    """No model version is live, so nothing can be drawn."""


def live_version() -> ModelVersion:
    """The version that draws.

    Raises:
        NoLiveVersion: none was registered; `manage.py prepare` does it.
    """
    version = ModelVersion.objects.filter(status=ModelVersion.Status.LIVE).first()
    if version is None:
        raise NoLiveVersion("No model version is live: run `python manage.py prepare`.")
    return version
