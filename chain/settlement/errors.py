"""What can keep a round's fate on the chain from being decided."""

from __future__ import annotations

from chain.errors import ChainError


class SettlementError(ChainError):
    """Something about a round on the chain cannot be done now; the message says what."""


class RoundNotOnChain(SettlementError):
    """The chain does not know the round, or the indexer has not seen it yet."""


class RoundNotClosed(SettlementError):
    """A result comes after the round."""


class WinnersInvalid(SettlementError):
    """These cannot be the winners of this round."""


class NotYetFinal(SettlementError):
    """What this relies on may still be taken back by the chain."""


class TooLate(SettlementError):
    """There is no time left in which anybody could stake."""


class BallotsWanted(SettlementError):
    """On this chain results come from ballots alone."""
