"""A whole Salon, started as `make run` does, that tests can hurt."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from project.env import BASE, embedded_urls
from project.stack.preflight import free_port
from tests.project.stack.helpers import eventually, members, pid_of, status

VICTIMS = ("web", "generation", "scheduler", "postgres", "valkey")
_DROPPED = (
    *("DATABASE_URL", "REDIS_URL", "BROKER_URL", "STORAGE_URL", "RPC_URL", "CHAIN_ID"),
    *("SALON_MODEL", "SECRET_KEY"),
)
# Pictures all the time: one is due every 1.5 s, and rounds of a minute close while they are drawn.
_BRIEFS = """
from curation.briefs.services import post_brief
post_brief(title="A steady flow", purpose="Stars.", rounds_planned=2,
           candidates_per_round=2000, round_minutes=60)
post_brief(title="Short rounds", purpose="Anchors.", rounds_planned=90,
           candidates_per_round=4, round_minutes=1)
"""


class Salon:
    """One data folder and the supervisor that runs on it, if any."""

    def __init__(self, folder: Path) -> None:
        self.data = (folder / "data").resolve()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.output = folder / "output.txt"
        self.supervisor: subprocess.Popen[bytes] | None = None
        self.env = {key: value for key, value in os.environ.items() if key not in _DROPPED} | {
            "SALON_DATA": str(self.data),
            "PORT": str(self.port),
            "CHAIN_PORT": str(free_port()),
            "SITE_URL": self.url,
            "GENERATION_THREADS": "1",
            "LOG_LEVEL": "INFO",
            "HF_HUB_OFFLINE": "1",
        }

    def start(self, timeout_s: float = 120) -> None:
        """Start everything and wait until a page answers."""
        told = self.output.stat().st_size if self.output.exists() else 0
        with self.output.open("ab") as output:
            self.supervisor = subprocess.Popen(
                [sys.executable, "-m", "project.stack", "--while-parent-lives"],
                cwd=BASE,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

        def ready() -> bool:
            assert self.supervisor is not None
            assert self.supervisor.poll() is None, self.output.read_text()
            return b"Salon is ready: " in self.output.read_bytes()[told:]

        eventually(ready, timeout_s)

    def stop(self) -> int:
        """Interrupt it, as Ctrl-C does, and wait for its end."""
        if self.supervisor is None:
            return 0
        supervisor, self.supervisor = self.supervisor, None
        supervisor.send_signal(signal.SIGINT)
        return supervisor.wait(timeout=20)

    def post_briefs(self) -> None:
        """Ask for a steady flow of pictures."""
        command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", _BRIEFS]
        subprocess.run(command, cwd=BASE, env=self.env, check=True, capture_output=True)

    def kill(self, name: str, rng: random.Random) -> str:
        """Kill -9 one process of a group or all of it; says what was hit."""
        leader = eventually(lambda: pid_of(self.data, name), 30)
        if name == "postgres":  # its backends are sessions of their own
            children = Path(f"/proc/{leader}/task/{leader}/children").read_text().split()
            pids = [leader, *map(int, children)]
        else:
            pids = members(leader)
        chosen = pids if rng.random() < 0.5 else [rng.choice(pids)]
        for pid in chosen:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        return f"{name}, {len(chosen)} of {len(pids)} processes"

    def whole(self) -> bool:
        """Whether every process is up."""
        return all(
            row["state"] == "ready" for row in status(self.data)["processes"] if row["pid"]
        ) and len([row for row in status(self.data)["processes"] if row["pid"]]) >= len(VICTIMS)

    def page(self, path: str) -> str | None:
        """A page's text; None while it does not answer 200."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as response:
                return response.read().decode()
        except (urllib.error.URLError, OSError):
            return None

    def rows(self, *queries: str) -> list[list[tuple[Any, ...]]]:
        """Answers to queries, all of the same moment."""
        with psycopg.connect(embedded_urls(self.data)["DATABASE_URL"]) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            return [connection.execute(query).fetchall() for query in queries]

    def count(self, table: str) -> int:
        """How many rows a table has, as soon as the database answers."""

        def ask() -> tuple[int]:
            try:
                return self.rows(f"SELECT count(*) FROM {table}")[0][0]
            except psycopg.Error:
                return ()

        return eventually(ask, 30)[0]


def wait_for(what: str, condition: Callable[[], Any], timeout_s: float) -> float:
    """Seconds until the condition held."""
    begin = time.monotonic()
    while not condition():
        assert time.monotonic() - begin < timeout_s, f"{what}: not within {timeout_s:.0f} s"
        time.sleep(0.2)
    return time.monotonic() - begin
