"""Why the indexer cannot go on, for now or at all."""

from __future__ import annotations

from chain.errors import ChainError
from curation.accounts.wallets import NodeUnreachable


class NodeBehind(NodeUnreachable):
    """The node lacks a block that it was said to have; it may get it."""


class ChainMoved(ChainError):
    """The chain changed while it was read: nothing was taken, and it is read again."""


class Disagreement(ChainError):
    """Two answers about one block exclude each other, so one of them is wrong."""


class ForkedProviders(Disagreement):
    """Two nodes follow different blocks; near the head this passes by itself."""


class FinalityBroken(Disagreement):
    """A block that was final is another now."""


class Overtaken(ChainError):
    """Somebody else moved the progress meanwhile; nothing was written."""
