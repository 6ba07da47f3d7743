"""The errors of everything that asks the chain; the base of chain's own services."""

from __future__ import annotations

from curation.accounts.wallets import NodeUnreachable


class ChainError(Exception):
    """Something asked of the chain failed; the message says what."""


class NodeRefused(ChainError):
    """The node answered with a JSON-RPC error: a revert, a limit, an unknown method."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = message
        self.data = data


class AddressForbidden(NodeUnreachable):
    """RPC_URL leads to an address that must not be asked from here."""


class AnswerTooLarge(NodeUnreachable):
    """The node sent more than anything we ask for can be."""
