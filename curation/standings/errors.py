"""What can be wrong with a tally."""

from __future__ import annotations

from typing import ClassVar

from curation.errors import CurationError


class TallyError(CurationError):
    """Base of everything wrong with a tally."""

    status: ClassVar[int] = 409


class RoundNotClosed(TallyError):
    """Ballots are counted once a round has closed, never before."""


class BallotsUnanchored(TallyError):
    """The roots on the chain do not cover the ballots that are to be counted."""


class TallyNotPublished(TallyError):
    """A round's ballots have not been counted yet."""
