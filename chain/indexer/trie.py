"""The root of a Merkle Patricia trie over a list (Yellow Paper, appendix D)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import rlp
from eth_hash.auto import keccak

Nibbles = tuple[int, ...]
Node: TypeAlias = "bytes | list[Node]"  # RLP's items
EMPTY_ROOT = keccak(rlp.encode(b""))


def list_root(values: Sequence[bytes]) -> bytes:
    """The root over values keyed by the RLP of their place, as blocks have it; 32 bytes."""
    if not values:
        return EMPTY_ROOT
    pairs = sorted((_nibbles(rlp.encode(place)), value) for place, value in enumerate(values))
    return keccak(rlp.encode(_node(pairs, 0)))


def _nibbles(key: bytes) -> Nibbles:
    return tuple(nibble for byte in key for nibble in (byte >> 4, byte & 15))


def _node(pairs: list[tuple[Nibbles, bytes]], depth: int) -> Node:
    """The node over sorted pairs whose keys agree in the first `depth` nibbles."""
    first, value = pairs[0]
    if len(pairs) == 1:
        return [_path(first[depth:], leaf=True), value]
    last = pairs[-1][0]
    shared = depth
    while shared < len(first) and first[shared] == last[shared]:
        shared += 1
    if shared > depth:
        return [_path(first[depth:shared], leaf=False), _reference(_node(pairs, shared))]
    branch: list[Node] = [b""] * 17
    for nibble in range(16):
        below = [pair for pair in pairs if len(pair[0]) > depth and pair[0][depth] == nibble]
        if below:
            branch[nibble] = _reference(_node(below, depth + 1))
    if len(first) == depth:
        branch[16] = value
    return branch


def _reference(node: Node) -> Node:
    """A node stands in its parent itself when it is short, else by its hash."""
    encoded = rlp.encode(node)
    return node if len(encoded) < 32 else keccak(encoded)


def _path(nibbles: Nibbles, *, leaf: bool) -> bytes:
    """Nibbles with a flag for odd length and leaves (appendix C)."""
    flag = 2 * leaf + len(nibbles) % 2
    whole = (flag, *nibbles) if len(nibbles) % 2 else (flag, 0, *nibbles)
    return bytes(high << 4 | low for high, low in zip(whole[::2], whole[1::2], strict=True))
