"""How far a voter's eye is trusted: in [0, 1], earned by careful looking and never bought."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from curation.galleries.models import Round

PRIOR_AGREED, PRIOR_DISAGREED = 10.0, 1.0  # Crowd-BT's Beta prior of a voter's reliability


class Reputation(models.Model):
    """What a member's tests and ballots so far say of their eye; `value` follows from the rest."""

    member = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, primary_key=True, related_name="reputation"
    )
    gold_answered = models.PositiveIntegerField(default=0)
    gold_passed = models.FloatField(default=0)  # a tie is half
    repeats_answered = models.PositiveIntegerField(default=0)
    repeats_agreed = models.FloatField(default=0)
    agreed = models.FloatField(default=PRIOR_AGREED)  # Beta(agreed, disagreed), after each tally
    disagreed = models.FloatField(default=PRIOR_DISAGREED)
    value = models.FloatField(default=0)  # zero until enough gold was answered
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="reputation_in_range", condition=Q(value__gte=0, value__lte=1)
            ),
        )


class FrozenReputation(models.Model):
    """A reputation as it was when a round opened, or when a newcomer earned it during one."""

    round = models.ForeignKey(
        Round, models.PROTECT, related_name="frozen_reputations", db_index=False
    )
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="frozen_reputations"
    )
    value = models.FloatField()
    frozen_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="frozen_reputation_once", fields=["round", "member"]),
            models.CheckConstraint(
                name="frozen_reputation_in_range", condition=Q(value__gte=0, value__lte=1)
            ),
        )
