"""Markup in any field of a brief is shown as words: in the form, its errors and on its page."""

from __future__ import annotations

from html import unescape
from html.parser import HTMLParser

import pytest

from curation.briefs.services import post_brief
from curation.models import Brief

pytestmark = pytest.mark.django_db
PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus='alert(1)",
    "</textarea><svg onload=alert(1)>",
    "</title></head><body onload=alert(1)>",
    "{{ settings.SECRET_KEY }}{% include 'base.html' %}",
    "javascript:alert(1)",
    "<!--<iframe src=//evil.example>-->",
    "]]><math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    'x" hx-get="/evil" hx-trigger="load',
    "<p id=announcer hx-swap-oob=innerHTML>gone</p>",
    "&lt;script&gt; &amp;",
)
TEXTS = ("title", "purpose", "must", "must_not")


class Markup(HTMLParser):
    """Tags and attributes a page has, leaving out what is written in them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, tuple(name for name, _ in attrs)))


def same_markup(hostile: str, plain: str) -> bool:
    return Markup(hostile).tags == Markup(plain).tags


@pytest.mark.parametrize("payload", PAYLOADS)
def test_threat_20_form_with_errors_shows_hostile_text_as_typed(signed_in, form, payload):
    def answer(text: str) -> str:
        typed = form | dict.fromkeys((*TEXTS, "deadline", "rounds_planned"), text)
        return signed_in.post("/briefs/new/", typed | {"palette": [text]}).text

    hostile, plain = answer(payload), answer("plain")
    assert same_markup(hostile, plain)
    assert unescape(hostile).count(payload) >= len(TEXTS)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_threat_20_page_shows_hostile_text_as_written(signed_in, member, payload):
    member.name = payload[:32]  # as if the rules for names had let it through
    member.save()

    def page(text: str) -> str:
        brief = post_brief(posted_by=member, **dict.fromkeys(TEXTS, text))
        Brief.objects.filter(pk=brief.pk).update(palette=[text[:24]])
        return signed_in.get(brief.get_absolute_url()).text

    hostile, plain = page(payload), page("plain")
    assert same_markup(hostile, plain)
    assert unescape(hostile).count(payload) >= len(TEXTS)
