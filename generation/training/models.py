"""Training runs: from a preference dataset to an adapter, in slices that survive anything."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from generation.preferences.models import PreferenceDataset
from generation.versions.models import ModelVersion


class TrainingRun(models.Model):
    """One adapter in the making. A worker claims it with a lease and a fencing token."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        FINISHED = "finished"  # a version came of it
        STOPPED = "stopped"  # a guard stopped it; `reason` says which
        DEAD = "dead"  # its worker failed too often

    GRAPH = {
        Status.QUEUED: frozenset({Status.RUNNING, Status.STOPPED, Status.DEAD}),
        Status.RUNNING: frozenset({Status.QUEUED, Status.FINISHED, Status.STOPPED, Status.DEAD}),
        Status.FINISHED: frozenset(),
        Status.STOPPED: frozenset(),
        Status.DEAD: frozenset({Status.QUEUED}),  # somebody has it tried again
    }

    dataset = models.OneToOneField(PreferenceDataset, models.PROTECT, related_name="run")
    reference = models.ForeignKey(ModelVersion, models.PROTECT, related_name="+")  # the champion
    version = models.OneToOneField(
        ModelVersion, models.PROTECT, null=True, blank=True, related_name="run"
    )  # what came of it
    status = models.CharField(max_length=12, choices=Status, default=Status.QUEUED)
    settings = models.JSONField(default=dict)  # hyper-parameters, as given and as calibrated
    seed = models.BigIntegerField()
    phase = models.CharField(max_length=40, blank=True)  # what it does now, for people
    step = models.PositiveIntegerField(default=0)  # the furthest it has been
    steps = models.PositiveIntegerField()
    remaining_s = models.FloatField(null=True, blank=True)
    figures = models.JSONField(default=dict)  # held-out accuracy, variance ratio, drift, guards
    reason = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    fence = models.PositiveIntegerField(default=0)  # grows with every claim
    lease_until = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=120, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)  # handed to the broker
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                name="training_run_status_known",
                condition=Q(status__in=["queued", "running", "finished", "stopped", "dead"]),
            ),
            models.UniqueConstraint(
                name="training_run_one_at_a_time",
                fields=["reference"],
                condition=Q(status__in=["queued", "running"]),
            ),
        )

    def __str__(self) -> str:
        return f"training run {self.pk}"

    @property
    def stream(self) -> str:
        """Name of this run's live stream."""
        return f"run-{self.pk}"


class RunPoint(models.Model):
    """What a run measured at one step."""

    run = models.ForeignKey(TrainingRun, models.CASCADE, related_name="points", db_index=False)
    step = models.PositiveIntegerField()
    loss = models.FloatField()
    accuracy = models.FloatField(null=True)  # of the implicit reward, on the batch; none if all tie
    chosen_error = models.FloatField(null=True)  # ÷ the reference's
    validation_error = models.FloatField(null=True)  # denoising, ÷ the reference's

    class Meta:
        ordering = ("run_id", "step")
        constraints = (models.UniqueConstraint(name="run_point_once", fields=["run", "step"]),)
