"""Reading without JavaScript, with a keyboard, in the dark, without motion."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from .gallery import shown_ids
from .looking import expect_hanging, hanging, wait_live


def focused(page: Page) -> str:
    return page.evaluate("document.activeElement.outerHTML.slice(0, 120)")


def test_everything_can_be_read_without_javascript(gallery, visit):
    round_ = gallery.round()
    hung = gallery.fill(round_, 30)
    newest = hung[-1]
    page = visit("/", java_script_enabled=False)
    expect(page.locator(".lights")).to_be_hidden()
    page.locator("#briefs").get_by_role("link", name=round_.brief.title).first.click()
    page.get_by_role("link", name="Round 1").click()
    assert page.locator(".wall > .card img:visible").count() == 24
    first = [card.get_attribute("id") for card in page.locator(".wall > .card").all()]
    page.get_by_role("link", name="Older pictures").click()
    rest = [card.get_attribute("id") for card in page.locator(".wall > .card").all()]
    assert first + rest == shown_ids(hung)
    page.get_by_role("link", name="Back to the newest pictures").click()
    page.locator(f"#candidate-{newest.digest[:16]} a").click()
    expect(page.locator("h1")).to_have_text(newest.prompt)
    shown = page.locator(".candidate-picture img")
    assert page.request.get(shown.get_attribute("src")).headers["content-type"] == "image/png"
    page.get_by_role("link", name="Older →").click()
    expect(page.locator("h1")).to_have_text(hung[-2].prompt)


def test_skip_link_leads_past_the_header(gallery, visit):
    round_ = gallery.round()
    gallery.publish(round_)
    page = visit(round_.get_absolute_url())
    page.keyboard.press("Tab")
    skip = page.locator(".skip")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport(ratio=1)
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null"), focused(page)


@pytest.mark.parametrize("light", ["light", "dark"])
def test_focus_is_visible_on_everything_that_takes_it(gallery, visit, light):
    round_ = gallery.round()
    hung = gallery.fill(round_, 2)
    page = visit(hung[0].get_absolute_url(), color_scheme=light)
    stops = page.locator("a[href]:visible, button:visible").count()
    seen = set()
    for _ in range(stops):
        page.keyboard.press("Tab")
        look = page.evaluate("""() => {
            const style = getComputedStyle(document.activeElement);
            const box = document.activeElement.getBoundingClientRect();
            return [style.outlineStyle, parseFloat(style.outlineWidth), box.width, box.height];
        }""")
        assert look[0] == "solid", focused(page)
        assert look[1] >= 2, focused(page)
        assert min(look[2:]) > 0, focused(page)
        seen.add(focused(page))
    assert len(seen) == stops


def test_focus_ring_of_a_picture_is_not_cut_off(gallery, visit):
    round_ = gallery.round()
    gallery.fill(round_, 2)
    page = visit(round_.get_absolute_url(), reduced_motion="reduce")
    frame = page.locator(".card-frame").first
    for _ in range(10):
        page.keyboard.press("Tab")
        if frame.evaluate("frame => frame === document.activeElement"):
            break
    expect(frame).to_be_focused()
    box = frame.bounding_box()
    corner = {"x": box["x"] - 5, "y": box["y"] - 5, "width": 1, "height": 1}
    side = {**corner, "y": box["y"] + box["height"] / 2}
    for clip in (side, {**side, "x": box["x"] + box["width"] + 4}):
        pixel = Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB").getpixel((0, 0))
        assert pixel == (0x1D, 0x5F, 0xD0)


def test_arrow_keys_walk_along_the_wall(gallery, visit):
    round_ = gallery.round()
    old, middle, new = gallery.fill(round_, 3)
    page = visit(middle.get_absolute_url())
    for key, where in (
        ("ArrowLeft", new),
        ("ArrowLeft", new),
        ("ArrowRight", middle),
        ("ArrowRight", old),
    ):
        page.keyboard.press(key)
        expect(page).to_have_url(re.compile(where.digest))
        expect(page.locator("h1")).to_have_text(where.prompt)
    page.keyboard.press("Alt+ArrowUp")
    page.keyboard.press("Shift+ArrowLeft")
    expect(page.locator("h1")).to_have_text(old.prompt)


@pytest.mark.parametrize(("system", "chosen"), [("light", "off"), ("dark", "on")])
def test_chosen_light_is_remembered_and_shown_before_the_first_paint(
    gallery, visit, system, chosen
):
    gallery.round()
    page = visit("/", color_scheme=system)
    switch = page.locator(".lights")
    wall = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(wall)
    assert switch.get_attribute("aria-pressed") == ("true" if system == "dark" else "false")
    switch.click()
    after = page.evaluate(wall)
    assert after != before
    page.add_init_script("""addEventListener("DOMContentLoaded", () =>
        window.firstWall = getComputedStyle(document.body).backgroundColor)""")
    page.reload()
    assert page.evaluate("window.firstWall") == after
    assert page.evaluate("document.documentElement.dataset.lights") == chosen
    assert switch.get_attribute("aria-pressed") == ("true" if chosen == "off" else "false")
    page.locator("h1").click()
    assert page.evaluate(wall) == after
    switch.click()
    assert page.evaluate(wall) == before


def test_nothing_moves_for_whoever_asks_for_calm(gallery, visit):
    moving = "document.getAnimations().filter(a => a.playState === 'running').length"
    counts = {}
    for motion in ("no-preference", "reduce"):
        round_ = gallery.round()
        hung = gallery.fill(round_, 3)
        page = visit(round_.get_absolute_url(), reduced_motion=motion)
        wait_live(page, round_)
        page.evaluate(f"""() => {{
            window.salonTest.most = 0;
            new MutationObserver(() => {{
                window.salonTest.most = Math.max(window.salonTest.most, {moving});
            }}).observe(document.querySelector(".wall"), {{ childList: true, subtree: true }});
        }}""")
        hung += gallery.fill(round_, 2)
        expect_hanging(page, round_, hung)
        counts[motion] = page.evaluate("window.salonTest.most")
        assert len(hanging(page, round_)) == 5
    assert counts["no-preference"] > 0
    assert counts["reduce"] == 0
