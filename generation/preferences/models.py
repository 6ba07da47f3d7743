"""Preference datasets: what a closed round's ballots say of pairs that share a prompt.

A dataset is made once and never changed. Digests, roots and hashes are lower-case hex without 0x.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from curation.models import Round


class PreferenceDataset(models.Model):
    """Rows from one round, and from earlier ones replayed, under one Merkle root."""

    round = models.OneToOneField(Round, models.PROTECT, related_name="preference_dataset")
    created_at = models.DateTimeField(auto_now_add=True)
    root = models.CharField(max_length=64, blank=True)  # over the rows' leaves; none without rows
    rows_count = models.PositiveIntegerField()
    replayed_count = models.PositiveIntegerField()  # of these, from earlier rounds
    ballots_count = models.PositiveIntegerField()
    voters_count = models.PositiveIntegerField()
    effective_count = models.FloatField()  # Kish: (Σw)² / Σw²
    excluded = models.JSONField(default=dict)  # reason → how many ballots or pairs
    unfit = models.TextField(blank=True)  # why nothing is trained on it, for people
    parameters = models.JSONField(default=dict)
    files = models.JSONField(default=dict)  # "jsonl", "parquet" → name in storage, SHA-256, bytes

    def __str__(self) -> str:
        return f"dataset {self.pk}"


class PreferenceRow(models.Model):
    """One unordered pair of one prompt, with all that its ballots come to."""

    dataset = models.ForeignKey(
        PreferenceDataset, models.PROTECT, related_name="rows", db_index=False
    )
    index = models.PositiveIntegerField()  # place in the dataset
    round = models.ForeignKey(Round, models.PROTECT, related_name="+")  # where it was voted on
    prompt = models.TextField(max_length=1000)
    chosen = models.CharField(max_length=64)  # digest of the more likely one
    rejected = models.CharField(max_length=64)
    label = models.FloatField()  # q: posterior that `chosen` is preferred, [1/2, 1)
    weight = models.FloatField()  # w, mean 1 over the dataset
    replayed = models.BooleanField(default=False)
    ballots = ArrayField(models.CharField(max_length=64))  # digests of those that counted
    leaf = models.CharField(max_length=64)  # SHA-256 of the row's canonical JSON

    class Meta:
        ordering = ("dataset_id", "index")
        indexes = (
            models.Index(name="preference_row_chosen", fields=["chosen"]),
            models.Index(name="preference_row_rejected", fields=["rejected"]),
        )
        constraints = (
            models.UniqueConstraint(name="preference_row_once", fields=["dataset", "index"]),
            models.CheckConstraint(
                name="preference_row_sane",
                condition=Q(label__gte=0.5, label__lt=1, weight__gte=0) & ~Q(chosen=F("rejected")),
            ),
        )
