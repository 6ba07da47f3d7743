"""What the indexer keeps: blocks it believes in, their logs, and how far it got."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Block(models.Model):
    """A block we followed, by the hash we believe it has."""

    number = models.PositiveBigIntegerField(primary_key=True)
    hash = models.CharField(max_length=64)
    parent_hash = models.CharField(max_length=64)
    at = models.DateTimeField()


class Log(models.Model):
    """A log of one of our contracts, as the node gave it; projections come from these alone."""

    block = models.ForeignKey(Block, models.CASCADE, related_name="logs")
    log_index = models.PositiveIntegerField()
    tx_hash = models.CharField(max_length=64)
    address = models.CharField(max_length=42)
    topics = ArrayField(models.CharField(max_length=64))
    data = models.BinaryField()

    class Meta:
        ordering = ("block_id", "log_index")
        constraints = (models.UniqueConstraint(name="log_once", fields=["block", "log_index"]),)
        # The first argument after the event's name: a round, or who paid.
        indexes = (models.Index(models.F("topics__1"), name="chain_log_about"),)


class Progress(models.Model):
    """How far one chain was followed. There is one row for each chain."""

    chain_id = models.PositiveBigIntegerField(primary_key=True)
    follows = models.JSONField(default=dict)  # address of each contract, by its deployment's name
    next_block = models.PositiveBigIntegerField()
    final_block = models.PositiveBigIntegerField(default=0)  # never rolled back below this
    head_block = models.PositiveBigIntegerField(default=0)  # the node's, when last asked
    halted = models.TextField(blank=True)  # why it stopped; empty while it goes on
    updated_at = models.DateTimeField(auto_now=True)
