"""Every page, wide and narrow, light and dark: no axe violations, no sideways scrolling."""

from __future__ import annotations

import pytest

from .looking import expect_easel, wait_live
from .sound import NARROW, assert_sound, violations


def address(gallery, name: str) -> str:
    round_ = gallery.round(palette=["navy", "gold"], must="Something of the sea.")
    hung = gallery.fill(round_, 9)
    long = gallery.publish(round_, prompt="a very long prompt of many words " * 20)
    return {
        "home": "/",
        "brief": round_.brief.get_absolute_url(),
        "round": round_.get_absolute_url(),
        "candidate": hung[4].get_absolute_url(),
        "long candidate": long.get_absolute_url(),
        "404": "/nowhere/",
    }[name]


PAGES = ["home", "brief", "round", "candidate", "long candidate", "404"]


def test_axe_finds_what_is_wrong(visit):
    page = visit("/nowhere/")
    page.evaluate("document.querySelector('h1').innerHTML = '<img src=/favicon.ico>'")
    assert [line for line in violations(page) if line.startswith("image-alt")]


@pytest.mark.parametrize("name", PAGES)
def test_page_has_no_axe_violations_and_no_sideways_scrolling(gallery, visit, name):
    page = visit(address(gallery, name), reduced_motion="reduce")
    assert_sound(page, name)


def test_a_wall_at_work_has_no_axe_violations(gallery, visit):
    round_ = gallery.round()
    gallery.fill(round_, 3)
    page = visit(round_.get_absolute_url(), reduced_motion="reduce")
    wait_live(page, round_)
    gallery.publish(round_)
    expect_easel(page, gallery, round_, "busy", 0)
    assert violations(page) == []
    expect_easel(page, gallery, round_, "busy", 5)
    assert violations(page) == []


@pytest.mark.parametrize("name", ["home", "round", "candidate", "404"])
def test_targets_are_large_enough_for_a_thumb(gallery, visit, name):
    page = visit(address(gallery, name), viewport=NARROW, has_touch=True)
    small = page.eval_on_selector_all(
        "a[href], button",
        """all => all.filter(e => e.checkVisibility() && getComputedStyle(e).display !== "inline")
            .map(e => [e.outerHTML.slice(0, 90), e.getBoundingClientRect()])
            .filter(([, box]) => box.left >= 0 && Math.min(box.width, box.height) < 24)
            .map(([html]) => html)""",
    )
    assert small == []
