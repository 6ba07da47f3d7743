"""Queries about what members were told."""

from __future__ import annotations

from django.db.models import QuerySet

from curation.accounts.models import Member
from curation.notifications.models import Notification

MOST_COUNTED = 100  # a bell says "99+" of more


def notifications_of(member: Member) -> QuerySet[Notification]:
    """What a member was told, the newest first."""
    return Notification.objects.filter(member=member).order_by("-pk")


def unread_count(member: Member) -> int:
    """How much of it they have not seen, counted up to `MOST_COUNTED`."""
    unread = Notification.objects.filter(member=member, read_at=None)
    return unread.order_by()[:MOST_COUNTED].count()
