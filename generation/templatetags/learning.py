"""How learning is drawn on pages."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from generation.learning.shares import Share

register = template.Library()


@register.simple_tag
def rate_interval(rate: Share) -> SafeString:
    """A win rate with its interval on a line from 0 to 100%; the number stands beside it."""
    at = [f"{100 * value:.1f}%" for value in (rate.low, rate.high, rate.value)]
    return format_html(
        '<svg class="interval" width="100%" height="24" aria-hidden="true" focusable="false">'
        '<line class="interval-tick interval-even" x1="50%" x2="50%" y1="0" y2="100%"/>'
        '<line class="interval-span" x1="{}" x2="{}" y1="50%" y2="50%"/>'
        '<circle class="interval-dot" cx="{}" cy="50%" r="5"/></svg>',
        *at,
    )
