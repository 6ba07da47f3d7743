"""One walk through the whole loop: a fresh start, a brief, a picture drawn before our eyes."""

from __future__ import annotations

import hashlib
import re

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import Visitor

pytestmark = pytest.mark.browser
DRAWING_MS = 90_000  # a picture takes seconds on an idle machine, far longer on a busy one
EASELS = """() => {
    window.salonTest.easels = 0;
    new MutationObserver(() => {
        const easels = document.querySelectorAll(".easel").length;
        window.salonTest.easels = Math.max(window.salonTest.easels, easels);
    }).observe(document.body, { childList: true, subtree: true });
}"""


def test_visitor_watches_the_first_picture_being_drawn_hung_and_opens_it(salon, browser):
    salon.wait_ready(timeout_s=180)
    ready_s = salon.since_start_s()
    visit = Visitor(browser, salon.url)
    page = visit("/")
    frames = []

    def heard(frame: str | bytes) -> None:
        frames.append(frame)

    page.on("websocket", lambda socket: socket.on("framereceived", heard))
    page.evaluate(EASELS)
    for _ in range(60):  # the scheduler opens the first rounds within a second or two
        if page.get_by_text("Being drawn now").count():
            break
        page.wait_for_timeout(500)
        page.reload()
        page.evaluate(EASELS)
    expect(page.get_by_text("Being drawn now").first).to_be_visible()
    expect(page.locator("[data-state='live']").first).to_be_visible()

    already = page.locator(".wall > .card:not(.easel)").count()
    expect(page.locator(".easel").first).to_be_visible(timeout=DRAWING_MS)
    easel_s = salon.since_start_s()
    arrived = page.locator(".card.arrived").first
    expect(arrived).to_be_visible(timeout=DRAWING_MS)
    hung_s = salon.since_start_s()
    assert page.evaluate("window.salonTest.easels") > 0
    assert any('class="card"' in str(frame) for frame in frames)
    print(
        f"\nfrom start: ready {ready_s:.1f} s, first easel seen {easel_s:.1f} s, "
        f"first picture hung live {hung_s:.1f} s ({already} hung before the page opened)"
    )

    prompt = arrived.locator(".card-prompt").inner_text()
    arrived.locator("a").click()
    expect(page).to_have_url(re.compile(r"/candidates/[0-9a-f]{64}/$"))
    expect(page.locator("h1")).to_have_text(prompt)
    expect(page.locator(".facts")).to_contain_text("Sealed until the round closes")
    shown = page.locator(".candidate-picture img")
    expect(shown).not_to_have_js_property("naturalWidth", 0)
    digest = re.search(r"[0-9a-f]{64}", page.url)[0]
    picture = page.request.get(shown.get_attribute("src"))
    assert hashlib.sha256(picture.body()).hexdigest() == digest
    visit.leave()
    assert visit.problems == []
    assert salon.stop() == 0
