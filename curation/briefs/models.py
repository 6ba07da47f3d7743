"""Briefs: what a sponsor asks for."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse


class Brief(models.Model):
    """A request for a design; rounds are opened for it until it is completed or withdrawn."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        COMPLETED = "completed"
        WITHDRAWN = "withdrawn"

    GRAPH = {
        Status.ACTIVE: frozenset({Status.COMPLETED, Status.WITHDRAWN}),
        Status.COMPLETED: frozenset(),
        Status.WITHDRAWN: frozenset(),
    }

    slug = models.SlugField(max_length=80, unique=True)
    posted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="briefs"
    )  # nobody: the house itself
    title = models.CharField(max_length=120)
    purpose = models.TextField(max_length=2000)
    must = models.CharField(max_length=500, blank=True)
    must_not = models.CharField(max_length=500, blank=True)
    palette = ArrayField(models.CharField(max_length=24), default=list, blank=True)
    deadline = models.DateTimeField(null=True, blank=True)
    rounds_planned = models.PositiveSmallIntegerField(default=3)
    candidates_per_round = models.PositiveSmallIntegerField(default=48)
    round_minutes = models.PositiveIntegerField(default=60)
    status = models.CharField(max_length=16, choices=Status, default=Status.ACTIVE)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                name="brief_status_known",
                condition=Q(status__in=["active", "completed", "withdrawn"]),
            ),
            models.CheckConstraint(
                name="brief_amounts_sane",
                condition=Q(rounds_planned__range=(1, 100))
                & Q(candidates_per_round__range=(4, 5000))
                & Q(round_minutes__range=(1, 60 * 24 * 30)),
            ),
        )

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("brief", args=[self.slug])
