"""Rounds as the contract has them, told event by event."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from curation.stakes import events as ev
from curation.stakes.models import ChainRound, Winner

State = ChainRound.State
LAST_SECOND = 253_402_300_799  # of the year 9999, the last that a timestamp of Python's holds
MOST_SECONDS = 2**31 - 1
MOST_WINNERS = 3
FIELDS = (
    *("state", "anchor_deadline", "staking_deadline", "result_deadline", "challenge_s"),
    *("settles_at", "pool_wei", "returned_wei", "ballots_root", "bundle_hash"),
)


@dataclass
class Story:
    """One round while its events are told; no row before it was opened."""

    row: ChainRound | None = None
    winners: list[Winner] = field(default_factory=list)


def go_on(told: Mapping[int, Sequence[ev.Event]]) -> None:
    """Tell more events of some rounds, each in the order of the chain."""
    if not told:
        return
    known = ChainRound.objects.in_bulk(told)
    stories = {round_id: Story(known.get(round_id)) for round_id in told}
    for round_id, events in told.items():
        for event in events:
            _TELL[type(event)](stories[round_id], event)
    ChainRound.objects.bulk_create(
        [story.row for story in stories.values() if story.row is not None],
        update_conflicts=True,
        unique_fields=["round"],
        update_fields=FIELDS,
    )
    winners = [winner for story in stories.values() for winner in story.winners]
    Winner.objects.filter(round__in={winner.round_id for winner in winners}).delete()
    Winner.objects.bulk_create(winners)


def forget(round_ids: Collection[int]) -> None:
    """Delete rounds and their winners."""
    Winner.objects.filter(round__in=round_ids).delete()
    ChainRound.objects.filter(round__in=round_ids).delete()


def _opened(story: Story, event: ev.RoundOpened) -> None:
    story.row = ChainRound(
        round_id=event.round,
        state=State.OPEN,
        anchor_deadline=_time(event.anchor_deadline),
        staking_deadline=_time(event.staking_deadline),
        result_deadline=_time(event.result_deadline),
        challenge_s=min(event.challenge_s, MOST_SECONDS),
        pool_wei=0,
    )


def _funded(story: Story, event: ev.Funded) -> None:
    if story.row is not None:
        story.row.pool_wei += event.amount


def _ballots(story: Story, event: ev.BallotsAnchored) -> None:
    if story.row is not None:
        story.row.ballots_root = event.root


def _proposed(story: Story, event: ev.ResultProposed) -> None:
    if story.row is None:
        return
    story.row.state = State.PROPOSED
    story.row.settles_at = _time(event.settles_at)
    story.row.ballots_root = event.ballots_root if int(event.ballots_root, 16) else ""
    story.row.bundle_hash = event.bundle_hash
    pairs = list(zip(event.candidates, event.shares_bps, strict=False))[:MOST_WINNERS]
    story.winners = [
        Winner(round_id=event.round, place=place, digest=digest, share_bps=min(bps, 10_000))
        for place, (digest, bps) in enumerate(pairs, 1)
    ]


def _refundable(story: Story, event: ev.ResultVetoed | ev.RoundCancelled) -> None:
    if story.row is not None:
        story.row.state = State.REFUNDABLE


def _settled(story: Story, event: ev.RoundSettled) -> None:
    if story.row is not None:
        story.row.state = State.SETTLED
        story.row.returned_wei = event.returned


_TELL: dict[type, Callable[[Story, Any], None]] = {
    ev.RoundOpened: _opened,
    ev.Funded: _funded,
    ev.BallotsAnchored: _ballots,
    ev.ResultProposed: _proposed,
    ev.ResultVetoed: _refundable,
    ev.RoundCancelled: _refundable,
    ev.RoundSettled: _settled,
}


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(min(seconds, LAST_SECOND), UTC)
