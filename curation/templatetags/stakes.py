"""How amounts are written on pages."""

from __future__ import annotations

from decimal import Decimal

from django import template

register = template.Library()
WEI = 10**18  # in a token


@register.filter
def tokens(amount_wei: int | Decimal) -> str:
    """Whole tokens and at most two decimals, rounded down: `1,234.5`."""
    whole, rest = divmod(int(amount_wei), WEI)
    hundredths = rest * 100 // WEI
    if rest and not (whole or hundredths):
        return "<0.01"
    return f"{whole:,}.{hundredths:02}".rstrip("0").rstrip(".")
