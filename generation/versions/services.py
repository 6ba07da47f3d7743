"""Writes about model versions."""

from __future__ import annotations

from pathlib import Path

from django.db import transaction
from django.utils.text import slugify

from curation.status import advance
from generation.versions.models import ModelVersion

EMBEDDED_VOCABULARY = "emblems"


def _slug(base: str, base_hash: str) -> str:
    name = Path(ModelVersion(base=base).base_name).name  # of a hub id, what follows its owner
    return f"{slugify(name)[:40] or 'model'}-{base_hash[:8]}"


@transaction.atomic
def register_base(*, base: str, base_hash: str, vocabulary: str = "") -> ModelVersion:
    """Make a base model known and live; the one that was live retires.

    Registering the same weights again only notes where they lie now. What was made on weights that
    lay there before keeps no place: it cannot draw until those are registered again.
    """
    version, _created = ModelVersion.objects.get_or_create(
        base_hash=base_hash,
        adapter_hash="",
        defaults={"slug": _slug(base, base_hash), "base": base, "vocabulary": vocabulary},
    )
    alike = ModelVersion.objects.filter(base_hash=base_hash)
    alike.exclude(base=base).update(base=base)
    ModelVersion.objects.filter(base=base).exclude(base_hash=base_hash).update(base="")
    version.base = base
    others = ModelVersion.objects.select_for_update().filter(status=ModelVersion.Status.LIVE)
    if others.filter(base_hash=base_hash).exists():
        return version  # this base, or an adapter on it, is live
    for other in others:
        advance(other, ModelVersion.GRAPH, ModelVersion.Status.RETIRED)
    advance(version, ModelVersion.GRAPH, ModelVersion.Status.LIVE)
    return version
