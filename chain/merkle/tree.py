"""Merkle trees of 32-byte values, node for node OpenZeppelin's standard tree of `bytes32`.

A value is hashed twice, two nodes once: nothing that stands inside the tree can pass for a value.
Two nodes are hashed in ascending order, so that a proof need not say left or right.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from eth_hash.auto import keccak

from chain.merkle.errors import DuplicateLeaf, EmptyTree, NotInTree, ValueRefused

NODE_BYTES = 32


class MerkleTree:
    """A tree over distinct values, the same whatever order they come in.

    `_nodes` holds the root first, the children of node i at 2i + 1 and 2i + 2, and the leaves
    last, in descending order: n values make 2n - 1 nodes of 32 bytes.
    """

    def __init__(self, values: Iterable[bytes]) -> None:
        """Hash it all.

        Raises:
            EmptyTree: there are no values.
            DuplicateLeaf: one comes twice.
            ValueRefused: one has not 32 bytes.
        """
        leaves = sorted(((leaf_of(value), value) for value in values), reverse=True)
        if not leaves:
            raise EmptyTree("A tree needs at least one value.")
        inner = len(leaves) - 1
        self._places = {value: place for place, (_, value) in enumerate(leaves, inner)}
        if len(self._places) < len(leaves):
            raise DuplicateLeaf(f"{len(leaves) - len(self._places)} values come more than once.")
        self._nodes = [b""] * inner + [leaf for leaf, _ in leaves]
        for i in range(inner - 1, -1, -1):
            self._nodes[i] = _parent(self._nodes[2 * i + 1], self._nodes[2 * i + 2])

    def __len__(self) -> int:
        return len(self._places)

    @property
    def root(self) -> bytes:
        """What the whole tree comes down to, 32 bytes."""
        return self._nodes[0]

    def proof(self, value: bytes) -> list[bytes]:
        """The siblings on the way from a value's leaf up to the root.

        Raises:
            NotInTree: the tree was built without it.
        """
        place = self._places.get(value)
        if place is None:
            raise NotInTree(f"{value.hex()} is not in this tree.")
        siblings = []
        while place > 0:
            left = place % 2 == 1
            siblings.append(self._nodes[place + 1 if left else place - 1])
            place = (place - 1) // 2
        return siblings


def leaf_of(value: bytes) -> bytes:
    """The leaf of a value; `abi.encode` of a `bytes32` is the 32 bytes themselves.

    Raises:
        ValueRefused: it has not 32 bytes.
    """
    if len(value) != NODE_BYTES:
        raise ValueRefused(f"A value has {NODE_BYTES} bytes, not {len(value)}.")
    return keccak(keccak(value))


def verify(root: bytes, value: bytes, proof: Sequence[bytes]) -> bool:
    """Whether a proof leads from a value to a root."""
    if any(len(given) != NODE_BYTES for given in (root, value, *proof)):
        return False
    node = leaf_of(value)
    for sibling in proof:
        node = _parent(node, sibling)
    return node == root


def _parent(one: bytes, other: bytes) -> bytes:
    return keccak(one + other if one < other else other + one)
