"""Blocks and logs as nodes give them, read strictly: what is stored is hex and numbers."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from curation.accounts.wallets import NodeUnreachable

LAST_SECOND = 253_402_300_799  # of the year 9999


class Header(NamedTuple):
    """A block's header; hashes in hex without 0x."""

    number: int
    hash: str
    parent: str
    at: datetime
    bloom: bytes  # 256
    raw: Mapping[str, Any]  # as it came


class RawLog(NamedTuple):
    """A log; hashes and data in hex without 0x, the address in lower case with 0x."""

    block: int
    block_hash: str
    log_index: int
    tx_hash: str
    address: str
    topics: tuple[str, ...]
    data: str


class Malformed(NodeUnreachable):
    """The node answered something that is no block or no log."""


_HASH = re.compile(r"0x[0-9a-f]{64}").fullmatch
_NUMBER = re.compile(r"0x[0-9a-fA-F]{1,16}").fullmatch
_HASHES = re.compile(r"(0x[0-9a-f]{64})+").fullmatch


def hex_of(value: Any, size: int | None = None) -> str:
    """Hex digits of a 0x string, in lower case.

    Raises:
        Malformed: it is something else, or not of `size` bytes.
    """
    try:
        if value[:2] != "0x":
            raise Malformed(f"The node gave {value!r:.80} for hex.")
        digits = bytes.fromhex(value[2:]).hex()
    except (TypeError, ValueError, KeyError) as error:
        raise Malformed(f"The node gave {value!r:.80} for hex.") from error
    if len(digits) + 2 != len(value) or (size is not None and len(digits) != 2 * size):
        raise Malformed(f"The node gave {value!r:.80} for hex of another length.")
    return digits


def number_of(value: Any) -> int:
    """A number from its hex, below 2^63. Raises Malformed."""
    if isinstance(value, str) and _NUMBER(value) and (number := int(value, 16)) < 2**63:
        return number
    raise Malformed(f"The node gave {value!r:.80} for a number.")


def header_of(raw: Any) -> Header:
    """Raises Malformed."""
    if not isinstance(raw, dict):
        raise Malformed(f"The node gave {raw!r:.80} for a block.")
    seconds = number_of(raw.get("timestamp"))
    return Header(
        number=number_of(raw.get("number")),
        hash=hex_of(raw.get("hash"), 32),
        parent=hex_of(raw.get("parentHash"), 32),
        at=datetime.fromtimestamp(min(seconds, LAST_SECOND), UTC),
        bloom=bytes.fromhex(hex_of(raw.get("logsBloom"), 256)),
        raw=raw,
    )


def log_of(raw: Any) -> RawLog:
    """A log that was not removed. Raises Malformed."""
    try:
        if raw.get("removed"):
            raise Malformed("The node gave a log that was removed.")
        data, (block_hash, tx_hash, *topics) = raw["data"], _hashes_of(raw)
        return RawLog(
            _number_of(raw["blockNumber"]),
            block_hash,
            _number_of(raw["logIndex"]),
            tx_hash,
            _address_of(raw["address"]),
            tuple(topics),
            data[2:] if _HASH(data) else hex_of(data),  # most are one word
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise Malformed(f"The node gave {raw!r:.80} for a log.") from error


def _hashes_of(raw: dict[str, Any]) -> list[str]:
    """The hashes of a log's block and transaction, and its topics."""
    given = [raw["blockHash"], raw["transactionHash"], *raw["topics"]]
    together = "".join(given)
    if _HASHES(together) and all(len(one) == 66 for one in given):
        return [one[2:] for one in given]
    return [hex_of(one, 32) for one in given]


@functools.lru_cache(maxsize=1024)
def _address_of(value: str) -> str:
    return "0x" + hex_of(value, 20)


_number_of = functools.lru_cache(maxsize=8192)(number_of)  # of blocks and places, which recur
