"""Tables made from what the contracts say happened, and from nothing else.

`apply` takes events in the order of the chain. `undo` takes back those above a block, and what is
left equals what `apply` makes of the others from nothing:
  - sums (stakes, fundings, balances) are taken back by subtraction, and rows whose sums are all
    zero do not exist;
  - what stands for one event (activity, batches) goes with its block;
  - what depends on an order (the rounds) is told again from the events that remain.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from curation.stakes import events as ev
from curation.stakes import rounds, tables
from curation.stakes.lines import ACTIVITY_COLUMNS, activity_line
from curation.stakes.models import (
    Activity,
    AnchoredBatch,
    Balance,
    ChainRound,
    Funding,
    Stake,
    Winner,
)

MOST_ROUND = 2**63 - 1  # the largest number a round of ours can have
MOST_COUNT = 2**31 - 1
MOST_TOKENS = 2**208 - 1  # what a token with votes can have issued
# What is told again when a round's latest events are taken back.
ROUND_EVENTS = (
    *(ev.RoundOpened, ev.BallotsAnchored, ev.Funded, ev.ResultProposed),
    *(ev.ResultVetoed, ev.RoundCancelled, ev.RoundSettled),
)
NOBODY = "0x" + "0" * 40
TABLES: tuple[Any, ...] = (Activity, AnchoredBatch, Balance, ChainRound, Funding, Stake, Winner)


class ProjectionImpossible(Exception):
    """Events contradict each other: somebody withdrew what was never staked."""


@dataclass
class Changes:
    """What a run of events adds up to."""

    stakes: dict[tuple[int, str, str], list[int]] = field(
        default_factory=lambda: defaultdict(lambda: [0, 0, 0])
    )
    fundings: dict[tuple[int, str], list[int]] = field(
        default_factory=lambda: defaultdict(lambda: [0, 0])
    )
    balances: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    batches: list[ev.CandidatesAnchored] = field(default_factory=list)
    activity: list[str] = field(default_factory=list)
    rounds: dict[int, list[ev.Event]] = field(default_factory=lambda: defaultdict(list))
    staked: set[tuple[int, str]] = field(default_factory=set)  # (round, digest)


def apply(events: Iterable[ev.Event]) -> set[tuple[int, str]]:
    """Write what events change; the candidates (round, digest) with another stake than before.

    Raises:
        ProjectionImpossible: no honest chain can have said this.
        IntegrityError, DataError: as above, found by the database.
    """
    changes = gather(events)
    with transaction.atomic():
        _add_sums(changes)
        tables.copy("curation_activity", ACTIVITY_COLUMNS, changes.activity)
        AnchoredBatch.objects.bulk_create(map(_batch, changes.batches))
        rounds.go_on(changes.rounds)
    return changes.staked


def undo(
    events: Iterable[ev.Event],
    *,
    above: int,
    retell: Callable[[set[int]], Iterable[ev.Event]],
) -> set[tuple[int, str]]:
    """Take back all events above a block; the candidates with another stake than before.

    Args:
        events: every one of them.
        above: the newest block that stays.
        retell: every event of some rounds that stays, in the order of the chain.
    """
    changes = gather(events)
    with transaction.atomic():
        _subtract_sums(changes)
        Activity.objects.filter(block_number__gt=above).delete()
        AnchoredBatch.objects.filter(block_number__gt=above).delete()
        if affected := set(changes.rounds):
            rounds.forget(affected)
            rounds.go_on(gather(retell(affected)).rounds)
    return changes.staked


def clear() -> None:
    """Empty every projection; readers see them full until the transaction's end."""
    for table in TABLES:
        table.objects.all().delete()


def gather(events: Iterable[ev.Event]) -> Changes:
    """Add events up. Those of rounds that can be none of ours are left out."""
    changes = Changes()
    for event in events:
        if not isinstance(event, ev.Transfer):
            if event.round > MOST_ROUND:
                continue
            if (line := activity_line(event)) is not None:
                changes.activity.append(line)
        if (note := _NOTES.get(type(event))) is not None:
            note(changes, event)
        else:
            changes.rounds[event.round].append(event)  # type: ignore[union-attr]
    return changes


def _note_transfer(changes: Changes, event: ev.Transfer) -> None:
    if event.amount > MOST_TOKENS:
        return
    if event.sender != NOBODY:
        changes.balances[event.sender] -= event.amount
    if event.receiver != NOBODY:
        changes.balances[event.receiver] += event.amount


def _note_staked(changes: Changes, event: ev.Staked) -> None:
    changes.stakes[event.round, event.member, event.candidate][0] += event.amount
    changes.staked.add((event.round, event.candidate))


def _note_withdrawn(changes: Changes, event: ev.Withdrawn) -> None:
    sums = changes.stakes[event.round, event.member, event.candidate]
    sums[1] += event.principal
    sums[2] += event.reward


def _note_funded(changes: Changes, event: ev.Funded) -> None:
    changes.fundings[event.round, event.funder][0] += event.amount
    changes.rounds[event.round].append(event)


def _note_refunded(changes: Changes, event: ev.Refunded) -> None:
    changes.fundings[event.round, event.funder][1] += event.amount


def _note_batch(changes: Changes, event: ev.CandidatesAnchored) -> None:
    if event.batch <= MOST_COUNT:
        changes.batches.append(event)


_NOTES: dict[type, Callable[[Changes, Any], None]] = {
    ev.Transfer: _note_transfer,
    ev.Staked: _note_staked,
    ev.Withdrawn: _note_withdrawn,
    ev.Funded: _note_funded,
    ev.Refunded: _note_refunded,
    ev.CandidatesAnchored: _note_batch,
}


def _batch(event: ev.CandidatesAnchored) -> AnchoredBatch:
    return AnchoredBatch(
        round_id=event.round,
        index=event.batch,
        root=event.root,
        count=min(event.size, MOST_COUNT),
        uri=event.uri,
        block_number=event.place.block,
        tx_hash=event.place.tx_hash,
    )


def _rows(sums: dict[Any, list[int]], sign: int = 1) -> list[tuple[int | str, ...]]:
    return [(*key, *(sign * amount for amount in amounts)) for key, amounts in sums.items()]


def _add_sums(changes: Changes) -> None:
    staked = {key: [sums[0], 0, 0] for key, sums in changes.stakes.items() if sums[0]}
    taken = {key: [0, *sums[1:]] for key, sums in changes.stakes.items() if any(sums[1:])}
    tables.STAKES.add(_rows(staked))
    if tables.STAKES.change(_rows(taken)) != len(taken):
        raise ProjectionImpossible("Somebody withdrew what was never staked.")
    tables.FUNDINGS.add(_rows(changes.fundings))
    _move_balances(changes, 1)


def _subtract_sums(changes: Changes) -> None:
    for table, sums in ((tables.STAKES, changes.stakes), (tables.FUNDINGS, changes.fundings)):
        table.change(_rows(sums, -1))
    _move_balances(changes, -1)


def _move_balances(changes: Changes, sign: int) -> None:
    moved = changes.balances.items()
    tables.BALANCES.add((address, sign * amount) for address, amount in moved if amount)
