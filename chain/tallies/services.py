"""Has the ballots of closed rounds counted, once what the count relies on stays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache import cache
from django.db import connection

from chain.tallies.facts import chain_facts, why_not_ready
from chain.tallies.gathering import gather_ballots
from chain.tallies.selectors import rounds_to_tally
from curation.standings.models import Tally
from curation.standings.services import publish_tally

ASK_AGAIN_S = 60  # the message, or its worker, may have been lost


def publish_due_tallies() -> None:
    """Put the last root over closed rounds' ballots, and ask a worker for the tallies that can
    be made: of rounds whose root, stakes and batches are final, or that are on no chain.

    Asks no node, so that nothing but the chain itself is waited for.
    """
    from chain import actors  # noqa: PLC0415 - actors call this module

    for round_ in rounds_to_tally():
        gather_ballots(round_id=round_.pk)
        if why_not_ready(round_):
            continue
        if cache.add(f"tally-asked:{round_.pk}", 1, timeout=ASK_AGAIN_S):
            actors.publish_tally.send(round_.pk)


def tally_round(*, round_id: int) -> Tally | None:
    """Collect what the chain says of a closed round and publish its tally.

    None when another worker is at it. A tally that is there is handed back as it is.

    Raises:
        Round.DoesNotExist: there is no such round.
        NotReady: something is not final yet, or was taken back; the scheduler asks again.
        NodeUnreachable, NodeRefused: as `chain_facts`.
        curation.standings.errors.TallyError: as `publish_tally`.
    """
    with _turn(round_id) as is_ours:
        if (published := Tally.objects.filter(pk=round_id).first()) is not None:
            return published
        if not is_ours:
            return None
        return publish_tally(round_id=round_id, facts=chain_facts(round_id=round_id))


@contextmanager
def _turn(round_id: int) -> Iterator[bool]:
    """Whether nobody else tallies this round; nobody else does meanwhile. Ends with us."""
    lock = [f"tally of round {round_id}"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", lock)
        is_ours = bool(cursor.fetchone()[0])
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", lock)
