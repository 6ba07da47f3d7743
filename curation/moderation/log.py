"""The moderators' log: append-only, gapless, each line naming the digest of the one before."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from curation.accounts.models import Member
from curation.moderation import rules
from curation.moderation.errors import ReasonUnknown
from curation.moderation.models import Action, ModerationAction, Reason

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('moderation log', 0))"


def record(
    *,
    action: Action,
    object: str,  # noqa: A002 - the field's name
    by: Member | None,
    reason: str,
    note: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    batch: str = "",
) -> ModerationAction:
    """Append a line, in the transaction of what it tells of; `by` nobody means a shell or the site.

    The lock is held until commit: the next number waits until this one is certain.

    Raises:
        ReasonUnknown: the reason is not on the list.
        TextRefused: the note is too long.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("record belongs inside a transaction")
    if reason not in Reason.values:
        raise ReasonUnknown(f"{reason[:40]!r} is not on the list of reasons.")
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
    last = ModerationAction.objects.order_by("-number").first()
    row = ModerationAction(
        number=last.number + 1 if last else 1,
        previous=last.digest if last else rules.FIRST,
        created_at=timezone.now(),
        actor=by,
        actor_address=by.address if by else "",
        action=action,
        object=object,
        before=dict(before or {}),
        after=dict(after or {}),
        reason=reason,
        note=rules.clean_note(note),
        batch=batch,
    )
    row.digest = rules.digest_of(entry_of(row))
    row.save(force_insert=True)
    return row


def entry_of(row: ModerationAction) -> dict[str, Any]:
    """A line as it is hashed and exported."""
    return {
        "number": row.number,
        "previous": row.previous,
        "created_at": row.created_at.isoformat(timespec="microseconds"),
        "actor": row.actor_address,
        "action": str(row.action),
        "object": row.object,
        "before": row.before,
        "after": row.after,
        "reason": str(row.reason),
        "note": row.note,
        "batch": row.batch,
        "digest": row.digest,
    }


def entries() -> Iterator[dict[str, Any]]:
    """Every line, the oldest first."""
    rows = ModerationAction.objects.order_by("number")
    return (entry_of(row) for row in rows.iterator(chunk_size=500))


def lines() -> Iterator[str]:
    """The log as JSON lines."""
    return (json.dumps(entry, sort_keys=True, ensure_ascii=False) + "\n" for entry in entries())


def head() -> tuple[int, str]:
    """Number and digest of the newest line; whoever noted them can tell whether lines were cut."""
    last = ModerationAction.objects.order_by("-number").first()
    return (last.number, last.digest) if last else (0, rules.FIRST)
