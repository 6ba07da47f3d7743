"""How amounts are written on pages, and what pages include of stakes."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context

from curation.accounts.models import Member
from curation.galleries.models import Candidate, Round
from curation.stakes.amounts import in_full, rounded
from curation.stakes.panels import PoolPanel, StakePanel
from curation.stakes.portfolios import RoundHoldings, portfolio_of

register = template.Library()
register.filter("in_full", in_full)
tokens = register.filter("tokens", rounded)
MEMBER_PAGE_SHOWS = 24  # stakes


@register.filter
def percent(share_bps: int) -> str:
    """Basis points as a percentage: `62.5%`."""
    return f"{share_bps / 100:.2f}".rstrip("0").rstrip(".") + "%"


@register.inclusion_tag("stakes/panel.html", takes_context=True)
def stake_panel(context: Context, candidate: Candidate) -> dict[str, Any]:
    """What is staked on a candidate, and how to; nothing when its round is not on the chain."""
    return _for(context, panel=StakePanel.of(candidate, _visitor(context)))


@register.inclusion_tag("stakes/pool.html", takes_context=True)
def round_pool(context: Context, round_: Round) -> dict[str, Any]:
    """A round's pool, and how to add to it; nothing when the round is not on the chain."""
    return _for(context, pool=PoolPanel.of(round_, _visitor(context)))


@register.inclusion_tag("stakes/pool_line.html")
def round_pool_line(round_: Round) -> dict[str, Any]:
    """The same in a line."""
    return {"pool": PoolPanel.of(round_, None)}


@register.simple_tag
def holdings_of(member: Member) -> list[RoundHoldings]:
    """What a member has in rounds, the newest first."""
    return portfolio_of(member.address, limit=MEMBER_PAGE_SHOWS).rounds


def _visitor(context: Context) -> Member | None:
    user = context.get("user")
    return user if isinstance(user, Member) else None


def _for(context: Context, **found: Any) -> dict[str, Any]:
    return {"request": context.get("request"), "user": context.get("user"), **found}
