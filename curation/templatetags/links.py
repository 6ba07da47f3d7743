"""What a page says of itself to search engines and to whoever shows links to it."""

from __future__ import annotations

from django import template
from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.simple_block_tag
def captured(content: str) -> SafeString:
    """What is between the tags, on one line, to be said more than once: `as` gives it a name."""
    return mark_safe(" ".join(content.split()))  # noqa: S308 - rendered, and escaped, already


@register.filter
def absolute(path: str) -> str:
    """A path of this site with its origin."""
    return f"{settings.SITE_URL}{path}"
