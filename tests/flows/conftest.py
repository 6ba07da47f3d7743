from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from project.env import BASE
from project.stack.preflight import free_port
from tests.browser.chromium import chromium

OURS = (
    *("DATABASE_URL", "REDIS_URL", "BROKER_URL", "STORAGE_URL", "RPC_URL", "CHAIN_ID"),
    "SITE_URL",
)


class Salon:
    """The whole stack on an empty data folder, started as `make run` starts it."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.output = folder / "output.txt"
        env = {key: value for key, value in os.environ.items() if key not in OURS}
        env |= {"SALON_DATA": str(folder / "data"), "PORT": str(self.port)}
        env["CHAIN_PORT"] = str(free_port())
        self.env = env
        self.started_at = time.monotonic()
        with self.output.open("ab") as output:
            self.supervisor = subprocess.Popen(
                [sys.executable, "-m", "project.stack"],
                cwd=BASE,
                env=env,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def since_start_s(self) -> float:
        return time.monotonic() - self.started_at

    def wait_ready(self, timeout_s: float = 60) -> None:
        """Wait for the line that says the site answers."""
        while f"Salon is ready: {self.url}" not in self.output.read_text():
            assert self.supervisor.poll() is None, self.output.read_text()
            assert self.since_start_s() < timeout_s, self.output.read_text()
            time.sleep(0.05)

    def stop(self) -> int:
        """Press Ctrl-C; its exit code."""
        if self.supervisor.poll() is None:
            self.supervisor.send_signal(signal.SIGINT)
        return self.supervisor.wait(timeout=30)


@pytest.fixture
def salon(tmp_path: Path) -> Iterator[Salon]:
    made = Salon(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def browser() -> Iterator[Browser]:
    with chromium() as launched:
        yield launched
