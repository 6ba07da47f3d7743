"""What the tables should hold, told a second time and as plainly as possible."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from curation.stakes.models import (
    Activity,
    AnchoredBatch,
    Balance,
    ChainRound,
    Funding,
    Stake,
    Winner,
)

_SNAKE = re.compile(r"(?<!^)(?=[A-Z])")
Tables = dict[str, list[tuple[Any, ...]]]
_COLUMNS: dict[Any, tuple[str, ...]] = {
    ChainRound: (
        *("round_id", "state", "anchor_deadline", "staking_deadline", "result_deadline"),
        *("challenge_s", "settles_at", "pool_wei", "returned_wei", "ballots_root", "bundle_hash"),
    ),
    AnchoredBatch: ("round_id", "index", "root", "count", "uri", "block_number", "tx_hash"),
    Stake: ("round_id", "address", "digest", "staked_wei", "withdrawn_wei", "reward_wei"),
    Funding: ("round_id", "address", "funded_wei", "refunded_wei"),
    Winner: ("round_id", "place", "digest", "share_bps"),
    Balance: ("address", "amount_wei"),
    Activity: (
        *("block_number", "log_index", "tx_hash", "at", "kind", "round_id", "address", "digest"),
        *("amount_wei", "reward_wei"),
    ),
}


def tables() -> Tables:
    """Every projection as it is in the database."""
    return {
        model.__name__: sorted(model.objects.order_by().values_list(*columns), key=repr)
        for model, columns in _COLUMNS.items()
    }


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


class Model:
    """Adds events up in dictionaries, one after the other."""

    def __init__(self) -> None:
        self.rounds: dict[int, dict[str, Any]] = {}
        self.stakes: dict[tuple, list[int]] = defaultdict(lambda: [0, 0, 0])
        self.fundings: dict[tuple, list[int]] = defaultdict(lambda: [0, 0])
        self.balances: dict[str, int] = defaultdict(int)
        self.winners: dict[int, list[tuple]] = {}

    def tell(self, name: str, *arguments: Any) -> None:
        getattr(self, _SNAKE.sub("_", name).lower())(*arguments)

    @classmethod
    def of(cls, events: Iterable[tuple[int, int, tuple[Any, ...]]]) -> Model:
        model = cls()
        for _, _, event in events:
            model.tell(*event)
        return model

    def tables(self) -> Tables:
        """Sums and rounds as the database should have them."""
        return {
            "ChainRound": sorted([tuple(row.values()) for row in self.rounds.values()], key=repr),
            "Stake": sorted([(*k, *v) for k, v in self.stakes.items() if any(v)], key=repr),
            "Funding": sorted([(*k, *v) for k, v in self.fundings.items() if any(v)], key=repr),
            "Winner": sorted((row for rows in self.winners.values() for row in rows), key=repr),
            "Balance": sorted([(k, v) for k, v in self.balances.items() if v], key=repr),
        }

    def transfer(self, sender: str, receiver: str, amount: int) -> None:
        for address, change in ((sender, -amount), (receiver, amount)):
            if int(address, 16):
                self.balances[address] += change

    def round_opened(self, number: int, times: tuple[int, int, int, int]) -> None:
        self.rounds[number] = {
            "round_id": number,
            "state": "open",
            **dict(zip(("anchor", "staking", "result"), map(_at, times[:3]), strict=True)),
            "challenge_s": times[3],
            "settles_at": None,
            "pool_wei": 0,
            "returned_wei": None,
            "ballots_root": "",
            "bundle_hash": "",
        }

    def candidates_anchored(self, *_: Any) -> None:
        pass

    def ballots_anchored(self, number: int, root: bytes) -> None:
        self.rounds[number]["ballots_root"] = root.hex()

    def funded(self, number: int, funder: str, amount: int) -> None:
        self.rounds[number]["pool_wei"] += amount
        self.fundings[number, funder][0] += amount

    def refunded(self, number: int, funder: str, amount: int) -> None:
        self.fundings[number, funder][1] += amount

    def staked(self, number: int, member: str, digest: bytes, amount: int) -> None:
        self.stakes[number, member, digest.hex()][0] += amount

    def withdrawn(self, number: int, member: str, digest: bytes, principal: int, reward: int):
        row = self.stakes[number, member, digest.hex()]
        row[1] += principal
        row[2] += reward

    def result_proposed(self, number: int, *result: Any) -> None:
        digests, shares, ballots, bundle, settles_at = result
        row = self.rounds[number]
        row |= {"state": "proposed", "settles_at": _at(settles_at), "bundle_hash": bundle.hex()}
        row["ballots_root"] = ballots.hex() if any(ballots) else ""
        self.winners[number] = [
            (number, place, digest.hex(), share)
            for place, (digest, share) in enumerate(zip(digests, shares, strict=True), 1)
        ]

    def result_vetoed(self, number: int, _guardian: str) -> None:
        self.rounds[number]["state"] = "refundable"

    round_cancelled = result_vetoed

    def round_settled(self, number: int, _pool: int, returned: int) -> None:
        self.rounds[number] |= {"state": "settled", "returned_wei": returned}
