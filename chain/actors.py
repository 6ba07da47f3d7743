"""Dramatiq actors: each takes an id and calls a service."""

from __future__ import annotations

from contextlib import suppress

import dramatiq

from curation.accounts.wallets import NodeUnreachable

MINUTES_MS = 60_000


@dramatiq.actor(queue_name="default", max_retries=0, time_limit=MINUTES_MS)
def look_up_name(member_id: int) -> None:
    """Look up a member's ENS name; a second delivery within a day is a no-op."""
    from chain import names  # noqa: PLC0415 - keeps the web process light

    names.refresh(member_id=member_id)


@dramatiq.actor(queue_name="default", max_retries=0, time_limit=MINUTES_MS)
def open_round_on_chain(round_id: int) -> None:
    """Open a round on the chain; the scheduler's sweep makes up for a lost message.

    A worker without the operator's key, or without a node to ask, leaves it to that sweep, too.
    """
    from chain.operator.errors import KeyMissing  # noqa: PLC0415 - as above
    from chain.settlement import services  # noqa: PLC0415

    with suppress(KeyMissing, NodeUnreachable):
        services.open_on_chain(round_id=round_id)


@dramatiq.actor(queue_name="default", max_retries=0, time_limit=30 * MINUTES_MS)
def publish_tally(round_id: int) -> None:
    """Count a closed round's ballots; a second delivery finds the tally. The scheduler asks again
    for what was not ready after all.
    """
    from chain.tallies import services  # noqa: PLC0415 - as above
    from chain.tallies.errors import NotReady  # noqa: PLC0415

    with suppress(NotReady, NodeUnreachable):
        services.tally_round(round_id=round_id)
