"""Nodes that get a share of their logs wrong."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

Log = dict[str, Any]


def _flip(text: str, rng: random.Random) -> str:
    """Hex with one digit changed."""
    place = rng.randrange(2, len(text))
    return (
        text[:place] + rng.choice("0123456789abcdef".replace(text[place], "")) + text[place + 1 :]
    )


def _drop(logs: list[Log], place: int, rng: random.Random) -> None:
    del logs[place]


def _twice(logs: list[Log], place: int, rng: random.Random) -> None:
    logs.insert(place, logs[place])


def _swap(logs: list[Log], place: int, rng: random.Random) -> None:
    other = (place + 1) % len(logs)
    logs[place], logs[other] = logs[other], logs[place]


def _alter(name: str) -> Callable[[list[Log], int, random.Random], None]:
    def alter(logs: list[Log], place: int, rng: random.Random) -> None:
        logs[place][name] = _flip(logs[place][name], rng)

    return alter


def _topic(logs: list[Log], place: int, rng: random.Random) -> None:
    topics = logs[place]["topics"]
    topics[-1] = _flip(topics[-1], rng)


def _removed(logs: list[Log], place: int, rng: random.Random) -> None:
    logs[place]["removed"] = True


FAULTS = {
    "drop": _drop,
    "twice": _twice,
    "swap": _swap,
    "topic": _topic,
    "removed": _removed,
    **{name: _alter(name) for name in ("data", "address", "blockHash", "transactionHash")},
    **{name: _alter(name) for name in ("blockNumber", "logIndex")},
}


class Liar:
    """Meddles with each log that passes, with some probability."""

    def __init__(self, rng: random.Random, *, share: float) -> None:
        self.rng, self.share = rng, share

    def __call__(self, method: str, params: list[Any], result: Any) -> Any:
        if method == "eth_getLogs":
            result = copy.deepcopy(result)
            self._meddle(result)
        elif method == "eth_getBlockReceipts" and result:
            result = copy.deepcopy(result)
            for receipt in result:
                self._meddle(receipt["logs"])
        return result

    def _meddle(self, logs: list[Log]) -> None:
        for place in range(len(logs) - 1, -1, -1):
            if self.rng.random() < self.share and place < len(logs):
                FAULTS[self.rng.choice(list(FAULTS))](logs, place, self.rng)


class Grudge:
    """Gets one log wrong, always in the same way."""

    def __init__(self, fault: str, tx_hash: str) -> None:
        self.fault, self.tx_hash = fault, tx_hash

    def __call__(self, method: str, params: list[Any], result: Any) -> Any:
        if method == "eth_getLogs":
            result = copy.deepcopy(result)
            for place, log in enumerate(result):
                if log["transactionHash"] == self.tx_hash:
                    FAULTS[self.fault](result, place, random.Random(3))
                    break
        return result
