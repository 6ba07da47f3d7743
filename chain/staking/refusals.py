"""Errors of our contracts as a member should read them; one place for all pages.

`chain.operator.reverts` says the same things to operators.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from chain.errors import NodeRefused
from chain.operator.reverts import named
from curation.stakes.amounts import rounded

STATES = (
    "The contract does not know this round.",
    "The round is still open, so this cannot be done yet.",
    "A result was proposed for this round, so this cannot be done now.",
    "The round is settled, so this cannot be done any more.",
    "The round was given up; everything in it can be taken back.",
)
WORDS = {
    "RoundInState": "{state}",
    "DeadlinePassed": "Too late: this ended on {deadline}.",
    "TooEarly": "Too early: this can be done from {from}.",
    "NotAnchored": "The chain does not know this picture: its proof leads nowhere.",
    "StakeTooSmall": "The smallest stake is {smallest} SALON.",
    "AmountMismatch": "The token delivered another amount than was asked for.",
    "NothingToTake": "There is nothing to take out: it was taken before, or never there.",
    "Empty": "The amount has to be more than nothing.",
    "EnforcedPause": "New stakes are paused. What is inside can be taken out as always.",
    "ERC20InsufficientBalance": "You have {balance} SALON, and this needs {needed}.",
    "ERC20InsufficientAllowance": "The contract may not take that many of your tokens. Try again.",
    "TooSoon": "The faucet gives to you again on {from}.",
}
TIMES = frozenset({"deadline", "from"})
LAST_SECOND = 1 << 37  # about the year 6300: what lies beyond was never meant as a time


def in_words(error: NodeRefused) -> str:
    """Why a contract refused, as a sentence for a member."""
    if (found := named(error)) is not None:
        name, values = found
        words = WORDS.get(name, f"The contract refused it: {name}.")
        return words.format_map({field: _shown(field, value) for field, value in values.items()})
    if "insufficient funds" in error.message.lower():
        return "Your account has too little of the chain's own money to pay for this."
    return "The contract refused it and did not say why."


def _shown(field: str, value: Any) -> str:
    if field == "state":
        return STATES[value] if value < len(STATES) else STATES[0]
    if field in TIMES:
        at = datetime.fromtimestamp(min(value, LAST_SECOND), UTC)
        return f"{at:%-d %B %Y} at {at:%H:%M:%S} UTC"
    return rounded(value) if isinstance(value, int) else str(value)
