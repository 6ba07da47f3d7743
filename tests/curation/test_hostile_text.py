"""Markup in anybody's words is shown as words."""

from html import unescape
from html.parser import HTMLParser

import pytest

from curation.briefs.services import post_brief
from curation.galleries.services import open_round
from curation.live import fragments
from tests.factories import publish

pytestmark = pytest.mark.django_db

PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus='alert(1)",
    "</title><svg onload=alert(1)>",
    "{{ settings.SECRET_KEY }}{% load static %}",
    "javascript:alert(1)",
    "<!--<iframe src=//evil.example>-->",
    "]]><math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    'x" hx-get="/evil" hx-trigger="load',
    "&lt;script&gt; &amp;",
]
OURS = {"script", "style", "link", "meta", "img", "svg", "iframe", "object", "embed", "base"}


class Markup(HTMLParser):
    """Tags and attributes a page really has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.values: list[str] = []
        self.data: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.values += [value or "" for name, value in attrs if name in {"href", "src", "action"}]

    def handle_data(self, data):
        self.data.append(data)


@pytest.fixture
def shown(pages):
    """Every page and fragment that shows a brief's and a prompt's words."""

    def show(words: str) -> dict[str, str]:
        brief = post_brief(title=words, purpose=words, must=words, must_not=words)
        brief.palette = [words[:24]]
        brief.save()
        round_ = open_round(brief=brief)
        candidate = publish(round_, brief.pk, prompt=words, negative_prompt=words, agent=words[:40])
        addresses = ("/", brief.get_absolute_url(), round_.get_absolute_url())
        texts = {a: pages.get(a).text for a in (*addresses, candidate.get_absolute_url())}
        texts["socket"] = "".join(text for _, text in fragments.since(round_.stream, 0))
        facts = {"easel": "e", "prompt": words, "step": 1, "steps": 2, "image": None}
        texts["preview"] = fragments.preview(round_.stream, facts)
        return texts

    return show


@pytest.mark.parametrize("payload", PAYLOADS)
def test_payload_adds_no_tag_and_no_attribute(shown, payload):
    plain = shown("harmless words")
    hostile = shown(payload)
    for (place, text), expected in zip(hostile.items(), plain.values(), strict=True):
        found, wanted = Markup(text), Markup(expected)
        for tag in OURS:
            # The second brief adds rows to the home page, never anything that loads or runs.
            assert found.tags.count(tag) <= max(1, 2 * wanted.tags.count(tag)), (place, tag)
        assert found.attributes == wanted.attributes, place
        assert not [value for value in found.values if value.startswith(("javascript", "//"))]
        assert payload in unescape(text) or payload in "".join(found.data), place
        assert "<script>alert" not in text
        assert "<svg onload" not in text


def test_policy_allows_no_inline_script(pages):
    policy = pages.get("/")["Content-Security-Policy"]
    script = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "unsafe" not in policy
    assert "*" not in script
    for wanted in ("default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert wanted in policy
