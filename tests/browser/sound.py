"""Whether a page is sound: nothing sticks out of it, and nobody is shut out."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page, ViewportSize

from project.env import BASE

AXE = BASE / "node_modules/axe-core/axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WIDE: ViewportSize = {"width": 1440, "height": 900}
NARROW: ViewportSize = {"width": 390, "height": 844}
_LIGHTS = ("light", "dark")


def violations(page: Page) -> list[str]:
    """What axe-core finds, one line each."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    found = page.evaluate("tags => axe.run({ runOnly: tags })", TAGS)["violations"]
    return [
        f"{rule['id']}: {node['html'][:160]} {node.get('failureSummary', '')}"
        for rule in found
        for node in rule["nodes"]
    ]


def looks(page: Page, *more: ViewportSize, every: bool = False) -> Iterator[str]:
    """Show a page in each light and each size, and say which it is.

    Contrast hangs on the light and the rest on the size, so that two looks see what four would.

    Args:
        more: sizes beside a desktop's and a phone's.
        every: every size in both lights, as with SALON_SOAK=1.
    """
    sizes = (WIDE, NARROW, *more)
    if every or os.environ.get("SALON_SOAK") == "1":
        shown = list(itertools.product(_LIGHTS, sizes))
    else:
        shown = list(zip(itertools.cycle(_LIGHTS), sizes, strict=False))
    for light, size in shown:
        page.emulate_media(color_scheme=light, reduced_motion="reduce")
        page.set_viewport_size(size)
        yield f"{light}-{size['width']}"


def assert_sound(page: Page, what: str, *more: ViewportSize, shots: str | None = None) -> None:
    """Nothing is wider than the screen and axe-core finds nothing, in each light and size.

    Args:
        more: sizes beside a desktop's and a phone's.
        shots: a folder for pictures of the page, in every light and size then.
    """
    for look in looks(page, *more, every=bool(shots)):
        if shots:
            page.wait_for_timeout(400)  # what grows or fades in
            page.screenshot(path=Path(shots) / f"{what}-{look}.png", full_page=True)
        assert_fits(page, f"{what} {look}")
        assert violations(page) == [], f"{what} {look}"


def assert_fits(page: Page, what: str) -> None:
    """No part of a page has to be scrolled to sideways."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), what
