"""What the site itself sends to the chain, so that a crash neither loses nor repeats it."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class Deployment(models.Model):
    """A contract the site works with, and where it was deployed."""

    chain_id = models.PositiveBigIntegerField()
    name = models.CharField(max_length=40)
    address = models.CharField(max_length=42)
    block_number = models.PositiveBigIntegerField()
    tx_hash = models.CharField(max_length=64)
    code_hash = models.CharField(max_length=64)  # SHA-256 of the creation code
    compiler = models.CharField(max_length=120)
    arguments = models.JSONField(default=dict)
    deployed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="deployment_once", fields=["chain_id", "name"]),
        )


class Transaction(models.Model):
    """A transaction of one of the site's keys, unique by its receiver and what it is for.

    `sent` means signed and stored; whether it reached a node is found out afterwards. `included`
    may have failed: it has a reason then, and is `failed` once that is final. The way back from
    `final` is for the embedded chain alone, which a kill robs of its last blocks.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        SENT = "sent"
        INCLUDED = "included"
        FINAL = "final"
        FAILED = "failed"

    GRAPH = {
        Status.PENDING: frozenset({Status.SENT, Status.FAILED}),
        Status.SENT: frozenset({Status.INCLUDED, Status.FAILED, Status.PENDING}),
        Status.INCLUDED: frozenset({Status.FINAL, Status.SENT, Status.FAILED}),
        Status.FINAL: frozenset({Status.SENT}),
        Status.FAILED: frozenset({Status.PENDING}),
    }

    purpose = models.CharField(max_length=120)  # "open round 7", "anchor <root>"
    chain_id = models.PositiveBigIntegerField()
    sender = models.CharField(max_length=42)
    nonce = models.PositiveBigIntegerField(null=True)
    to = models.CharField(max_length=42, blank=True)  # empty: creates a contract
    data = models.BinaryField()
    gas = models.PositiveBigIntegerField(null=True)
    max_fee_wei = models.DecimalField(max_digits=78, decimal_places=0, null=True)
    tip_wei = models.DecimalField(max_digits=78, decimal_places=0, null=True)
    # Every hash it was sent under: with a higher fee the hash changes, and any may be included.
    hashes = ArrayField(models.CharField(max_length=64), default=list)
    raw = models.BinaryField(null=True)  # as signed last: any process can send it again
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    block_number = models.PositiveBigIntegerField(null=True)
    reason = models.TextField(blank=True)  # why it failed, in words
    attempts = models.PositiveSmallIntegerField(default=0)  # how often it was begun
    tried_at = models.DateTimeField(null=True)  # when it was begun last
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)  # when it was signed last

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                name="transaction_purpose_once", fields=["chain_id", "to", "purpose"]
            ),
            models.UniqueConstraint(
                name="transaction_nonce_once",
                fields=["chain_id", "sender", "nonce"],
                condition=~Q(status="failed"),
            ),
            models.CheckConstraint(
                name="transaction_status_known",
                condition=Q(status__in=["pending", "sent", "included", "final", "failed"]),
            ),
        )
