"""Events at made-up places on the chain."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from curation.stakes import events as ev

START = datetime(2027, 1, 1, tzinfo=UTC)


def place(block: int, log_index: int = 0) -> ev.Place:
    tx_hash = f"{block:060x}{log_index:04x}"
    return ev.Place(block, log_index, tx_hash, START + timedelta(seconds=12 * block))


def line(*events: tuple) -> list:
    """Events one a block, given as (class, *fields)."""
    return [kind(place(number), *fields) for number, (kind, *fields) in enumerate(events, 1)]
