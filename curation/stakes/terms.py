"""What the chain's contracts ask of stakes, and their clock.

Curation knows no chain; the setting `STAKING_TERMS` names a function that does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How the contracts were deployed, and how far their clock is ahead of ours."""

    smallest_wei: int  # of a stake
    faucet_wei: int = 0  # what the faucet gives; 0 where there is none
    ahead: timedelta = timedelta()

    @property
    def now(self) -> datetime:
        """The time by which deadlines pass."""
        return timezone.now() + self.ahead

    def on_our_clock(self, at: datetime) -> datetime:
        """When a moment of the chain's comes for people."""
        return at - self.ahead


class StakingTerms(Protocol):
    """Says under which terms one stakes."""

    def __call__(self) -> Terms | None:
        """The terms; None as long as the site has no contracts."""


def staking_terms() -> Terms | None:
    """What the function that `STAKING_TERMS` names says."""
    ask: StakingTerms = import_string(settings.STAKING_TERMS)
    return ask()
