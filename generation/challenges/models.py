"""Blind tests of a challenger against the champion, held inside the rounds that follow."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from curation.models import Round
from generation.versions.models import ModelVersion


class Challenge(models.Model):
    """One challenger's test. Decided between rounds only, so that nothing leaks from one."""

    class Status(models.TextChoices):
        WAITING = "waiting"  # for a round
        RUNNING = "running"
        PROMOTED = "promoted"
        REJECTED = "rejected"  # not better, or not to be told apart
        WITHDRAWN = "withdrawn"  # the champion changed, or somebody called it off

    GRAPH = {
        Status.WAITING: frozenset({Status.RUNNING, Status.WITHDRAWN}),
        Status.RUNNING: frozenset({Status.PROMOTED, Status.REJECTED, Status.WITHDRAWN}),
        Status.PROMOTED: frozenset(),
        Status.REJECTED: frozenset(),
        Status.WITHDRAWN: frozenset(),
    }

    challenger = models.OneToOneField(ModelVersion, models.PROTECT, related_name="challenge")
    champion = models.ForeignKey(ModelVersion, models.PROTECT, related_name="+")
    status = models.CharField(max_length=12, choices=Status, default=Status.WAITING)
    created_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)  # of the decision, for people
    # What closed rounds came to so far.
    state = models.JSONField(default=dict)  # of the sequential test
    wins = models.PositiveIntegerField(default=0)  # ballots for the challenger's picture
    losses = models.PositiveIntegerField(default=0)
    ties = models.PositiveIntegerField(default=0)
    voters_count = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                name="challenge_status_known",
                condition=Q(status__in=["waiting", "running", "promoted", "rejected", "withdrawn"]),
            ),
            models.UniqueConstraint(
                name="challenge_one_at_a_time",
                fields=["champion"],
                condition=Q(status__in=["waiting", "running"]),
            ),
        )


class TwinPrompt(models.Model):
    """A prompt composed beside a round's own, for twins of a test that runs, or begins, in it."""

    round = models.ForeignKey(Round, models.PROTECT, related_name="twin_prompts")
    prompt = models.TextField(max_length=1000)
    primitives = models.JSONField(default=list)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(name="twin_prompt_once", fields=["round", "prompt"]),
        )


class TwinPair(models.Model):
    """One prompt and seed, drawn by both; which is whose is sealed until the round closes."""

    challenge = models.ForeignKey(Challenge, models.PROTECT, related_name="twins")
    round = models.ForeignKey(Round, models.PROTECT, related_name="twins")
    prompt = models.TextField(max_length=1000)
    seed = models.BigIntegerField()
    champion_job = models.CharField(max_length=64, unique=True)  # key of its generation job
    challenger_job = models.CharField(max_length=64, unique=True)
    counted_at = models.DateTimeField(null=True, blank=True)  # its answers went into the test
    hung = models.BooleanField(
        default=True
    )  # when it was counted; what comes later changes nothing

    class Meta:
        constraints = (
            models.UniqueConstraint(name="twin_pair_once", fields=["round", "prompt", "seed"]),
        )


class VersionEvent(models.Model):
    """What happened to a model version; only ever added to."""

    class Kind(models.TextChoices):
        TRAINED = "trained"
        GUARDED = "guarded"  # a guard refused it
        CHALLENGED = "challenged"
        PROMOTED = "promoted"
        REJECTED = "rejected"
        ROLLED_BACK = "rolled_back"
        MARKED = "marked"  # trained on what was taken down since

    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="events")
    kind = models.CharField(max_length=12, choices=Kind)
    at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )  # nobody: it happened by rule
    reason = models.TextField(blank=True)
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ("-id",)
