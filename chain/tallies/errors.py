"""What can keep a closed round's ballots from being counted."""

from __future__ import annotations

from chain.errors import ChainError


class TallyError(ChainError):
    """A tally cannot be made now; the message says why."""


class NotReady(TallyError):
    """What a tally relies on is not there yet, or may still be taken back by the chain."""
