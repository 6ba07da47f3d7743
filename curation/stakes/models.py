"""Stakes and rewards as the chain has them.

Every table here but `Batch` and `AnchoredCandidate` is a projection: the indexer writes it from
logs and nothing else, and can throw it away and write it again. Amounts are in wei, the smallest
unit of the token; addresses are EIP-55; roots, digests and transaction hashes lower-case hex
without 0x.
"""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from curation.galleries.models import Candidate, Round


def wei(**options: Any) -> models.DecimalField[Any, Any]:
    """A uint256 amount."""
    return models.DecimalField(max_digits=78, decimal_places=0, **options)


def hash_field(**options: Any) -> models.CharField[Any, Any]:
    """32 bytes in lower-case hex."""
    return models.CharField(max_length=64, **options)


def round_key(**options: Any) -> models.ForeignKey[Any, Any]:
    """A round by its number on the chain, which may know rounds that this database lost.

    Where a constraint begins with the round, that constraint's index is the round's too.
    """
    return models.ForeignKey(Round, models.DO_NOTHING, db_constraint=False, **options)


class Batch(models.Model):
    """Candidates gathered into one Merkle tree, to be anchored together."""

    round = models.ForeignKey(Round, models.PROTECT, related_name="batches")
    root = hash_field(unique=True)
    count = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)


class AnchoredCandidate(models.Model):
    """A candidate's place in its batch's tree."""

    candidate = models.OneToOneField(
        Candidate, models.PROTECT, primary_key=True, related_name="anchor"
    )
    batch = models.ForeignKey(Batch, models.PROTECT, related_name="members")
    proof = ArrayField(hash_field())  # sibling hashes, from the leaf up


class ChainRound(models.Model):
    """A round as the contract has it."""

    class State(models.TextChoices):
        OPEN = "open"
        PROPOSED = "proposed"
        SETTLED = "settled"
        REFUNDABLE = "refundable"

    round = models.OneToOneField(
        Round, models.DO_NOTHING, db_constraint=False, primary_key=True, related_name="on_chain"
    )
    state = models.CharField(max_length=12, choices=State)
    anchor_deadline = models.DateTimeField()
    staking_deadline = models.DateTimeField()
    result_deadline = models.DateTimeField()
    challenge_s = models.PositiveIntegerField()
    settles_at = models.DateTimeField(null=True)
    pool_wei = wei(default=0)
    returned_wei = wei(null=True)
    ballots_root = hash_field(blank=True)
    bundle_hash = hash_field(blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="chain_round_state_known",
                condition=Q(state__in=["open", "proposed", "settled", "refundable"]),
            ),
        )


class AnchoredBatch(models.Model):
    """A batch the contract knows; stakes are open on its candidates."""

    round = round_key(related_name="anchored_batches", db_index=False)
    index = models.PositiveIntegerField()
    root = hash_field(db_index=True)
    count = models.PositiveIntegerField()
    uri = models.TextField()
    block_number = models.PositiveBigIntegerField()
    tx_hash = hash_field()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="anchored_batch_once", fields=["round", "index"]),
        )


class Stake(models.Model):
    """What one address has behind one candidate."""

    round = round_key(related_name="stakes", db_index=False)
    address = models.CharField(max_length=42)
    digest = hash_field()
    staked_wei = wei(default=0)  # all that ever went in
    withdrawn_wei = wei(default=0)  # principal taken out: nothing, or all of it
    reward_wei = wei(default=0)  # reward taken out

    class Meta:
        constraints = (
            models.UniqueConstraint(name="stake_once", fields=["round", "address", "digest"]),
            models.CheckConstraint(
                name="stake_not_overdrawn", condition=Q(withdrawn_wei__lte=models.F("staked_wei"))
            ),
        )
        indexes = (
            models.Index(name="stake_behind", fields=["round", "digest"]),
            models.Index(name="stake_of", fields=["address"]),
        )


class Funding(models.Model):
    """What one address put into a round's pool."""

    round = round_key(related_name="fundings", db_index=False)
    address = models.CharField(max_length=42)
    funded_wei = wei(default=0)
    refunded_wei = wei(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(name="funding_once", fields=["round", "address"]),)
        indexes = (models.Index(name="funding_of", fields=["address"]),)


class Winner(models.Model):
    """A proposed or settled winner of a round."""

    round = round_key(related_name="winners", db_index=False)
    place = models.PositiveSmallIntegerField()  # 1, 2, 3
    digest = hash_field()
    share_bps = models.PositiveSmallIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(name="winner_once", fields=["round", "place"]),)


class Balance(models.Model):
    """How many tokens an address holds outside of rounds."""

    address = models.CharField(max_length=42, primary_key=True)
    amount_wei = wei(default=0)


class Activity(models.Model):
    """One thing that happened on the chain, as people read it."""

    class Kind(models.TextChoices):
        OPENED = "opened"
        ANCHORED = "anchored"
        FUNDED = "funded"
        STAKED = "staked"
        PROPOSED = "proposed"
        VETOED = "vetoed"
        CANCELLED = "cancelled"
        SETTLED = "settled"
        WITHDRAWN = "withdrawn"
        REFUNDED = "refunded"

    block_number = models.PositiveBigIntegerField()
    log_index = models.PositiveIntegerField()
    tx_hash = hash_field()
    at = models.DateTimeField()  # the block's time
    kind = models.CharField(max_length=12, choices=Kind)
    round = round_key(related_name="activity")
    address = models.CharField(max_length=42, blank=True)
    digest = hash_field(blank=True)
    amount_wei = wei(default=0)
    reward_wei = wei(default=0)

    class Meta:
        ordering = ("-block_number", "-log_index")
        constraints = (
            models.UniqueConstraint(name="activity_once", fields=["block_number", "log_index"]),
        )
        indexes = (models.Index(name="activity_of", fields=["address"]),)
