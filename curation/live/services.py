"""Appending to the event log and telling the web processes."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import connection, transaction

from curation.live import bus
from curation.live.models import Event

_NEXT_NUMBER = """
    INSERT INTO curation_stream AS s (name, last) VALUES (%s, 1)
    ON CONFLICT (name) DO UPDATE SET last = s.last + 1
    RETURNING last
"""
_TRIM = """
    DELETE FROM curation_event e USING curation_stream s
    WHERE s.name = e.stream_id AND e.number <= s.last - %s
"""


def append(*, stream: str, kind: str, payload: dict[str, Any]) -> int:
    """Log an event as the last write of the current transaction; returns its number.

    The stream's row stays locked until commit, so numbers commit in order and without gaps.
    Sockets hear of it after commit, and only as a hint: the log is the truth.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("append belongs inside a transaction")
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_NUMBER, [stream])
        number: int = cursor.fetchone()[0]
    Event.objects.create(stream_id=stream, number=number, kind=kind, payload=payload)
    transaction.on_commit(partial(bus.send, stream, {"type": "event", "number": number}))
    return number


def trim(*, keep: int = 1000) -> int:
    """Forget all but the newest `keep` events of every stream; returns how many went."""
    with connection.cursor() as cursor:
        cursor.execute(_TRIM, [keep])
        return int(cursor.rowcount)
