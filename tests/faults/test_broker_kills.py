"""Kill the broker while pictures are hung: who watches ends with what the database holds."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from project.env import BASE
from tests.project.stack.helpers import eventually

from .follower import Follower

KILLS = 100 if os.environ.get("SALON_SOAK") == "1" else 10
WATCHERS, PAUSE_S = 6, 0.15
pytestmark = pytest.mark.faults


@pytest.fixture
def painter(station) -> Iterator[subprocess.Popen[str]]:
    """Hangs a picture every 0.15 s."""
    round_id = str(station.facts["round"])
    started = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.painter", round_id, str(PAUSE_S)],
        cwd=BASE,
        env=station.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None
    assert started.stdout.readline().strip() == "ready"
    yield started
    if started.poll() is None:
        started.kill()
        started.communicate()


@pytest.fixture
def watchers(station) -> Iterator[list[Follower]]:
    """Half of them at each web process."""
    made = [
        Follower(
            f"http://127.0.0.1:{station.ports[n % 2]}",
            station.facts["round"],
            origin=station.environment["SITE_URL"],
        )
        for n in range(WATCHERS)
    ]
    for watcher in made:
        watcher.start()
    eventually(lambda: all(watcher.connections for watcher in made), 30)
    yield made
    for watcher in made:
        watcher.done.set()
    for watcher in made:
        watcher.join(10)


def test_threat_24_watchers_end_with_what_the_database_holds_after_broker_kills(
    station, watchers, painter
) -> None:
    seed = int(os.environ.get("SALON_SEED") or time.time())
    print(f"\nSALON_SEED={seed}", flush=True)
    rng = random.Random(seed)
    for _ in range(KILLS):
        before = max(watcher.since for watcher in watchers)
        os.kill(eventually(lambda: station.cache.popen.pid, 20), signal.SIGKILL)
        eventually(lambda before=before: min(w.since for w in watchers) > before, 60)
        time.sleep(rng.uniform(0, 0.5))
    said, _ = painter.communicate(timeout=30)
    hung = int(said)
    [(newest,)] = station.rows("SELECT last FROM curation_stream")
    eventually(lambda: min(watcher.since for watcher in watchers) >= newest, 30)
    events = station.rows(
        "SELECT e.number, c.digest FROM curation_event e JOIN curation_candidate c "
        "ON c.id = (e.payload->>'candidate')::bigint ORDER BY e.number"
    )
    assert len(events) == hung == newest
    for watcher in watchers:
        assert watcher.refetches == 0
        assert watcher.numbers == list(range(1, newest + 1))
        assert watcher.digests == {number: digest[:16] for number, digest in events}
    print(f"{KILLS} kills, {hung} pictures, sockets opened {[w.connections for w in watchers]}")
