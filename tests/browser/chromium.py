"""The browser of the tests, and what a page under test may not do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from tests.browser_setup import installed_browser

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PATIENCE_MS = 20_000
# Kept on `window`, which a reload would empty.
WATCH = """
window.salonTest = { violations: [], longest: 0 };
document.addEventListener("securitypolicyviolation", (event) =>
  window.salonTest.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
new PerformanceObserver((list) => {
  for (const task of list.getEntries())
    window.salonTest.longest = Math.max(window.salonTest.longest, task.duration);
}).observe({ type: "longtask", buffered: true });
"""
SEEN_THE_TOUR = "try { localStorage.setItem('tour', 'shown'); } catch {}"


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium; while it runs, this thread counts as inside an event loop.

    What a page should show may take as long as an action: a busy machine is slow, not wrong.
    """
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=installed_browser(), args=list(FLAGS), headless=True
        )
        try:
            yield browser
        finally:
            browser.close()


class Visitor:
    """Opens pages of one site in contexts of their own, and remembers what went wrong in them."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.browser, self.url = browser, url
        self.contexts: list[BrowserContext] = []
        self.console: list[str] = []
        self.problems: list[str] = []

    def __call__(self, path: str = "/", *, newcomer: bool = False, **options: object) -> Page:
        """A new visitor's page at `path`; options are those of a browser context.

        Only newcomers are offered the tour; others have seen it.
        """
        size = {"width": 1440, "height": 900}
        context = self.browser.new_context(base_url=self.url, **{"viewport": size, **options})
        context.set_default_timeout(PATIENCE_MS)
        self.contexts.append(context)
        if options.get("java_script_enabled", True):
            context.add_init_script(WATCH)
            if not newcomer:
                context.add_init_script(SEEN_THE_TOUR)
        page = context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.problems.append(f"exception: {error}"))
        page.on("dialog", self._asked)
        page.goto(path)
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.console.append(message.text)
            if "Content Security Policy" in message.text:
                self.problems.append(message.text)

    def _asked(self, dialog: object) -> None:
        self.problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def leave(self) -> None:
        for context in self.contexts:
            context.close()
        self.contexts.clear()
