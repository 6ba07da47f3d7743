"""What members are told about what concerns them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from curation.galleries.models import Round


class Notification(models.Model):
    """One thing a member is told, once.

    `about` names what it is about: "round:", "brief:", "report:" or "sanction:" and an id, or
    "version:" and a slug. `facts` holds what cannot be looked up later; amounts in wei, as text.
    Words are made when it is read, so that what was taken down since is not told.
    """

    class Kind(models.TextChoices):
        RESULT = "result"  # of a round the member judged, or of their brief
        STAKE_WON = "stake_won"
        STAKE_LOST = "stake_lost"
        STAKE_REFUND = "stake_refund"  # the round ended without a result
        POOL_REFUND = "pool_refund"  # nobody earned what they put into the pool
        BRIEF_ROUND = "brief_round"  # their brief has a new round
        BRIEF_COMPLETED = "brief_completed"
        BRIEF_STOPPED = "brief_stopped"  # by somebody else
        REPORT_ANSWERED = "report_answered"
        SANCTIONED = "sanctioned"
        SANCTION_LIFTED = "sanction_lifted"
        APPEAL_ANSWERED = "appeal_answered"
        MODEL_PROMOTED = "model_promoted"  # a version their votes taught

    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications", db_index=False
    )
    kind = models.CharField(max_length=16, choices=Kind)
    about = models.CharField(max_length=100)
    facts = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(name="notification_once", fields=["member", "kind", "about"]),
        )
        indexes = (
            models.Index(name="notification_of", fields=["member", "-id"]),
            models.Index(
                name="notification_unread", fields=["member"], condition=Q(read_at__isnull=True)
            ),
            models.Index(name="notification_old", fields=["created_at"]),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.about}"

    @property
    def key(self) -> str:
        """What stands after the colon of `about`."""
        return self.about.partition(":")[2]


class StakesTold(models.Model):
    """A round whose stakers and funders were told how it ended; outlives what they were told."""

    round = models.OneToOneField(
        Round, models.DO_NOTHING, db_constraint=False, primary_key=True, related_name="+"
    )
    told_at = models.DateTimeField(default=timezone.now)
