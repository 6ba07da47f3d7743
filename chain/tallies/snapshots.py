"""Which block a round's principal is read at: the last final one before it opened."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.conf import settings

from chain.indexer.wire import Header, header_of
from chain.operator.heads import View
from chain.tallies.errors import NotReady
from chain.tallies.models import Snapshot
from curation.galleries.models import Round

log = structlog.get_logger(__name__)
SECOND = timedelta(seconds=1)


def take_snapshot(*, round_: Round, view: View) -> Snapshot | None:
    """Keep the last final block before a round opened; what was kept first stays.

    Taken late, after an outage, it is a later block than it would have been, but never one from
    the second of the opening on. None on a chain that is younger than the round.

    Raises:
        NodeUnreachable, NodeRefused: the chain could not be asked.
    """
    if (kept := Snapshot.objects.filter(pk=round_.pk).first()) is not None:
        return kept
    opened_at = round_.opened_at + timedelta(seconds=view.ahead_s)  # by the chain's clock
    block = _last_block(view, before=opened_at.replace(microsecond=0))
    if block is None:
        return None
    place = {"block_number": block.number, "block_hash": block.hash, "at": block.at}
    return Snapshot.objects.get_or_create(
        pk=round_.pk, defaults={"chain_id": settings.CHAIN_ID, **place}
    )[0]


def check_snapshot(*, snapshot: Snapshot, view: View) -> None:
    """Make sure that the chain still has the block; the embedded one may have lost it in a kill,
    and the snapshot moves to the last block of that time.

    Raises:
        NotReady: another chain's node answers, or one that is behind.
        NodeUnreachable, NodeRefused: the chain could not be asked.
    """
    number = snapshot.block_number
    if number <= view.number and _header(view, number).hash == snapshot.block_hash:
        return
    block = _last_block(view, before=snapshot.at + SECOND) if settings.EMBEDDED_CHAIN else None
    if block is None:
        raise NotReady(
            f"The node does not have block {number} of 0x{snapshot.block_hash}, at which round "
            f"{snapshot.pk} reads principal."
        )
    log.warning("snapshot_moved", round=snapshot.pk, was=number, to=block.number)
    snapshot.block_number, snapshot.block_hash, snapshot.at = block.number, block.hash, block.at
    snapshot.save()


def _last_block(view: View, *, before: datetime) -> Header | None:
    """The newest final block older than a moment: back in growing steps, then halving the rest."""
    newest = _header(view, view.final)
    step = 1
    while newest.at >= before:
        if newest.number == 0:
            return None
        late, newest = newest.number, _header(view, max(0, newest.number - step))
        step *= 2
        if newest.at < before:
            return _between(view, newest, late, before)
    return newest


def _between(view: View, early: Header, late: int, before: datetime) -> Header:
    """The last block older than a moment; `early` is, number `late` is not."""
    while late - early.number > 1:
        middle = _header(view, (early.number + late) // 2)
        if middle.at < before:
            early = middle
        else:
            late = middle.number
    return early


def _header(view: View, number: int) -> Header:
    return header_of(view.node.call("eth_getBlockByNumber", hex(number), False))
