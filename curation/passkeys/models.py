"""Passkeys of staff, and the challenges they answer."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Passkey(models.Model):
    """A WebAuthn credential that proves a member of staff, beside their wallet."""

    member = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="passkeys")
    name = models.CharField(max_length=40)
    credential_id = models.BinaryField(unique=True)
    public_key = models.BinaryField()  # COSE
    sign_count = models.PositiveBigIntegerField(default=0)  # stays 0 where keys are synchronised
    synced = models.BooleanField(default=False)  # kept by a provider too, not by one device alone
    created_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.name


class PasskeyChallenge(models.Model):
    """A challenge handed to one session for one purpose; consuming it deletes the row."""

    class Purpose(models.TextChoices):
        ENROL = "enrol"
        RAISE = "raise"

    value = models.CharField(max_length=64, primary_key=True)  # hex
    session_key = models.CharField(max_length=40, db_index=True)
    purpose = models.CharField(max_length=8, choices=Purpose)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="passkey_challenge_purpose_known", condition=Q(purpose__in=["enrol", "raise"])
            ),
        )
