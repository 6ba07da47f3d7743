"""What tests read off an open page."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from playwright.sync_api import Page, expect

from curation.galleries.models import Candidate, Round
from curation.live.selectors import position

from .gallery import Gallery, shown_ids

PATIENCE_MS = 20_000
_HANGING = "[data-wall-of='{}'] > .card:not(.easel)"


def wait_live(page: Page, round_: Round) -> None:
    """Wait until the socket of a round is open."""
    expect(page.locator(f"[data-live-dot='{round_.pk}']").first).to_have_attribute(
        "data-state", "live", timeout=PATIENCE_MS
    )


def hanging(page: Page, round_: Round) -> list[str]:
    """Ids of the cards on a round's wall, from its head."""
    return page.eval_on_selector_all(_HANGING.format(round_.pk), "cards => cards.map(c => c.id)")


def expect_hanging(page: Page, round_: Round, candidates: Sequence[Candidate]) -> None:
    """Wait until exactly these hang, each once, newest first, and the page knows where it is."""
    expect(page.locator(_HANGING.format(round_.pk))).to_have_count(
        len(candidates), timeout=PATIENCE_MS
    )
    assert hanging(page, round_) == shown_ids(candidates)
    expect(page.locator(f"#position-{round_.pk}")).to_have_attribute(
        "data-position", str(position(round_.stream)), timeout=PATIENCE_MS
    )


def wait_for(page: Page, truth: str) -> None:
    """Wait until a JavaScript expression holds; the pages' policy forbids waiting inside them."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not page.evaluate(truth):
        assert time.monotonic() < deadline, f"never: {truth}"
        page.wait_for_timeout(30)


def mark(page: Page) -> None:
    """Leave a sign that a reload would wipe away."""
    page.evaluate("window.salonTest.marked = true")


def is_marked(page: Page) -> bool:
    return bool(page.evaluate("window.salonTest.marked === true"))


def expect_easel(page: Page, gallery: Gallery, round_: Round, name: str, step: int) -> None:
    """Send a preview until its easel stands there: one sent while a socket opens may be lost."""
    for _ in range(40):
        gallery.preview(round_, name, step)
        page.wait_for_timeout(100)
        if page.locator(f"#easel-{name}").count():
            return
    pytest.fail(f"no easel {name}")
