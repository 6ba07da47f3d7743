"""Pairs the site has shown to somebody, and the pictures that test who looks at them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from curation.galleries.models import Candidate, Round
from curation.stakes.models import hash_field


class ServedPair(models.Model):
    """Two pictures one member was asked to compare in a round; asked once.

    What kind it was is told to nobody before the round has closed.
    """

    class Kind(models.TextChoices):
        """What a ballot on the pair is for."""

        PREFERENCE = "preference"  # two candidates of the round
        GOLD = "gold"  # the answer is known: `expected`
        REPEAT = "repeat"  # of an earlier round; they answered it before
        TRIAL = "trial"  # twins of a blind test of two model versions

    class How(models.TextChoices):
        """Why this pair and no other."""

        CHOSEN = "chosen"  # it teaches much
        RANDOM = "random"
        TEST = "test"

    round = models.ForeignKey(Round, models.PROTECT, related_name="served_pairs", db_index=False)
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="served_pairs", db_index=False
    )
    low = hash_field()
    high = hash_field()
    low_left = models.BooleanField()  # where the lower digest hung
    kind = models.CharField(max_length=12, choices=Kind)
    how = models.CharField(max_length=8, choices=How)
    expected = hash_field(blank=True)  # which of the two a careful look chooses
    served_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="served_pair_once", fields=["round", "member", "low", "high"]
            ),
            models.CheckConstraint(name="served_pair_ordered", condition=Q(low__lt=F("high"))),
            models.CheckConstraint(
                name="served_pair_gold_known",
                condition=Q(kind="gold", expected__in=[F("low"), F("high")])
                | Q(~Q(kind="gold"), expected=""),
            ),
        )
        indexes = (models.Index(name="served_pair_of", fields=["member", "round"]),)


class Decoy(models.Model):
    """A candidate's deliberately degraded twin; hangs nowhere but in gold pairs."""

    digest = hash_field(unique=True)
    original = models.ForeignKey(Candidate, models.PROTECT, related_name="decoys")
    recipe = models.CharField(max_length=40)  # what was done to it
    made_at = models.DateTimeField(auto_now_add=True)
