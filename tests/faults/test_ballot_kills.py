"""Kill web processes and PostgreSQL while people vote: what was acknowledged is there, once."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from project.env import BASE, embedded_urls, socket_dir
from project.stack import preflight
from project.stack.groups import kill_orphans, tied
from project.stack.preflight import free_port
from project.stack.processes import Process
from project.stack.services import postgres, valkey
from tests.project.stack.helpers import alive, eventually, members

from .posters import Poster, Seat

KILLS = 300 if os.environ.get("SALON_SOAK") == "1" else 30
WANTED_PER_S, POSTERS = 100, 8
SYNC_AT_ONCE = "recovery_init_sync_method=syncfs"
pytestmark = pytest.mark.faults


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
        environment = os.environ | embedded_urls(data)
        environment |= {"SALON_DATA": str(data), "LOG_LEVEL": "ERROR"}
        environment |= {"DJANGO_SETTINGS_MODULE": "project.settings", "PAIRS_PER_ROUND": "1000"}
        log = data / "logs" / "web.log"
        with log.open("ab") as output:
            self.nursery = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.polling_station", str(data / "facts.json")],
                cwd=BASE,
                env=environment,
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


@pytest.fixture
def station(tmp_path_factory) -> Iterator[PollingStation]:
    made = PollingStation(tmp_path_factory.mktemp("polling").resolve())
    yield made
    groups = [service.popen.pid for service in (made.database, made.cache)]
    made.close()
    for group in groups:  # what this test starts, it ends
        eventually(lambda group=group: not members(group))


@pytest.fixture
def posters(station) -> Iterator[list[Poster]]:
    """Many voters, a hundred ballots a second between them, or as many as the machine gives."""
    seats = [Seat(station.facts, number) for number in range(len(station.facts["voters"]))]
    made = [
        Poster(station.ports, seats[n::POSTERS], every_s=POSTERS / WANTED_PER_S)
        for n in range(POSTERS)
    ]
    for poster in made:
        poster.start()
    yield made
    for poster in made:
        poster.done.set()


def acknowledged(posters: list[Poster]) -> int:
    assert [fault for poster in posters for fault in poster.wrong] == []
    return sum(len(poster.receipts) for poster in posters)


def test_threat_30_every_acknowledged_ballot_is_there_once_after_kills(station, posters) -> None:
    seed = int(os.environ.get("SALON_SEED") or time.time())
    rng = random.Random(seed)
    print(f"\nSALON_SEED={seed}", flush=True)
    eventually(lambda: acknowledged(posters) >= 100, 60)
    begun, hits = time.monotonic(), Counter()
    for _ in range(KILLS):
        before = acknowledged(posters)
        hits[station.kill(rng)] += 1
        time.sleep(rng.uniform(0.2, 1))
        eventually(lambda before=before: acknowledged(posters) >= before + 20, 60)
    took_s = time.monotonic() - begun
    for poster in posters:
        poster.done.set()
    for poster in posters:
        poster.join(60)  # whoever waits for a receipt gets it first
        assert not poster.is_alive()
    total = acknowledged(posters)
    repeats, failures = (sum(getattr(p, name) for p in posters) for name in ("repeats", "failures"))
    print(
        f"{KILLS} kills in {took_s:.0f} s ({dict(hits)}): {total} ballots acknowledged, "
        f"{total / took_s:.0f} a second; {failures} times nobody answered, {repeats} of the "
        "ballots had been accepted when they were sent again"
    )
    check(station, posters)


def check(station: PollingStation, posters: list[Poster]) -> None:
    """What people hold in their hands against what the database holds."""
    receipts = {
        digest: receipt for poster in posters for digest, receipt in poster.receipts.items()
    }
    rows = station.rows(
        "SELECT b.digest, m.address, to_char(b.accepted_at AT TIME ZONE 'UTC', "
        '\'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\'), b.nonce FROM curation_ballot b '
        "JOIN curation_member m ON m.id = b.voter_id"
    )
    assert max(Counter(digest for digest, *_ in rows).values()) == 1
    found = {digest: (address, at) for digest, address, at, _ in rows}
    assert found == {
        d: (receipt["voter"], receipt["accepted_at"]) for d, receipt in receipts.items()
    }
    said = Counter((address, nonce) for _, address, _, nonce in rows)
    assert max(said.values()) == 1
    highest = station.rows(
        "SELECT v.last_nonce, (SELECT max(nonce) FROM curation_ballot b "
        "WHERE b.voter_id = v.member_id) FROM curation_voter v"
    )
    assert all(last == most for last, most in highest)
