"""Generation jobs: one job, one candidate, whatever is killed meanwhile."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from curation.models import Round
from generation.agents.models import Agent
from generation.versions.models import ModelVersion

MOST_ATTEMPTS = 3


class GenerationJob(models.Model):
    """A picture to draw. A worker claims it with a lease and a fencing token.

    `fence` grows with every claim; only the holder of the newest may finish the job.
    """

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        DEAD = "dead"  # three attempts failed; moderators see it
        CANCELLED = "cancelled"  # its round closed first

    key = models.CharField(max_length=64, unique=True)
    round = models.ForeignKey(Round, models.PROTECT, related_name="+")
    agent = models.ForeignKey(Agent, models.PROTECT, related_name="+")
    model_version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="+")
    easel = models.CharField(max_length=24, unique=True)

    prompt = models.TextField(max_length=1000)
    negative_prompt = models.TextField(max_length=1000, blank=True)
    primitives = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    believed = models.BooleanField(default=False)  # composed by what the agent learnt, too
    seed = models.BigIntegerField()
    steps = models.PositiveSmallIntegerField()
    guidance = models.FloatField()
    width = models.PositiveSmallIntegerField()
    height = models.PositiveSmallIntegerField()

    status = models.CharField(max_length=16, choices=Status, default=Status.QUEUED)
    due_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    fence = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=120, blank=True)
    error = models.TextField(max_length=2000, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="job_never_twice", fields=["prompt", "seed", "model_version"]
            ),
            models.CheckConstraint(
                name="job_status_known",
                condition=Q(status__in=["queued", "running", "done", "dead", "cancelled"]),
            ),
            models.CheckConstraint(
                name="job_running_has_lease",
                condition=~Q(status="running") | Q(lease_until__isnull=False),
            ),
            models.CheckConstraint(
                name="job_attempts_bounded", condition=Q(attempts__lte=MOST_ATTEMPTS)
            ),
        )
        indexes = (
            models.Index(
                name="job_waiting",
                fields=["status", "due_at"],
                condition=Q(status__in=["queued", "running"]),
            ),
        )

    def __str__(self) -> str:
        return f"job {self.pk} ({self.status})"
