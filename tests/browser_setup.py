"""Find a browser for the tests, or install one: `python -m tests.browser_setup`.

An installed Chromium or Chrome comes first, then Playwright's own, then the system's package. Of
these the shell without windows is the quickest by a third: it does not lay out what nobody sees.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
)


def installed_browser() -> str | None:
    """Path of an installed Chromium or Chrome; None when there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def playwright_browser() -> str | None:
    """Path of Playwright's own Chromium, when it was downloaded."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def main() -> None:
    """Make sure that there is a browser, or say how to get one."""
    if installed_browser() or playwright_browser():
        return
    print("No Chromium found; asking Playwright for its own ...", flush=True)
    asked = subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    if asked.returncode == 0 and playwright_browser():
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        print("Installing the system's Chromium ...", flush=True)
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(["apt-get", "install", "-y", "-qq", NAMES[0]], check=False)
    if not installed_browser():
        sys.exit("No browser for the browser tests. Install Chromium or Chrome and try again.")


if __name__ == "__main__":
    main()
