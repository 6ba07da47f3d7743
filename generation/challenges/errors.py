"""What challenges refuse."""

from __future__ import annotations

from generation.errors import GenerationError


class ChallengeRefused(GenerationError):
    """This version cannot be tested against the live one; the message says why."""


class NothingToGoBackTo(GenerationError):
    """The live version has no earlier one to go back to."""
