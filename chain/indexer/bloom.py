"""The filter of a block's logs: it may say yes for nothing, and never says no for something."""

from __future__ import annotations

import functools

from eth_hash.auto import keccak

BYTES = 256


@functools.lru_cache(maxsize=4096)
def bits_of(item: bytes) -> int:
    """The three bits an address or topic sets (Yellow Paper, eq. 30), as a number."""
    digest = keccak(item)
    bits = 0
    for at in (0, 2, 4):
        bits |= 1 << (int.from_bytes(digest[at : at + 2], "big") & 2047)
    return bits


def may_hold(bloom: bytes, item: bytes) -> bool:
    """Whether logs of a block may be of this address, or have this topic."""
    bits = bits_of(item)
    return int.from_bytes(bloom, "big") & bits == bits


def bloom_of(logs: list[tuple[bytes, list[bytes]]]) -> bytes:
    """The filter over (address, topics) of some logs."""
    bits = 0
    for address, topics in logs:
        for item in (address, *topics):
            bits |= bits_of(item)
    return bits.to_bytes(BYTES, "big")
