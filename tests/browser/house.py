"""A live site of its own for the browser tests: a web process that can be killed, a database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import connections

from project.env import BASE, read_env
from project.stack.preflight import free_port
from project.stack.processes import site_processes

DATABASE = "house"


class House:
    """The site at `url`; its web process can be killed and comes back at the same address."""

    def __init__(self, folder: Path, host: str = "127.0.0.1", **variables: str) -> None:
        self.port = free_port()
        self.url = f"http://{host}:{self.port}"
        self.log = folder / "web.log"
        self.web: subprocess.Popen[bytes] | None = None
        self.env = os.environ | {
            "SALON_DATA": str(folder),
            "DATABASE_URL": os.environ["DATABASE_URL"].replace("/salon?", f"/{DATABASE}?"),
            "PORT": str(self.port),
            "SITE_URL": self.url,
            "SECRET_KEY": settings.SECRET_KEY,  # tests write sessions
            "PYTHONUNBUFFERED": "1",
            **variables,
        }

    def prepare(self) -> None:
        """Create the database and its tables, and collect what the pages load."""
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}")
        commands = (("migrate", "-v0", "--noinput"), ("collectstatic", "-v0", "--noinput"))
        running = [
            subprocess.Popen([sys.executable, "manage.py", *command], cwd=BASE, env=self.env)
            for command in commands
        ]
        assert [process.wait() for process in running] == [0, 0]

    def open(self) -> None:
        """Wait until the web process answers, and start it where none runs."""
        if self.web is None or self.web.poll() is not None:
            self.begin()
        # A start takes 6 s of a core; neighbours may leave little of one.
        deadline = time.monotonic() + 120
        while not self.answers():
            assert self.web is not None
            assert self.web.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def begin(self) -> None:
        """Start the web process without waiting."""
        processes = site_processes(read_env(self.env), self.env)
        web = next(process for process in processes if process.name == "web")
        with self.log.open("ab") as log:
            self.web = subprocess.Popen(web.command, cwd=BASE, env=self.env, stdout=log, stderr=log)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End the web process, by default without a word."""
        if self.web is not None:
            web, self.web = self.web, None
            web.send_signal(how)
            try:
                web.wait(timeout=20)
            except subprocess.TimeoutExpired:  # the supervisor is no more patient
                web.kill()
                web.wait()


@contextmanager
def other_database(name: str) -> Iterator[None]:
    """Let this process's models, and so the services, work on another database."""
    database = settings.DATABASES["default"]
    before = database["NAME"]

    def move(to: str) -> None:
        database["NAME"] = to  # first: a thread that is late would fill a pool of the old one
        connections["default"].close()
        connections["default"].close_pool()

    move(name)
    try:
        yield
    finally:
        move(before)


def fetch(url: str, headers: Sequence[tuple[str, str]] = ()) -> str:
    """What the site answers to a plain request."""
    with urllib.request.urlopen(urllib.request.Request(url, headers=dict(headers))) as answer:
        return answer.read().decode()
