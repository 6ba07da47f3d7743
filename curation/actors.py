"""Dramatiq actors: each takes an id and calls a service."""

from __future__ import annotations

import dramatiq

MINUTES_MS = 60_000


@dramatiq.actor(queue_name="default", max_retries=0, max_age=MINUTES_MS, time_limit=5 * MINUTES_MS)
def refresh_pool(round_id: int) -> None:
    """Choose the pairs of a round that teach most; the scheduler asks again after a loss."""
    from curation.pairs import pools  # noqa: PLC0415 - keeps the web process light

    pools.refresh_pool(round_id=round_id)


@dramatiq.actor(queue_name="default", max_retries=0, max_age=MINUTES_MS, time_limit=5 * MINUTES_MS)
def make_decoys(round_id: int) -> None:
    """Make the degraded twins a round lacks; a second delivery is a no-op."""
    from curation.pairs import decoys  # noqa: PLC0415 - as above

    decoys.make_decoys(round_id=round_id)
