"""What can keep a round's fate on the chain from being decided."""

from __future__ import annotations

from chain.errors import ChainError


class SettlementError(ChainError):
    """Something about a round on the chain cannot be done now; the message says what."""


class RoundNotOnChain(SettlementError):
    """The chain does not know the round, or the indexer has not seen it yet."""


class NotTallied(SettlementError):
    """A result comes from a published tally, which comes after the round."""


class NothingToPropose(SettlementError):
    """Nobody won."""


class ResultNotTaken(SettlementError):
    """The chain takes no result of the round, not yet or not any more."""


class NotYetFinal(SettlementError):
    """What this relies on may still be taken back by the chain."""


class TooLate(SettlementError):
    """There is no time left in which anybody could stake."""
