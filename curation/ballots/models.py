"""Ballots: signed pairwise preferences, and the roots under which they were anchored.

Digests, roots and hashes are lower-case hex without 0x. While a round is open nobody is told how
many of its ballots prefer what; `weight` and `why` are empty until its tally is published.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest, Least

from curation.accounts.models import Delegation
from curation.galleries.models import Round
from curation.pairs.models import ServedPair
from curation.stakes.models import hash_field, wei

GRACE_S = 60  # after the first ballot on a pair, in which another may take its place


class Voter(models.Model):
    """A member who casts ballots; the row is locked while one of theirs is written."""

    member = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, primary_key=True, related_name="voter"
    )
    last_nonce = wei(default=0)  # of all ballots accepted, in any round


class BallotAnchor(models.Model):
    """A Merkle root over every ballot of a round that was accepted when it was gathered."""

    round = models.ForeignKey(Round, models.PROTECT, related_name="ballot_anchors", db_index=False)
    index = models.PositiveIntegerField()
    root = hash_field()
    count = models.PositiveIntegerField()  # ballots under it, those of earlier anchors included
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="ballot_anchor_once", fields=["round", "index"]),
        )


class Ballot(models.Model):
    """One signed ballot that was accepted. Its digest is its identity, never its signature."""

    class Outcome(models.IntegerChoices):
        """What a ballot says, by the number that is signed."""

        PREFERENCE = 0
        TIE = 1
        WITHDRAWN = 2

    class Why(models.TextChoices):
        """Why a ballot counted what it counted; known once the tally is published."""

        COUNTED = "counted"
        CAPPED = "capped"  # less than its voter's weight: they said much about one candidate
        SUPERSEDED = "superseded"  # a later one on the same pair took its place
        WITHDRAWN = "withdrawn"
        UNSERVED = "unserved"  # the site had not shown this pair to this voter
        TEST = "test"  # a gold pair or a repeat: it counts for reputation
        TRIAL = "trial"  # twins of a blind test: it counts there
        STAKED = "staked"  # its voter has a stake on one of the two
        NO_REPUTATION = "no_reputation"
        MODERATED = "moderated"  # one of the two was hidden or disqualified

    digest = hash_field(unique=True)  # EIP-712
    round = models.ForeignKey(Round, models.PROTECT, related_name="ballots", db_index=False)
    voter = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="ballots", db_index=False
    )
    chosen = hash_field()
    rejected = hash_field()  # of a tie: the higher digest
    low = hash_field()  # the pair, whichever was chosen
    high = hash_field()
    outcome = models.PositiveSmallIntegerField(choices=Outcome)
    nonce = wei()
    issued_at = models.PositiveBigIntegerField()  # seconds since 1970, as signed
    signer = models.CharField(max_length=80)  # "wallet" or a did:key
    signature = models.TextField(max_length=20_000)  # hex without 0x
    delegation = models.ForeignKey(
        Delegation, models.PROTECT, null=True, blank=True, related_name="ballots", db_index=False
    )
    wallet_kind = models.CharField(max_length=8, choices=Delegation.Kind, blank=True)
    pair = models.ForeignKey(
        ServedPair, models.PROTECT, null=True, blank=True, related_name="ballots"
    )  # none: the site had not served it to this voter
    accepted_at = models.DateTimeField()
    anchor = models.ForeignKey(
        BallotAnchor, models.PROTECT, null=True, blank=True, related_name="ballots"
    )  # the first whose root covers it
    weight = models.FloatField(null=True, blank=True)
    why = models.CharField(max_length=16, choices=Why, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(name="ballot_nonce_once", fields=["voter", "nonce"]),
            models.CheckConstraint(name="ballot_outcome_known", condition=Q(outcome__in=[0, 1, 2])),
            models.CheckConstraint(
                name="ballot_pair_ordered",
                condition=Q(low__lt=F("high"))
                & Q(low=Least("chosen", "rejected"))
                & Q(high=Greatest("chosen", "rejected")),
            ),
            models.CheckConstraint(
                name="ballot_tie_low_first", condition=~Q(outcome=1) | Q(chosen=F("low"))
            ),
        )
        indexes = (
            models.Index(name="ballot_of_pair", fields=["round", "voter", "low", "high"]),
            models.Index(
                name="ballot_unanchored", fields=["round"], condition=Q(anchor__isnull=True)
            ),
        )
