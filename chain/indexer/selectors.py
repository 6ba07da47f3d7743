"""What the indexer knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chain.indexer.decoding import FOLLOWED
from chain.indexer.models import Block, Log, Progress
from chain.indexer.wire import RawLog
from chain.operator.models import Deployment

Rows = Iterator[tuple[Any, ...]]
FIELDS = ("block_id", "block__hash", "log_index", "tx_hash", "address", "topics", "data")
CHUNK = 5_000


@dataclass(frozen=True)
class Following:
    """The contracts to follow, and the first block that can hold logs of theirs."""

    addresses: dict[str, str]
    first: int


def following(chain_id: int) -> Following | None:
    """What to follow on a chain; None until all of it is deployed."""
    found = Deployment.objects.filter(chain_id=chain_id, name__in=FOLLOWED)
    deployed = {row.name: row for row in found}
    if len(deployed) < len(FOLLOWED):
        return None
    addresses = {name: row.address for name, row in sorted(deployed.items())}
    return Following(addresses, min(row.block_number for row in deployed.values()))


def final_block(chain_id: int) -> int:
    """The newest block that was followed and is final; what counts for money and training."""
    found = Progress.objects.filter(pk=chain_id).values_list("final_block", flat=True).first()
    return found or 0


def final_time(chain_id: int) -> datetime | None:
    """When that block was made; None before anything was followed."""
    final = Block.objects.filter(pk=final_block(chain_id))
    return final.values_list("at", flat=True).first()


def why_halted(chain_id: int) -> str:
    """Why the indexer stopped for good, in words; empty while it goes on."""
    found = Progress.objects.filter(pk=chain_id).values_list("halted", flat=True).first()
    return found or ""


def logs_above(block: int) -> list[RawLog]:
    """Stored logs of newer blocks, in the order of the chain."""
    rows = Log.objects.filter(block_id__gt=block).values_list(*FIELDS)
    return [_log(row) for row in rows]


def all_logs() -> Iterator[RawLog]:
    """Every stored log, in the order of the chain."""
    yield from map(_log, Log.objects.values_list(*FIELDS).iterator(CHUNK))


def logs_of_rounds(round_ids: Sequence[int], topics: Sequence[str]) -> Iterator[RawLog]:
    """Stored logs with one of these first topics about some rounds, in the order of the chain."""
    numbers = [f"{round_id:064x}" for round_id in round_ids]
    rows = Log.objects.filter(topics__0__in=topics, topics__1__in=numbers)
    yield from map(_log, rows.values_list(*FIELDS).iterator(CHUNK))


def _log(row: tuple[Any, ...]) -> RawLog:
    block, block_hash, index, tx_hash, address, topics, data = row
    return RawLog(
        block, block_hash, index, tx_hash, address.lower(), tuple(topics), bytes(data).hex()
    )
