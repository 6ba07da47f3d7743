"""Seconds from `python -m project.stack` on a fresh data folder to a picture on the home page.

The install is warm: packages are there and have been imported before. The peer is the target
itself, 45 s.
"""

from __future__ import annotations

import os
import statistics
import time
import urllib.error
import urllib.request

from benchmarks.harness import Row, data_folder, main, module, process, say, wait_until
from project.stack.preflight import free_port

TARGET_S = 45.0


def measure(quick: bool) -> list[Row]:
    """Start from nothing a few times."""
    starts = [_first_picture() for _ in range(1 if quick else 3)]
    page_s, picture_s = (statistics.median(column) for column in zip(*starts, strict=True))
    each = ", ".join(f"{picture:.1f}" for _, picture in starts)
    details = f"first page {page_s:.1f} s, first picture {picture_s:.1f} s; starts: {each} s"
    return [Row("startup", f"{picture_s / TARGET_S:.2f}", "≤ 1", details)]


def _first_picture() -> tuple[float, float]:
    """Seconds to the first page and to the first picture."""
    port = free_port()
    home = f"http://127.0.0.1:{port}/"
    page_s: list[float] = []

    def shows_a_picture() -> bool:
        try:
            with urllib.request.urlopen(home, timeout=5) as response:
                page_s.append(time.monotonic() - began)
                return b'id="candidate-' in response.read()
        except (urllib.error.URLError, OSError):
            return False

    with data_folder() as data:
        environment = {"SALON_DATA": str(data), "PORT": str(port), "SITE_URL": home.rstrip("/")}
        environment["CHAIN_PORT"] = str(free_port())
        for name in ("DATABASE_URL", "REDIS_URL", "BROKER_URL", "STORAGE_URL", "RPC_URL"):
            os.environ.pop(name, None)
        began = time.monotonic()
        with process(module("project.stack"), env=environment, log=data / "stack.log"):
            wait_until(shows_a_picture, what="a picture", timeout_s=300, every_s=0.1)
            picture_s = time.monotonic() - began
    say(f"first page after {page_s[0]:.1f} s, first picture after {picture_s:.1f} s")
    return page_s[0], picture_s


if __name__ == "__main__":
    main(measure, __doc__)
