"""Telling members, marking what they read, forgetting what is old."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from curation.accounts.models import Member
from curation.notifications.models import Notification

KEEP = timedelta(days=90)
KEEP_READ = timedelta(days=30)
AT_A_TIME = 2_000  # rows written, or deleted, by one statement


def notify_members(
    *, member_ids: Iterable[int], kind: str, about: str, facts: Mapping[str, Any] | None = None
) -> None:
    """Tell members of something, in the transaction of what it tells of.

    Who was told of it already is not told again, however often this runs.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("notify belongs inside a transaction")
    said = dict(facts or {})
    Notification.objects.bulk_create(
        [
            Notification(member_id=pk, kind=kind, about=about, facts=said)
            for pk in sorted(set(member_ids))  # in one order, so that of two none waits for ever
        ],
        batch_size=AT_A_TIME,
        ignore_conflicts=True,
    )


def notify_member(
    *, member_id: int | None, kind: str, about: str, facts: Mapping[str, Any] | None = None
) -> None:
    """Tell one member; nobody, where something belongs to the house."""
    if member_id is not None:
        notify_members(member_ids=[member_id], kind=kind, about=about, facts=facts)


def take_back_notice(*, kind: str, about: str) -> None:
    """Forget that members were told of something that holds no longer; they can be told anew."""
    Notification.objects.filter(kind=kind, about=about).delete()


def mark_read(*, member: Member, upto: int) -> int:
    """Note that a member has seen what they were told up to an id; returns how many were new."""
    unread = Notification.objects.filter(member=member, read_at=None, pk__lte=upto)
    return unread.update(read_at=timezone.now())


def forget_old_notifications() -> int:
    """Delete what was read and is a month old, and whatever is three months old."""
    now = timezone.now()
    old = Q(created_at__lt=now - KEEP) | Q(created_at__lt=now - KEEP_READ, read_at__isnull=False)
    count = 0
    while ids := list(Notification.objects.filter(old).values_list("pk", flat=True)[:AT_A_TIME]):
        count += Notification.objects.filter(pk__in=ids).delete()[0]
    return count
