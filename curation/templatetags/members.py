"""What pages say about members, and to visitors who may become one."""

from typing import Any

from django import template
from django.template import Context

from curation.accounts.browsers import browser_in_words
from curation.accounts.doors import is_at_home

register = template.Library()
register.filter("browser", browser_in_words)


@register.simple_tag(takes_context=True)
def at_home(context: Context) -> bool:
    """Whether one can sign in right here; see `is_at_home`."""
    request: Any = context.get("request")
    return request is None or is_at_home(request)
