"""Rounds and the candidates that hang in them."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse

from curation.briefs.models import Brief


class Round(models.Model):
    """A span of time in which candidates for a brief are drawn, watched and judged."""

    class Status(models.TextChoices):
        OPEN = "open"
        CLOSED = "closed"
        CANCELLED = "cancelled"

    GRAPH = {
        Status.OPEN: frozenset({Status.CLOSED, Status.CANCELLED}),
        Status.CLOSED: frozenset(),
        Status.CANCELLED: frozenset(),
    }

    brief = models.ForeignKey(Brief, models.PROTECT, related_name="rounds")
    number = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=16, choices=Status, default=Status.OPEN)
    opened_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    candidates_wanted = models.PositiveSmallIntegerField()
    candidates_count = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(name="round_number_once", fields=["brief", "number"]),
            models.UniqueConstraint(
                name="round_one_open", fields=["brief"], condition=Q(status="open")
            ),
            models.CheckConstraint(
                name="round_status_known", condition=Q(status__in=["open", "closed", "cancelled"])
            ),
            models.CheckConstraint(
                name="round_closes_after_opening", condition=Q(closes_at__gt=models.F("opened_at"))
            ),
        )
        indexes = (
            models.Index(name="round_due", fields=["closes_at"], condition=Q(status="open")),
        )

    def __str__(self) -> str:
        return f"{self.brief} · round {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("round", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN

    @property
    def stream(self) -> str:
        """Name of this round's live stream."""
        return f"round-{self.pk}"


class Candidate(models.Model):
    """One picture and everything that made it.

    `digest` is the SHA-256 of the published file's bytes. While the round is open, the
    `SEALED` fields are told to nobody: adapters are public, so a seed would unblind a test.
    """

    class Status(models.TextChoices):
        HELD = "held"  # a validator stopped it before it hung; a moderator decides
        PUBLISHED = "published"
        HIDDEN = "hidden"
        DISQUALIFIED = "disqualified"

    GRAPH = {
        Status.HELD: frozenset({Status.PUBLISHED, Status.DISQUALIFIED}),
        Status.PUBLISHED: frozenset({Status.HIDDEN, Status.DISQUALIFIED}),
        Status.HIDDEN: frozenset({Status.PUBLISHED, Status.DISQUALIFIED}),
        Status.DISQUALIFIED: frozenset(),
    }
    SEALED = ("model_version", "base_hash", "adapter_hash", "seed", "job_key")

    digest = models.CharField(max_length=64, unique=True)
    round = models.ForeignKey(Round, models.PROTECT, related_name="candidates")
    status = models.CharField(max_length=16, choices=Status, default=Status.PUBLISHED)
    published_at = models.DateTimeField(auto_now_add=True)
    easel = models.CharField(max_length=24)  # the public name it had while being drawn
    trial = models.BooleanField(default=False)  # a twin of a blind test: no stakes, no standing

    agent = models.CharField(max_length=40)
    prompt = models.TextField(max_length=1000)
    negative_prompt = models.TextField(max_length=1000, blank=True)
    primitives = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    seed = models.BigIntegerField()
    scheduler = models.CharField(max_length=80)
    steps = models.PositiveSmallIntegerField()
    guidance = models.FloatField()
    width = models.PositiveSmallIntegerField()
    height = models.PositiveSmallIntegerField()

    model_version = models.CharField(max_length=80)
    base_hash = models.CharField(max_length=64)
    adapter_hash = models.CharField(max_length=64, blank=True)
    libraries = models.JSONField(default=dict)
    parents = models.ManyToManyField("self", symmetrical=False, blank=True, related_name="children")
    job_key = models.CharField(max_length=64, unique=True)
    worker = models.CharField(max_length=120)
    timings = models.JSONField(default=dict)
    size_bytes = models.PositiveIntegerField()

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                name="candidate_status_known",
                condition=Q(status__in=["held", "published", "hidden", "disqualified"]),
            ),
            models.CheckConstraint(
                name="candidate_digest_hex", condition=Q(digest__regex=r"^[0-9a-f]{64}$")
            ),
        )
        indexes = (
            models.Index(
                name="candidate_wall", fields=["round", "-id"], condition=Q(status="published")
            ),
            models.Index(name="candidate_held", fields=["id"], condition=Q(status="held")),
            models.Index(
                name="candidate_gone",
                fields=["digest"],
                condition=Q(status__in=["hidden", "disqualified"]),
            ),
        )

    def __str__(self) -> str:
        return f"{self.prompt} ({self.digest[:12]})"

    def get_absolute_url(self) -> str:
        return reverse("candidate", args=[self.digest])

    @property
    def file_url(self) -> str:
        return reverse("media-picture", args=[self.digest])

    @property
    def thumbnail_url(self) -> str:
        return reverse("media-thumbnail", args=[self.digest])
