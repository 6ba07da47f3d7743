"""Hostile words in every field there is, on every page there is, seen by Chromium: threat 20.

Nothing runs, nothing asks, no policy is broken, the console stays empty, and on a phone no page
can be scrolled sideways.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from curation.galleries.services import close_round
from curation.live import bus
from curation.models import Member
from curation.moderation import sanctions
from curation.moderation.roles import grant_role
from generation.models import (
    Challenge,
    ModelVersion,
    PreferenceDataset,
    PreferenceRow,
    TrainingRun,
    VersionEvent,
)
from tests.curation.sealing.pages import pages
from tests.factories import MemberFactory
from tests.furnished import Furnished, furnish
from tests.hostile_texts import MARKUP, NAUGHTY, SHORT, fitting
from tests.project.roles.table import NO, NOWHERE, PAGES

from .chromium import Visitor
from .looking import wait_live
from .test_posting_briefs import let_in

PHONE = {"width": 390, "height": 844}
# What is no page: files, JSON and fragments of pages; pictures are tested in tests/curation.
NO_PAGES = (
    *(
        "avatars/",
        "media/",
        "verify_",
        "favicon",
        "healthz",
        "readyz",
        "metrics",
        "sheet/",
        "demo-",
        "postcards/",
        "apple-touch",
        "robots",
    ),
    *(".safetensors", ".md", ".json", "moderation/pictures", "api/v1", "/events", "/pool", "/bell"),
    "candidates/<digest:digest>/stakes",
)
# Pictures that are not there, and dates that are none, typed as such.
HARMLESS = re.compile("Failed to load resource|does not conform to the required format")
LIVE = "window.hacked === undefined && window.salonTest.violations.length === 0"
QUERIES = {
    "/moderation/": ("q", "source", "reason"),
    "/moderation/log/": ("before",),
    "/sign-in/": ("next",),
    "/activity/": ("after",),
    "/votes/": ("after",),
}


class Words:
    """Says of every field something else, until everything was said, and then again."""

    def __init__(self, *texts: str) -> None:
        self.long = itertools.cycle(fitting(texts, 1000))
        self.short = itertools.cycle(SHORT)
        self.said: dict[str, list[str]] = {}

    def __call__(self, field: str, longest: int) -> str:
        """Several texts where there is room for them."""
        text = next(self.short) if longest < 80 else next(self.long)[:longest]
        while longest >= 500 and len(text) < longest // 2:
            text = f"{text} {next(self.long)}"[:longest]
        self.said.setdefault(field, []).append(text)
        return text


WORDS = {"markup": MARKUP[::3], "more markup": MARKUP[1::3], "naughty": NAUGHTY}
# Operators see what others see and more; in a soak everybody reads everything.
LEAST = {"visitor": 25, "member": 27, "operator": 36}  # pages that each may see
SOAK = os.environ.get("SALON_SOAK") == "1"
READ = [
    (words, reader)
    for words in WORDS
    for reader in LEAST
    if SOAK or reader == "operator" or (words, reader) == ("markup", "visitor")
]


@pytest.fixture(scope="module")
def site(request, house) -> Iterator[Furnished]:
    """The house, furnished with hostile words."""
    ModelVersion.objects.filter(status="live").update(status="retired")
    made = furnish(Words(*WORDS[request.param]))
    yield made
    close_round(round_=made.round)
    type(made.brief).objects.filter(status="active").update(status="completed")
    for model in (Challenge, VersionEvent, TrainingRun, PreferenceRow, PreferenceDataset):
        model.objects.all().delete()
    made.version.delete()
    made.run.reference.delete()


def addresses(site: Furnished) -> list[str]:
    """Every page there is, for rounds the open one and the counted one."""
    found = []
    for page in pages():
        if any(part in page.route for part in NO_PAGES) or PAGES[page.route][0] in (NO, NOWHERE):
            continue
        examples = site.examples(page.route)
        for round_ in {examples["round_id"], str(site.round.pk), str(site.counted.pk)}:
            filled = {name: [value] for name, value in (examples | {"round_id": round_}).items()}
            found += page.paths(filled)
    others = (site.hidden, site.winner)
    return [*dict.fromkeys([*found, *(one.get_absolute_url() for one in others)])]


def open_as(visit: Visitor, reader: Member | None) -> Page:
    page = visit("/nowhere/", viewport=PHONE, reduced_motion="reduce")
    if reader:
        let_in(page, reader)
    return page


def assert_harmless(page: Page, visit: Visitor, where: str) -> None:
    """Nothing ran, nothing was asked for elsewhere, and the page is as wide as the screen."""
    assert page.evaluate(LIVE), where
    assert page.locator("main#content").count() == 1, where
    foreign = "main :is(iframe, object, embed, base, meta, plaintext, [onerror], [onload])"
    assert page.locator(foreign).count() == 0, where
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], where
    assert visit.problems == [], where
    heard = [text for text in visit.console if not HARMLESS.search(text)]
    assert heard == [], where


@pytest.mark.parametrize(("site", "reader"), READ, indirect=["site"])
def test_threat_20_no_page_runs_or_breaks_at_what_people_wrote(site, visit, reader) -> None:
    page, seen = open_as(visit, getattr(site, reader, None)), 0
    for address in addresses(site):
        answer = page.goto(address)  # until everything has loaded, and failed to load
        assert_harmless(page, visit, f"{reader} at {address}")
        seen += answer.status == 200
    assert seen > LEAST[reader]


@pytest.mark.parametrize("site", ["naughty"], indirect=True)
def test_threat_20_what_is_asked_for_is_shown_as_text(site, visit) -> None:
    page = open_as(visit, site.operator)
    asked = {**QUERIES, site.round.get_absolute_url(): ("after",), "/nowhere/": ("x",)}
    texts = (*SHORT, *MARKUP[:25], *MARKUP[25::60], *NAUGHTY[::6])
    for number, text in enumerate(texts):
        address, names = list(asked.items())[number % len(asked)]
        search = "&".join(f"{name}={quote(text[:300].replace(chr(0), ''))}" for name in names)
        page.goto(f"{address}?{search}")
        assert_harmless(page, visit, f"{address}?{search}")
        if address == "/moderation/":
            expect(page.locator("#q")).to_have_value(re.sub("[\0\r\n]", "", text[:300]))
    page = open_as(visit, None)
    for text in SHORT:
        page.goto(f"/briefs/{quote(text, safe='')}/")
        assert_harmless(page, visit, text)


# Forms that come back, by the fields that are filled in. What is typed is refused in words.
FORMS = {
    "/account/": ("name",),
    "/briefs/new/": ("title", "purpose", "must", "must_not", "deadline"),
    "report": ("note",),
    "/appeal/": ("text",),
    "/moderation/second/": ("object", "note"),
}
FILL = """([form, names, text]) => {
    form.noValidate = true;
    for (const name of names) {
        const field = form.elements.namedItem(name);
        field.removeAttribute("maxlength");
        if (field.type === "datetime-local") field.type = "text";
        field.value = text;
    }
    form.submit();
}"""


@pytest.mark.parametrize("text", [" ".join(MARKUP[::30]), NAUGHTY[0], " ".join(SHORT)])
def test_threat_20_forms_give_back_what_was_typed(gallery, visit, text) -> None:
    round_ = gallery.round()
    hung = gallery.publish(round_)
    operator, muted = furnish_two()
    typed = text * (2100 // len(text) + 1)  # more than any field takes
    for address, names in FORMS.items():
        page = open_as(visit, muted if address == "/appeal/" else operator)
        page.goto(f"{hung.get_absolute_url()}report" if address == "report" else address)
        form = page.locator(f"main form:has([name={names[0]}])").first.element_handle()
        with page.expect_navigation():
            page.evaluate(FILL, [form, names, typed])
        assert page.locator(".field-error, [role=alert]:visible, .errorlist").count() > 0, address
        assert_harmless(page, visit, address)
        visit.leave()


def furnish_two() -> tuple[Member, Member]:
    """An operator, and a member whose mute can be appealed."""
    operator = grant_role(address=MemberFactory().address, role=Member.Role.OPERATOR)
    muted = MemberFactory()
    sanctions.mute_member(member=muted, by=operator, reason="spam")
    return operator, muted


def test_threat_20_what_arrives_while_one_looks_is_text_too(gallery, visit) -> None:
    round_ = gallery.round()
    page = open_as(visit, None)
    page.goto(round_.get_absolute_url())
    wait_live(page, round_)
    texts = (*MARKUP[::12], *NAUGHTY)
    prompts = [" ".join(texts[at : at + 8])[:1000] for at in range(0, len(texts), 8)]
    for number, prompt in enumerate(prompts):
        facts = {"easel": f"hostile{number}", "prompt": prompt, "step": 3, "steps": 9}
        bus.send(round_.stream, {"type": "preview", **facts})
        gallery.publish(round_, prompt=prompt.replace("\0", ""), easel=f"hostile{number}")
    expect(page.locator(".wall .card:not(.easel)")).to_have_count(len(prompts))
    assert_harmless(page, visit, "the wall")
    bus.send(round_.stream, {"type": "preview", **facts, "easel": "more"})
    assert_harmless(page, visit, "an easel")


def test_threat_20_what_would_run_is_noticed(gallery, visit) -> None:
    """What these tests look at tells, where a page does not escape what it shows."""
    page = open_as(visit, None)
    said = ["<img src=x onerror=alert(1)>", "<iframe srcdoc=x></iframe>", "W" * 500]
    for html in said:
        page.goto("/")
        page.evaluate(
            "html => document.querySelector('main').insertAdjacentHTML('beforeend', html)",
            html if "<" in html else f"<pre>{html}</pre>",
        )
        visit.problems.clear()  # so that each is noticed by itself
        visit.console.clear()
        with pytest.raises(AssertionError):
            assert_harmless(page, visit, html)
    visit.problems.clear()
