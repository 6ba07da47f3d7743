"""Amounts as people write them: decimal tokens, exactly, with no floating point in between."""

from __future__ import annotations

import re
from decimal import Decimal

from curation.errors import CurationError

DECIMALS = 18
WEI = 10**18  # in a token
MOST_WEI = 2**208 - 1  # what a token with votes can have issued
_AMOUNT = re.compile(r"([0-9]{1,50})(?:\.([0-9]+))?", re.ASCII)


class AmountInvalid(CurationError):
    """A text is no amount of tokens."""


def wei_of(text: str) -> int:
    """`12.5` in the token's smallest unit; above zero.

    Raises:
        AmountInvalid: it is no plain decimal number, has more than 18 decimals, is zero, or more
            than there can be.
    """
    if (found := _AMOUNT.fullmatch(text)) is None:
        raise AmountInvalid("Write the amount in digits, as in 12.5, with a point and no signs.")
    whole, decimals = found[1], found[2] or ""
    if len(decimals) > DECIMALS:
        raise AmountInvalid(f"An amount has at most {DECIMALS} decimals.")
    amount_wei = int(whole) * WEI + int(decimals.ljust(DECIMALS, "0"))
    if amount_wei == 0:
        raise AmountInvalid("The amount has to be more than nothing.")
    if amount_wei > MOST_WEI:
        raise AmountInvalid("There are not so many tokens in the world.")
    return amount_wei


def in_full(amount_wei: int) -> str:
    """Tokens with every decimal that counts: `12.000000000000000001`."""
    whole, rest = divmod(int(amount_wei), WEI)
    return f"{whole}.{rest:018}".rstrip("0").rstrip(".")


def rounded(amount_wei: int | Decimal) -> str:
    """Whole tokens and at most two decimals, rounded down: `1,234.5`."""
    whole, rest = divmod(int(amount_wei), WEI)
    hundredths = rest * 100 // WEI
    if rest and not (whole or hundredths):
        return "<0.01"
    return f"{whole:,}.{hundredths:02}".rstrip("0").rstrip(".")
