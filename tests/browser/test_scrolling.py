"""Long walls: all of it, once, without jumping under whoever looks at it."""

from __future__ import annotations

import itertools
import os
import re

from playwright.sync_api import Page, expect

from .gallery import shown_ids
from .looking import expect_easel, expect_hanging, hanging, wait_for, wait_live

MANY = 1000 if os.environ.get("SALON_SOAK") == "1" else 300
TOP_OF = "id => document.getElementById(id).getBoundingClientRect().top"
IN_VIEW = """() => [...document.querySelectorAll(".wall > .card")]
    .find(card => card.getBoundingClientRect().top > 100).id"""


def scroll_to_the_end(page: Page) -> None:
    """Scroll down until no older pictures are announced."""
    more = page.locator(".more")
    for _ in range(1000):
        if not more.count():
            return
        page.mouse.wheel(0, 4000)
        page.wait_for_timeout(16)
    raise AssertionError("the wall does not end")


def test_scrolling_down_loads_every_picture_once_in_order(gallery, visit):
    round_ = gallery.round(candidates_per_round=200)
    hung = gallery.fill(round_, 100)
    page = visit(round_.get_absolute_url())
    wait_live(page, round_)
    assert hanging(page, round_) == shown_ids(hung)[:24]
    page.mouse.move(700, 500)
    scroll_to_the_end(page)
    assert hanging(page, round_) == shown_ids(hung)


def test_pictures_that_arrive_above_wait_and_nothing_jumps(gallery, visit):
    round_ = gallery.round()
    hung = gallery.fill(round_, 20)
    page = visit(round_.get_absolute_url())
    wait_live(page, round_)
    page.mouse.move(700, 500)
    page.mouse.wheel(0, 700)
    wait_for(page, "scrollY > 500")
    page.wait_for_timeout(300)
    seen = page.evaluate(IN_VIEW)
    before = page.evaluate(TOP_OF, seen)
    button = page.locator("[data-arrivals]")
    expect(button).to_be_hidden()

    gallery.preview(round_, "above", 2)
    hung += [gallery.publish(round_, easel="above")]
    expect(button).to_have_text("1 new picture")
    hung += gallery.fill(round_, 4)
    expect(button).to_have_text("5 new pictures")
    assert abs(page.evaluate(TOP_OF, seen) - before) < 1
    assert len(hanging(page, round_)) == 20

    button.click()
    expect_hanging(page, round_, hung)
    expect(button).to_be_hidden()
    wait_for(page, "scrollY === 0")


def test_scrolling_back_up_hangs_what_waits(gallery, visit):
    round_ = gallery.round()
    hung = gallery.fill(round_, 20)
    page = visit(round_.get_absolute_url())
    wait_live(page, round_)
    page.mouse.move(700, 500)
    page.mouse.wheel(0, 900)
    wait_for(page, "scrollY > 500")
    hung += gallery.fill(round_, 2)
    expect(page.locator("[data-arrivals]")).to_have_text("2 new pictures")
    page.keyboard.press("Home")
    expect_hanging(page, round_, hung)
    expect(page.locator("[data-arrivals]")).to_be_hidden()


def test_a_picture_being_drawn_above_does_not_push_the_wall_down(gallery, visit):
    round_ = gallery.round()
    gallery.fill(round_, 20)
    page = visit(round_.get_absolute_url())
    wait_live(page, round_)
    page.mouse.move(700, 500)
    page.mouse.wheel(0, 700)
    wait_for(page, "scrollY > 500")
    page.wait_for_timeout(300)
    seen = page.evaluate(IN_VIEW)
    before = page.evaluate(TOP_OF, seen)
    expect_easel(page, gallery, round_, "high", 3)
    page.wait_for_timeout(300)
    assert abs(page.evaluate(TOP_OF, seen) - before) < 1


def test_keyboard_can_reach_the_pictures_that_wait(gallery, visit):
    round_ = gallery.round()
    hung = gallery.fill(round_, 20)
    page = visit(round_.get_absolute_url())
    wait_live(page, round_)
    page.mouse.move(700, 500)
    page.mouse.wheel(0, 900)
    wait_for(page, "scrollY > 500")
    hung += gallery.fill(round_, 1)
    button = page.locator("[data-arrivals]")
    expect(button).to_be_visible()
    button.focus()
    page.keyboard.press("Enter")
    expect_hanging(page, round_, hung)


def test_many_pictures_scroll_without_long_stalls(gallery, visit):
    round_ = gallery.round(candidates_per_round=2000)
    hung = gallery.fill_long_ago(round_, MANY)
    page = visit(round_.get_absolute_url())
    wait_live(page, round_)
    page.mouse.move(700, 500)
    page.evaluate("""() => {
        const frames = window.salonTest.frames = [];
        const next = time => { frames.push(time); requestAnimationFrame(next); };
        requestAnimationFrame(next);
    }""")
    scroll_to_the_end(page)
    frames = page.evaluate("window.salonTest.frames")
    assert hanging(page, round_) == shown_ids(hung)
    gaps = sorted(b - a for a, b in itertools.pairwise(frames))
    longest = page.evaluate("window.salonTest.longest")
    rate = 1000 * len(gaps) / (frames[-1] - frames[0])
    print(
        f"\n{MANY} pictures: {rate:.0f} frames/s, median frame {gaps[len(gaps) // 2]:.0f} ms, "
        f"longest frame {gaps[-1]:.0f} ms, longest task {longest:.0f} ms"
    )
    assert longest < 1000
    hung += gallery.fill(round_, 1)
    # After so many pictures on a busy machine the page may be behind for a while.
    expect(page.locator("[data-arrivals]")).to_have_text(re.compile("1 new"), timeout=60_000)
