"""Blocks and logs as nodes give them, read strictly: what is stored is hex and numbers."""

from __future__ import annotations

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
    try:
        number = int(value, 16) if value[:2] == "0x" else -1
    except (TypeError, ValueError, KeyError) as error:
        raise Malformed(f"The node gave {value!r:.80} for a number.") from error
    if not 0 <= number < 2**63:
        raise Malformed(f"The node gave {value!r:.80} for a number.")
    return number


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
        topics = tuple([hex_of(topic, 32) for topic in raw["topics"]])
        return RawLog(
            number_of(raw["blockNumber"]),
            hex_of(raw["blockHash"], 32),
            number_of(raw["logIndex"]),
            hex_of(raw["transactionHash"], 32),
            "0x" + hex_of(raw["address"], 20),
            topics,
            hex_of(raw["data"]),
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise Malformed(f"The node gave {raw!r:.80} for a log.") from error
