"""Agents, and the primitives they compose prompts from."""

from __future__ import annotations

from django.db import models


class Agent(models.Model):
    """A designer with a manner: how bold its choices are and how it has the model draw."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=60)
    manner = models.CharField(max_length=200)
    boldness = models.FloatField(default=0.5)  # softmax temperature of its choices, (0, 2]
    seeds_per_prompt = models.PositiveSmallIntegerField(default=4)
    steps = models.PositiveSmallIntegerField(default=12)
    guidance = models.FloatField(default=3.0)
    width = models.PositiveSmallIntegerField(default=256)
    height = models.PositiveSmallIntegerField(default=256)
    active = models.BooleanField(default=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="agent_settings_sane",
                condition=models.Q(boldness__gt=0, boldness__lte=2)
                & models.Q(seeds_per_prompt__range=(4, 64))
                & models.Q(steps__range=(1, 200)),
            ),
        )

    def __str__(self) -> str:
        return self.name


class Primitive(models.Model):
    """A creative building block the model of its vocabulary was taught."""

    class Kind(models.TextChoices):
        MOTIF = "motif"
        COLOUR = "colour"
        PALETTE = "palette"
        FRAME = "frame"
        PATTERN = "pattern"
        STYLE = "style"  # how a motif is drawn; its gloss is said before it
        ORNAMENT = "ornament"  # its gloss is said after everything that carries it

    vocabulary = models.SlugField(max_length=40)
    kind = models.CharField(max_length=16, choices=Kind)
    name = models.CharField(max_length=60)
    gloss = models.CharField(max_length=300, blank=True)  # what it brings to mind
    parts = models.JSONField(default=list)  # a palette's colours: ground, frame, motif, border
    active = models.BooleanField(default=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="primitive_once", fields=["vocabulary", "kind", "name"]),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"
