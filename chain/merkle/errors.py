"""What a Merkle tree refuses."""

from __future__ import annotations


class MerkleError(Exception):
    """Base of everything a tree raises on purpose."""


class EmptyTree(MerkleError):
    """A tree of nothing has no root."""


class DuplicateLeaf(MerkleError):
    """The same value was given twice, so a proof could not say which one it is of."""


class NotInTree(MerkleError):
    """There is no proof of a value that the tree was not built from."""


class ValueRefused(MerkleError):
    """A value is 32 bytes, neither more nor less."""
