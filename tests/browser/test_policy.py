"""What a page may run and what it may tell."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from curation.briefs.rules import TextRefused

from .gallery import ADAPTER_HASH, BASE_HASH, MODEL_VERSION
from .house import fetch
from .looking import expect_easel, expect_hanging, wait_live

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "'-alert(3)-'",
    "<svg/onload=alert(4)>",
    "javascript:alert(5)",
    "</title><script>alert(6)</script>",
    "{{ 7|add:7 }}{% include 'base.html' %}",
    "<div hx-get=/ hx-trigger=load hx-on:click=alert(7)>",
    "<div hx-swap-oob=true id=content>gone</div>",
    "</p></figcaption><iframe srcdoc='<script>alert(8)</script>'>",
    "שלום עולם ← مرحبا",
    "👩🏽‍🎨🏳️‍🌈 e\u0301 ﷽ Z̸̛͔a̶l̵g̷o̶",
)
INLINE = """html => new DOMParser().parseFromString(html, "text/html").querySelectorAll(
    "script:not([src]), style, [style], [onclick], [onload], [onerror]").length"""


def pages_of(gallery):
    """An address of every kind of page, with one open round and one that is closed."""
    round_ = gallery.round()
    hung = gallery.fill(round_, 30)
    return {
        "home": "/",
        "brief": round_.brief.get_absolute_url(),
        "round": round_.get_absolute_url(),
        "older": f"{round_.get_absolute_url()}?after={hung[10].pk}",
        "candidate": hung[3].get_absolute_url(),
        "judge": f"{round_.get_absolute_url()}judge/",
        "bad request": f"{round_.get_absolute_url()}?after=x",
        "not found": "/nowhere/",
    }


def test_every_page_keeps_its_policy_and_the_console_stays_empty(gallery, visit):
    paths = pages_of(gallery)
    page = visit("/")
    for name, path in paths.items():
        visit.console.clear()
        answer = page.goto(path)
        page.wait_for_load_state("networkidle")
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert page.evaluate("window.salonTest.violations") == [], name
        errors = [text for text in visit.console if "Failed to load resource" not in text]
        assert errors == [], name
        html = answer.text()
        assert page.evaluate(INLINE, html) == 0, name
        assert not re.search(r"https?://(?!127\.0\.0\.1)", html), name


def test_an_injected_inline_script_would_not_run(gallery, visit):
    page = visit("/")
    page.evaluate("""() => {
        const script = document.createElement("script");
        script.textContent = "window.injected = true";
        document.body.append(script);
    }""")
    assert page.evaluate("window.injected") is None
    visit.problems.clear()  # the refusal is what was wanted


def assert_harmless(page: Page) -> None:
    expect(page.locator("main#content")).to_have_count(1)
    assert page.locator("iframe, main script, [onerror], [onload]").count() == 0
    assert page.evaluate("window.salonTest.violations") == []


def test_hostile_briefs_are_shown_as_text(gallery, visit):
    page = visit("/nowhere/")
    for six in (HOSTILE[:6], HOSTILE[6:]):  # as many rooms as the front page has
        briefs = [gallery.brief(title=h, purpose=h, must=h, must_not=h) for h in six]
        for brief in briefs:
            gallery.round(brief)
        page.goto("/")
        titles = page.locator(".room h2").all_text_contents()
        assert titles == [brief.title for brief in reversed(briefs)]
        assert_harmless(page)
        for brief in briefs:
            page.goto(brief.get_absolute_url())
            expect(page.locator("h1")).to_have_text(brief.title)
            expect(page.locator(".prose")).to_have_text(brief.purpose)
            assert_harmless(page)
        page.goto(briefs[0].rounds.get().get_absolute_url())
        assert_harmless(page)
        gallery.close()


def test_hostile_prompts_are_shown_as_text(gallery, visit):
    round_ = gallery.round()
    page = visit(round_.get_absolute_url())
    wait_live(page, round_)
    hung = [gallery.publish(round_, prompt=hostile) for hostile in HOSTILE]
    expect_hanging(page, round_, hung)  # by the socket; the other pages are the server's
    assert_harmless(page)
    assert page.locator(".wall .card-prompt").all_text_contents() == list(reversed(HOSTILE))
    alts = page.eval_on_selector_all(".wall img", "images => images.map(image => image.alt)")
    assert alts == list(reversed(HOSTILE))
    for candidate in hung:
        page.goto(candidate.get_absolute_url())
        expect(page.locator("h1")).to_have_text(candidate.prompt)
        assert_harmless(page)


def test_a_title_cannot_turn_around_what_follows_it(gallery, visit):
    brief = gallery.brief(title="An emblem \u202egnp.exe")
    page = visit(brief.get_absolute_url())
    expect(page.locator("h1")).to_have_text("An emblem gnp.exe")


def test_ten_thousand_letters_are_refused_in_a_brief_and_bearable_in_a_prompt(gallery, visit):
    with pytest.raises(TextRefused):
        gallery.brief(purpose="w" * 10_000)
    round_ = gallery.round()
    hung = gallery.publish(round_, prompt="w" * 10_000)
    page = visit(round_.get_absolute_url(), viewport={"width": 390, "height": 844})
    card = page.locator(f"#candidate-{hung.digest[:16]}").bounding_box()
    assert card["height"] < 500
    page.goto(hung.get_absolute_url())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_no_page_tells_what_is_sealed_while_the_round_is_open(house, gallery, visit):
    round_ = gallery.round()
    first = gallery.publish(round_)
    page = visit(round_.get_absolute_url())
    wait_live(page, round_)
    expect_easel(page, gallery, round_, "sealed", 3)
    hung = gallery.publish(round_, easel="sealed")
    expect_hanging(page, round_, [first, hung])
    told = [page.content()]
    paths = ("/", round_.brief.get_absolute_url(), first.get_absolute_url())
    for path in (*paths, hung.get_absolute_url()):
        page.goto(path)
        told.append(page.content())
    events = f"{house.url}/rounds/{round_.pk}/events?since=0"
    more = f"{house.url}{round_.get_absolute_url()}?after={hung.pk}"
    told += [fetch(events), fetch(more, [("HX-Request", "true")])]
    sealed = [MODEL_VERSION, BASE_HASH, ADAPTER_HASH, "0.99.9", "a-test"]
    sealed += [fact for c in (first, hung) for fact in (str(c.seed), c.job_key)]
    for text in told:
        assert not [fact for fact in sealed if fact in text]
    picture = page.request.get(hung.file_url)
    assert picture.headers["x-content-type-options"] == "nosniff"
    assert [
        chunk for chunk in (b"tEXt", b"iTXt", b"zTXt", b"eXIf") if chunk in picture.body()
    ] == []
