"""What is wrong with an anchor."""

from __future__ import annotations

from chain.errors import ChainError


class AnchorUnknown(ChainError):
    """There is no such candidate, or it is in no batch yet."""


class AnchorWrong(ChainError):
    """File, proof, batch and chain do not agree; the message says where."""
