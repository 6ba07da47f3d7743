"""A polling station and what it runs on, seen from outside; tests hurt it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import psycopg

from project.env import BASE, embedded_urls, socket_dir
from project.stack import preflight
from project.stack.groups import kill_orphans, tied
from project.stack.preflight import free_port
from project.stack.processes import Process
from project.stack.services import postgres, valkey
from tests.project.stack.helpers import alive, eventually

SYNC_AT_ONCE = "recovery_init_sync_method=syncfs"


class Kept(threading.Thread):
    """A service that is started again at once whenever it ends."""

    def __init__(self, process: Process, log: Path) -> None:
        super().__init__(daemon=True)
        self.process, self.log = process, log
        self.popen: subprocess.Popen[bytes] | None = None
        self.done = threading.Event()

    def run(self) -> None:
        while not self.done.is_set():
            with self.log.open("ab") as output:
                self.popen = subprocess.Popen(
                    tied(self.process.command, self.process.stop_signal),
                    cwd=BASE,
                    env=dict(self.process.env),
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
            self.popen.wait()
            if self.process.sweep:
                kill_orphans(self.process.sweep)
            self.done.wait(0.05)

    def end(self) -> None:
        self.done.set()
        assert self.popen is not None
        self.popen.send_signal(self.process.stop_signal)
        self.join(20)


class PollingStation:
    """Durable PostgreSQL, Valkey, two web processes; and ways to hurt them."""

    def __init__(self, data: Path) -> None:
        preflight.prepare_folder(data)
        sockets = socket_dir(data)
        preflight.prepare_sockets(sockets)
        database = postgres(data, sockets, durable=True)
        # By default each of some thousand files is synced before recovery, which takes seconds.
        quick = replace(database, command=(*database.command, "-c", SYNC_AT_ONCE))
        self.database = Kept(quick, data / "logs" / "postgres.log")
        self.cache = Kept(valkey(data, sockets), data / "logs" / "valkey.log")
        for service in (self.database, self.cache):
            service.start()
            eventually(service.process.ready, 30)
        self.url = embedded_urls(data)["DATABASE_URL"]
        self.ports = [free_port(), free_port()]
        self.environment = os.environ | embedded_urls(data)
        self.environment |= {"SALON_DATA": str(data), "LOG_LEVEL": "ERROR"}
        self.environment |= {"DJANGO_SETTINGS_MODULE": "project.settings"}
        self.environment |= {"PAIRS_PER_ROUND": "1000"}
        log = data / "logs" / "web.log"
        with log.open("ab") as output:
            self.nursery = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.polling_station", str(data / "facts.json")],
                cwd=BASE,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
            )
        assert self._line() == "ready", log.read_text()
        self.facts = json.loads((data / "facts.json").read_text())
        self.webs = {port: self._serve(port) for port in self.ports}

    def _line(self) -> str:
        assert self.nursery.stdout is not None
        return self.nursery.stdout.readline().strip()

    def _serve(self, port: int) -> int:
        assert self.nursery.stdin is not None
        self.nursery.stdin.write(f"{port}\n")
        self.nursery.stdin.flush()
        return int(self._line())

    def kill(self, rng: random.Random) -> str:
        """Kill -9 a web process, or some or all of PostgreSQL; says what was hit."""
        if rng.random() < 0.5:
            port = rng.choice(self.ports)
            os.kill(self.webs[port], signal.SIGKILL)
            eventually(lambda: not alive(self.webs[port]))  # its port is free then
            self.webs[port] = self._serve(port)
            return "web"
        leader = eventually(lambda: self.database.popen and self.database.popen.pid, 20)
        children = Path(f"/proc/{leader}/task/{leader}/children")
        pids = [leader, *map(int, children.read_text().split())] if children.exists() else [leader]
        what = rng.choice(("postmaster", "one process", "everything"))
        chosen = {"postmaster": pids[:1], "one process": [rng.choice(pids)], "everything": pids}
        for pid in chosen[what]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        return f"postgres, {what}"

    def rows(self, query: str) -> list[tuple]:
        """Answers as soon as the database gives some."""

        def ask() -> list[list[tuple]]:
            try:
                with psycopg.connect(self.url) as connection:
                    return [connection.execute(query).fetchall()]
            except psycopg.Error:
                return []

        return eventually(ask, 60)[0]

    def close(self) -> None:
        self.nursery.kill()  # and with it go all that it forked
        self.nursery.communicate()
        self.database.end()
        self.cache.end()
