"""The log of what moderators did, what they were told, and whom they sanctioned."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from curation.galleries.models import Candidate


class Reason(models.TextChoices):
    """Why something was reported or done; the public reads counts of these."""

    SEXUAL = "sexual", "Sexual content"
    VIOLENCE = "violence", "Violence or gore"
    HATE = "hate", "Hate or harassment"
    PRIVACY = "privacy", "Shows somebody private"
    RIGHTS = "rights", "Somebody else’s work or mark"
    CHARTER = "charter", "Against the brief’s or the site’s charter"
    BROKEN = "broken", "Broken or blank"
    DUPLICATE = "duplicate", "Shown before"
    SPAM = "spam", "Spam or manipulation"
    MISTAKE = "mistake", "Put right: it was a mistake"
    OTHER = "other", "Something else"


class Action(models.TextChoices):
    """What the log tells of."""

    HIDDEN = "hidden", "Picture hidden"
    RESTORED = "restored", "Picture restored"
    DISQUALIFIED = "disqualified", "Picture disqualified"
    APPROVED = "approved", "Looked at, picture hangs"
    ESCALATED = "escalated", "Handed to a senior"
    ROLE_GRANTED = "role_granted", "Role granted"
    ROLE_TAKEN = "role_taken", "Role taken back"
    PROPOSED = "proposed", "Proposed to a second person"
    CONFIRMED = "confirmed", "Confirmed by a second person"
    DECLINED = "declined", "Proposal declined"
    STRUCK = "struck", "Member given a strike"
    MUTED = "muted", "Member muted"
    BANNED = "banned", "Member banned"
    LIFTED = "lifted", "Sanction lifted"
    ANSWERED = "answered", "Appeal answered"
    ROUND_CANCELLED = "round_cancelled", "Round cancelled on the chain"
    RESULT_VETOED = "result_vetoed", "Result struck down on the chain"
    PROMOTED = "promoted", "Model version promoted"
    ROLLED_BACK = "rolled_back", "Model rolled back"
    REVIVED = "revived", "Dead job tried again"
    DROPPED = "dropped", "Dead job dropped"
    BRIEF_STOPPED = "brief_stopped", "Brief stopped after its round"
    BRIEF_WITHDRAWN = "brief_withdrawn", "Brief withdrawn"
    PASSKEY_ADDED = "passkey_added", "Passkey registered"
    PASSKEY_REMOVED = "passkey_removed", "Passkey removed"
    PASSKEY_REQUIRED = "passkey_required", "Passkey asked of somebody, or no longer"
    PASSKEY_COPIED = "passkey_copied", "Passkey refused: perhaps a copy"


def person(*, related_name: str = "+", null: bool = False) -> models.ForeignKey:  # type: ignore[type-arg]
    """A member who did something; they stay as long as it is told."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name=related_name, null=null, blank=null
    )


class ModerationAction(models.Model):
    """One line of the log. The database refuses to change or delete it.

    `digest` is the SHA-256 of the line's canonical JSON, in which `previous` is the digest of the
    line before; numbers count from 1 without gaps.
    """

    number = models.PositiveBigIntegerField(primary_key=True)
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    actor = person(related_name="moderation_actions", null=True)  # nobody: a shell or the site
    actor_address = models.CharField(max_length=42, blank=True)
    action = models.CharField(max_length=20, choices=Action)
    object = models.CharField(max_length=120)  # "candidate:" and a digest, "member:" and an address
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    reason = models.CharField(max_length=12, choices=Reason)
    note = models.TextField(max_length=500, blank=True)
    batch = models.CharField(max_length=32, blank=True)  # what was done together

    class Meta:
        ordering = ("-number",)
        constraints = (
            models.CheckConstraint(name="moderation_counts_up", condition=Q(number__gte=1)),
            models.CheckConstraint(
                name="moderation_hashes_hex",
                condition=Q(digest__regex=r"^[0-9a-f]{64}$", previous__regex=r"^[0-9a-f]{64}$"),
            ),
        )
        indexes = (
            models.Index(name="moderation_of", fields=["object"]),
            models.Index(name="moderation_batch", fields=["batch"], condition=~Q(batch="")),
        )

    def __str__(self) -> str:
        return f"{self.number}: {self.action} {self.object}"


class Report(models.Model):
    """A member's word that a picture should not hang."""

    candidate = models.ForeignKey(Candidate, models.PROTECT, related_name="reports")
    member = person(related_name="reports")
    reason = models.CharField(max_length=12, choices=Reason)
    note = models.TextField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    escalated_at = models.DateTimeField(null=True, blank=True)
    answer = models.ForeignKey(
        ModerationAction, models.PROTECT, null=True, blank=True, related_name="reports"
    )  # what was done about it

    class Meta:
        constraints = (models.UniqueConstraint(name="report_once", fields=["candidate", "member"]),)
        indexes = (
            models.Index(
                name="report_open", fields=["candidate"], condition=Q(answer__isnull=True)
            ),
        )


class Sanction(models.Model):
    """A strike, a mute or a ban; it ends when lifted, or at `until`."""

    class Kind(models.TextChoices):
        STRIKE = "strike"
        MUTE = "mute"
        BAN = "ban"

    member = person(related_name="sanctions")
    kind = models.CharField(max_length=8, choices=Kind)
    reason = models.CharField(max_length=12, choices=Reason)
    note = models.TextField(max_length=500, blank=True)  # the member reads it
    by = person(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    action = models.OneToOneField(ModerationAction, models.PROTECT, related_name="sanction")

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                name="sanction_kind_known", condition=Q(kind__in=["strike", "mute", "ban"])
            ),
            models.UniqueConstraint(
                name="sanction_one_ban",
                fields=["member"],
                condition=Q(kind="ban", lifted_at__isnull=True),
            ),
        )
        indexes = (models.Index(name="sanction_of", fields=["member", "kind"]),)


class Appeal(models.Model):
    """A member's word against a sanction, answered by somebody else than who acted."""

    class Outcome(models.TextChoices):
        UPHELD = "upheld"  # the sanction stays
        LIFTED = "lifted"

    sanction = models.OneToOneField(Sanction, models.PROTECT, related_name="appeal")
    against = person(null=True)  # who acted, kept here for the constraint
    text = models.TextField(max_length=2000)
    created_at = models.DateTimeField(default=timezone.now)
    answer = models.TextField(max_length=2000, blank=True)
    answered_by = person(null=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=8, choices=Outcome, blank=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                name="appeal_answered_by_another",
                condition=Q(answered_by__isnull=True)
                | Q(against__isnull=True)
                | ~Q(answered_by=F("against")),
            ),
        )


class Proposal(models.Model):
    """Something that two people do: one proposes, another confirms before it expires."""

    class Status(models.TextChoices):
        WAITING = "waiting"
        CONFIRMED = "confirmed"
        DECLINED = "declined"

    GRAPH = {
        Status.WAITING: frozenset({Status.CONFIRMED, Status.DECLINED}),
        Status.CONFIRMED: frozenset(),
        Status.DECLINED: frozenset(),
    }

    deed = models.CharField(max_length=24)
    object = models.CharField(max_length=120)
    reason = models.CharField(max_length=12, choices=Reason)
    note = models.TextField(max_length=500, blank=True)
    status = models.CharField(max_length=12, choices=Status, default=Status.WAITING)
    proposed_by = person()
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    decided_by = person(null=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)  # what is done elsewhere can fail first

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                name="proposal_status_known",
                condition=Q(status__in=["waiting", "confirmed", "declined"]),
            ),
            models.CheckConstraint(
                name="proposal_confirmed_by_another",
                condition=~Q(status="confirmed")
                | (Q(decided_by__isnull=False) & ~Q(decided_by=F("proposed_by"))),
            ),
            models.UniqueConstraint(
                name="proposal_waits_once",
                fields=["deed", "object"],
                condition=Q(status="waiting"),
            ),
        )

    def __str__(self) -> str:
        return f"{self.deed} {self.object} ({self.status})"


class Erasure(models.Model):
    """The files of a disqualified picture, to be erased."""

    candidate = models.OneToOneField(Candidate, models.PROTECT, related_name="erasure")
    asked_at = models.DateTimeField(default=timezone.now)
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (
            models.Index(name="erasure_due", fields=["asked_at"], condition=Q(erased_at=None)),
        )
