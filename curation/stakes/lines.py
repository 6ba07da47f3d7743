"""Activity rows in PostgreSQL's text format: one thing that happened, as people read it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from curation.stakes import events as ev
from curation.stakes.models import Activity

Kind = Activity.Kind
ACTIVITY_COLUMNS = (
    *("block_number", "log_index", "tx_hash", "at", "kind"),
    *("round_id", "address", "digest", "amount_wei", "reward_wei"),
)
Facts = tuple[str, str, int, int]  # address, digest, amount, reward


def activity_line(event: ev.Event) -> str | None:
    """A row for `tables.copy`; None for what is not shown."""
    if (known := _FACTS.get(type(event))) is None:
        return None
    kind, facts = known
    address, digest, amount, reward = facts(event)
    block, log_index, tx_hash, at = event.place
    return (
        f"{block}\t{log_index}\t{tx_hash}\t{at}\t{kind}\t"
        f"{event.round}\t{address}\t{digest}\t{amount}\t{reward}\n"  # type: ignore[union-attr]
    )


def _bare(_event: ev.Event) -> Facts:
    return ("", "", 0, 0)


def _proposed(event: ev.ResultProposed) -> Facts:
    return ("", event.candidates[0] if event.candidates else "", 0, 0)


_FACTS: dict[type, tuple[str, Callable[[Any], Facts]]] = {
    ev.RoundOpened: (Kind.OPENED.value, _bare),
    ev.CandidatesAnchored: (Kind.ANCHORED.value, _bare),
    ev.Funded: (Kind.FUNDED.value, lambda e: (e.funder, "", e.amount, 0)),
    ev.Staked: (Kind.STAKED.value, lambda e: (e.member, e.candidate, e.amount, 0)),
    ev.ResultProposed: (Kind.PROPOSED.value, _proposed),
    ev.ResultVetoed: (Kind.VETOED.value, lambda e: (e.guardian, "", 0, 0)),
    ev.RoundCancelled: (Kind.CANCELLED.value, lambda e: (e.guardian, "", 0, 0)),
    ev.RoundSettled: (
        Kind.SETTLED.value,
        lambda e: ("", "", e.pool, max(0, e.pool - e.returned)),
    ),
    ev.Withdrawn: (
        Kind.WITHDRAWN.value,
        lambda e: (e.member, e.candidate, e.principal, e.reward),
    ),
    ev.Refunded: (Kind.REFUNDED.value, lambda e: (e.funder, "", e.amount, 0)),
}
