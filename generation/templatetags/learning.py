"""How learning is drawn on pages."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from curation.briefs.palette import COLOURS
from generation.learning.shares import Share

register = template.Library()


@register.filter
def signed(value: float) -> str:
    """A difference with its sign, to two places: `+0.49`, `−0.12`."""
    return f"{value:+.2f}".replace("-", "−")


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


@register.simple_tag
def swatches(names: Sequence[str]) -> SafeString:
    """A palette's colours as a row of squares, ground first; the palette's name stands beside."""
    known = [(12 * place, COLOURS[name]) for place, name in enumerate(names) if name in COLOURS]
    return format_html(
        '<svg class="swatches-of" width="{}" height="14" aria-hidden="true" focusable="false">'
        "{}</svg>",
        12 * len(names),
        format_html_join("", '<rect x="{}" width="12" height="14" fill="{}"/>', known),
    )
