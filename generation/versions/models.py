"""Model versions: a base model plus at most one adapter."""

from __future__ import annotations

from pathlib import Path

from django.db import models
from django.db.models import Q


class ModelVersion(models.Model):
    """What draws. Identified by its hashes, so a moved folder is the same version."""

    class Status(models.TextChoices):
        DRAFT = "draft"
        CHALLENGER = "challenger"
        LIVE = "live"
        RETIRED = "retired"

    GRAPH = {
        Status.DRAFT: frozenset({Status.CHALLENGER, Status.LIVE, Status.RETIRED}),
        Status.CHALLENGER: frozenset({Status.LIVE, Status.RETIRED}),
        Status.LIVE: frozenset({Status.RETIRED}),
        Status.RETIRED: frozenset({Status.LIVE}),  # a rollback
    }

    slug = models.SlugField(max_length=80, unique=True)
    base = models.CharField(max_length=500)  # folder or hub id; empty once its weights are gone
    base_hash = models.CharField(max_length=64)
    adapter = models.CharField(max_length=500, blank=True)  # path of its safetensors
    adapter_hash = models.CharField(max_length=64, blank=True)
    vocabulary = models.SlugField(max_length=40, blank=True)  # which primitives it knows
    status = models.CharField(max_length=16, choices=Status, default=Status.DRAFT)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )  # the reference it was trained against; none for a base
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="version_identity_once", fields=["base_hash", "adapter_hash"]
            ),
            models.UniqueConstraint(
                name="version_one_live", fields=["status"], condition=Q(status="live")
            ),
            models.CheckConstraint(
                name="version_status_known",
                condition=Q(status__in=["draft", "challenger", "live", "retired"]),
            ),
        )

    def __str__(self) -> str:
        return self.slug

    @property
    def base_name(self) -> str:
        """What the base is called: a hub id, or the folder that is named after the model."""
        if not self.base:
            return f"weights {self.base_hash[:8]}, which are not here any more"
        path = Path(self.base)
        if not path.is_absolute():
            return self.base
        return path.parent.name if path.name == "weights" else path.name
