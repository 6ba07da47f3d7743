"""The tour of a first visit: offered once, closed for good, out of the way."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from .sound import NARROW, WIDE, violations
from .wallets import Fake, browse, sign_in

SHIFTS = """() => new Promise((done) => {
    let sum = 0;
    new PerformanceObserver((list) => {
        for (const shift of list.getEntries()) sum += shift.value;
    }).observe({ type: "layout-shift", buffered: true });
    setTimeout(() => done(sum), 400);
})"""


def tour(page: Page):
    return page.locator("#tour")


def test_newcomer_walks_the_three_steps_by_keys_and_is_not_asked_again(gallery, visit):
    round_ = gallery.round()
    gallery.fill(round_, 3)
    page = visit("/", newcomer=True)
    expect(tour(page)).to_be_visible()
    assert page.evaluate("document.activeElement === document.body")
    heading = tour(page).get_by_role("heading")
    expect(heading).to_have_text("What is this?")
    tour(page).get_by_role("button", name="Next").focus()
    for title in ("You are the jury", "It learns from you"):
        tour(page).locator("[data-tour-next]").press("Enter")
        expect(heading).to_have_text(title)
        expect(heading).to_be_focused()
    tour(page).get_by_role("button", name="Back").press("Enter")
    tour(page).get_by_role("link", name="Judge a pair").press("Enter")
    page.wait_for_url(f"**/rounds/{round_.pk}/judge/")
    expect(heading).to_have_text("You are the jury")
    tour(page).locator("[data-tour-next]").click()
    tour(page).get_by_role("link", name="See what it learnt").click()
    page.wait_for_url("**/model/")
    tour(page).get_by_role("button", name="Done").click()
    expect(tour(page)).to_be_hidden()
    expect(page.locator("main")).to_be_focused()
    page.reload()
    expect(tour(page)).to_be_hidden()
    page.get_by_role("button", name="Take the tour").click()
    expect(heading).to_be_focused()
    page.keyboard.press("Escape")
    expect(tour(page)).to_be_hidden()


def test_it_stays_away_on_a_later_visit(gallery, visit):
    gallery.round()
    page = visit("/", newcomer=True)
    expect(tour(page)).to_be_visible()
    later = page.context.new_page()  # a tab has no memory of its own yet, as a later visit has not
    later.goto("/")
    expect(later.locator("[data-tour-again]")).to_be_visible()
    expect(tour(later)).to_be_hidden()


def test_it_is_never_in_the_way_of_a_member(gallery, visit, house):
    gallery.round()
    fox = Fake()
    page = browse(visit, fox, newcomer=True)
    sign_in(page, fox)
    expect(page.locator("[data-tour-again]")).to_be_visible()
    expect(tour(page)).to_be_hidden()
    page.evaluate("sessionStorage.clear()")
    page.context.clear_cookies()
    page.goto("/")
    expect(page.locator("a[data-sign-in]").first).to_be_visible()
    expect(tour(page)).to_be_hidden()


def test_where_nothing_is_remembered_or_scripts_are_off_there_is_none(gallery, visit):
    gallery.round()
    still = visit("/", java_script_enabled=False)
    expect(tour(still)).to_be_hidden()
    expect(still.locator("[data-tour-again]")).to_be_hidden()
    page = visit("/nowhere/", newcomer=True)
    page.add_init_script("""for (const name of ["localStorage", "sessionStorage"])
        Object.defineProperty(window, name, { get() { throw new DOMException("no"); } });""")
    page.goto("/")
    expect(page.locator("[data-tour-again]")).to_be_visible()
    expect(tour(page)).to_be_hidden()


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_nothing_moves_when_it_comes_and_it_is_accessible(gallery, visit, size):
    gallery.fill(gallery.round(), 5)
    page = visit("/", newcomer=True, viewport=size, reduced_motion="reduce")
    expect(tour(page)).to_be_visible()
    assert page.evaluate(SHIFTS) < 0.01
    box = tour(page).bounding_box()
    assert box["height"] < size["height"] * 0.5
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= size["width"]
    for light in ("light", "dark"):
        page.emulate_media(color_scheme=light, reduced_motion="reduce")
        assert violations(page) == []
