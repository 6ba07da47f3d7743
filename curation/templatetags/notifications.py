"""How many things a member was not told yet, for the bell on every page."""

from __future__ import annotations

from django import template

from curation.accounts.models import Member
from curation.notifications.selectors import MOST_COUNTED, unread_count

register = template.Library()


@register.simple_tag
def unread(member: Member) -> int:
    """How much a member has not seen; at most `MOST_COUNTED`."""
    return unread_count(member)


@register.filter
def at_most(count: int) -> str:
    """A count that fits on a bell: `99+` of more than that."""
    return str(count) if count < MOST_COUNTED else f"{MOST_COUNTED - 1}+"
