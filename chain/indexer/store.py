"""Writes of the indexer: each changes blocks, logs, projections and progress together, or none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from django.db import DataError, IntegrityError, connection, transaction

from chain.indexer import selectors
from chain.indexer.decoding import Decoder, checksummed, layouts
from chain.indexer.errors import Disagreement, Overtaken
from chain.indexer.models import Block, Progress
from chain.indexer.selectors import Following
from chain.indexer.wire import Header, RawLog
from curation.stakes import announcements, projections
from curation.stakes import events as ev
from curation.stakes.models import Stake
from curation.stakes.tables import copy

KEEP = 64  # headers below the final block that are kept without logs
CATCHING_UP = 1_000  # blocks behind the head from which on single changes are not announced
_PRUNE = """
    DELETE FROM chain_block b WHERE number >= %s AND number < %s
    AND NOT EXISTS (SELECT FROM chain_log WHERE block_id = b.number)
"""


class Span(NamedTuple):
    """A range of blocks, read and checked."""

    headers: Sequence[Header]
    logs: Sequence[RawLog]
    head: int  # the chain's newest block
    final: int  # its newest final one


def begin(chain_id: int, wanted: Following) -> Progress:
    """The chain's progress; from the start when other contracts were followed before."""
    progress, _ = Progress.objects.get_or_create(
        pk=chain_id, defaults={"follows": wanted.addresses, "next_block": wanted.first}
    )
    if progress.follows != wanted.addresses:
        start_over(chain_id, wanted)
        progress.refresh_from_db()
    return progress


@transaction.atomic
def commit(chain_id: int, decoder: Decoder, span: Span) -> None:
    """Take a range in.

    Raises:
        Overtaken: the range is not what comes next.
        Disagreement: its logs cannot all be true.
    """
    first, last = span.headers[0], span.headers[-1]
    progress = _locked(chain_id, first.number)
    tip = Block.objects.filter(pk=first.number - 1).first()
    if tip is not None and tip.hash != first.parent:
        raise Overtaken(f"Block {first.number} is no child of the newest that is stored.")
    final = max(progress.final_block, min(span.final, last.number))
    _store(span, keep_from=final - KEEP)
    times = {header.number: header.at for header in span.headers}
    staked = _applied(decoder.events(span.logs, times))
    _prune(min(progress.final_block - KEEP, first.number - 1), min(final - KEEP, last.number))
    behind, still_behind = span.head - first.number + 1, span.head - last.number
    progress.next_block, progress.final_block = last.number + 1, final
    progress.head_block = span.head
    progress.save()
    if still_behind > CATCHING_UP:
        return
    if behind > CATCHING_UP:
        announcements.announce_all()
    else:
        announcements.announce(staked)


@transaction.atomic
def roll_back(chain_id: int, decoder: Decoder, *, to: int, expected: int) -> None:
    """Forget every block above `to`, when `expected` was to come next.

    Raises:
        Overtaken: somebody else moved the progress.
    """
    progress = _locked(chain_id, expected)
    removed = selectors.logs_above(to)
    times = _times({log.block for log in removed})
    _forget(above=to)

    def retell(round_ids: set[int]) -> Iterable[ev.Event]:
        topics = [
            t for t, (event, _) in layouts("Curation").items() if event in projections.ROUND_EVENTS
        ]
        logs = list(selectors.logs_of_rounds(sorted(round_ids), topics))
        return decoder.events(logs, _times({log.block for log in logs}))

    staked = projections.undo(decoder.events(removed, times), above=to, retell=retell)
    progress.next_block = to + 1
    progress.save()
    announcements.announce(staked)


@transaction.atomic
def start_over(chain_id: int, wanted: Following) -> None:
    """Forget everything that was read, and follow from the first block again.

    Walls are told: a stake that went with the chain is never announced otherwise.
    """
    progress = Progress.objects.select_for_update().get(pk=chain_id)
    staked = set(Stake.objects.values_list("round_id", "digest"))
    _forget(above=-1)
    projections.clear()
    progress.follows, progress.next_block = wanted.addresses, wanted.first
    progress.final_block = progress.head_block = 0
    progress.halted = ""
    progress.save()
    announcements.announce(staked)


@transaction.atomic
def rebuild(chain_id: int) -> int:
    """Make the projections anew from the stored logs; how many logs there are."""
    progress = Progress.objects.select_for_update().get(pk=chain_id)
    projections.clear()
    decoder, count = Decoder(progress.follows), 0
    logs = selectors.all_logs()
    while chunk := list(islice(logs, selectors.CHUNK)):
        projections.apply(decoder.events(chunk, _times({log.block for log in chunk})))
        count += len(chunk)
    return count


def halt(chain_id: int, words: str) -> None:
    """Stop for good, until somebody looked into it."""
    Progress.objects.filter(pk=chain_id).update(halted=words)


def resume(chain_id: int) -> bool:
    """Go on after a halt; whether there was one."""
    return bool(Progress.objects.filter(pk=chain_id).exclude(halted="").update(halted=""))


def _locked(chain_id: int, expected: int) -> Progress:
    progress = Progress.objects.select_for_update().filter(pk=chain_id).first()
    if progress is None:
        raise Overtaken("Everything was forgotten meanwhile.")
    if progress.next_block != expected or progress.halted:
        raise Overtaken(f"Block {progress.next_block} comes next, not {expected}.")
    return progress


def _applied(events: Iterable[ev.Event]) -> set[tuple[int, str]]:
    try:
        return projections.apply(events)
    except (IntegrityError, DataError, projections.ProjectionImpossible) as error:
        reason = str(error).splitlines()[0]
        raise Disagreement(f"The logs contradict those before: {reason}") from error


def _store(span: Span, *, keep_from: int) -> None:
    """Insert logs, and the headers of blocks that have some or that may still change."""
    busy = {log.block for log in span.logs} | {span.headers[-1].number}
    kept = (h for h in span.headers if h.number >= keep_from or h.number in busy)
    blocks = (f"{h.number}\t{h.hash}\t{h.parent}\t{h.at}\n" for h in kept)
    copy("chain_block", ("number", "hash", "parent_hash", "at"), blocks)
    logs = (
        f"{log.block}\t{log.log_index}\t{log.tx_hash}\t{checksummed(log.address[2:])}\t"
        f"{{{','.join(log.topics)}}}\t\\\\x{log.data}\n"
        for log in span.logs
    )
    copy("chain_log", ("block_id", "log_index", "tx_hash", "address", "topics", "data"), logs)


def _forget(*, above: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM chain_log WHERE block_id > %s", [above])
        cursor.execute("DELETE FROM chain_block WHERE number > %s", [above])


def _prune(first: int, end: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_PRUNE, [first, end])


def _times(numbers: set[int]) -> dict[int, datetime]:
    return dict(Block.objects.filter(number__in=numbers).values_list("number", "at"))
