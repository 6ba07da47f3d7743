"""Kill the indexer at any moment, any number of times: the tables come out as if nothing was."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime

import pytest
from django.conf import settings as site
from django.db import connection

from chain.indexer import store
from chain.indexer.models import Progress
from curation.live.models import Event, Stream
from curation.models import Candidate
from project.env import BASE
from tests.chain.indexer.conftest import FOLLOWING, deployed, scripted
from tests.chain.indexer.model import Model, tables
from tests.chain.indexer.scripted import CHAIN_ID, ScriptedChain
from tests.chain.indexer.stories import DIGESTS, ROUNDS, grow
from tests.factories import RoundFactory, publish
from tests.project.stack.helpers import eventually

KILLS = 100 if os.environ.get("SALON_SOAK") == "1" else 10
pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
__all__ = ["deployed", "scripted"]


class Nursery:
    """Starts indexers of the test's database and kills them."""

    def __init__(self, url: str) -> None:
        base, _, query = os.environ["DATABASE_URL"].partition("?")
        database = f"{base.rpartition('/')[0]}/{connection.settings_dict['NAME']}?{query}"
        environment = {
            "DATABASE_URL": database,
            "RPC_URL": url,
            "RPC_ALLOW_PRIVATE": "1",
            "CHAIN_ID": str(CHAIN_ID),
            "DJANGO_SETTINGS_MODULE": "project.settings",
        }
        self.env = {k: v for k, v in os.environ.items() if k != "EMBEDDED_CHAIN"} | environment
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.indexer_nursery"],
            cwd=BASE,
            env=self.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pids: list[int] = []
        assert self._line() == "ready"

    def _line(self) -> str:
        assert self.process.stdout is not None
        while (line := self.process.stdout.readline().strip()).startswith("{"):
            print(line)
        return line

    def start(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.pids.append(int(self._line()))
        return self.pids[-1]

    def kill(self) -> None:
        while self.pids:
            os.kill(self.pids.pop(), signal.SIGKILL)

    def close(self) -> None:
        self.kill()
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()


@pytest.fixture
def nursery(scripted, deployed) -> Iterator[Nursery]:
    deployed(scripted.url)
    scripted.largest_range = 3  # many small steps
    made = Nursery(scripted.url)
    yield made
    made.close()


@pytest.fixture
def walls() -> None:
    """Rounds whose walls hear of stakes, with the candidates that stories stake on."""
    for number in ROUNDS:
        RoundFactory(pk=number)
    for number, digest in enumerate(DIGESTS):
        hung = publish(RoundFactory._meta.model.objects.get(pk=1 + number % 3), number)
        Candidate.objects.filter(pk=hung.pk).update(digest=digest.hex())


def holders() -> list[int]:
    """Backends that hold the indexers' lock."""
    from chain.indexer import running

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = %s",
            [running.LOCK_ID],
        )
        return [pid for (pid,) in cursor.fetchall()]


def caught_up(chain: ScriptedChain) -> bool:
    progress = Progress.objects.filter(pk=site.CHAIN_ID).first()
    if progress is None:
        return False
    assert not progress.halted, progress.halted
    from chain.indexer.models import Block

    tip = Block.objects.filter(pk=chain.head).values_list("hash", flat=True).first()
    return progress.next_block == chain.head + 1 and tip == chain.blocks[-1].header["hash"][2:]


def place() -> tuple[int, datetime] | None:
    """How far the indexer has come, and when it came there."""
    return Progress.objects.values_list("next_block", "updated_at").first()


def check_equal(chain: ScriptedChain) -> None:
    now = tables()
    wanted = Model.of(chain.events()).tables()
    assert {name: now[name] for name in wanted} == wanted
    store.rebuild(CHAIN_ID)
    assert tables() == now
    for stream in Stream.objects.all():
        numbers = Event.objects.filter(stream=stream).order_by("number").values_list("number")
        assert [number for (number,) in numbers] == list(range(1, stream.last + 1))


def test_indexer_killed_at_random_moments_leaves_no_gaps(nursery, scripted, walls):
    seed = int(os.environ.get("SALON_SEED") or time.time())
    print(f"SALON_SEED={seed}")
    rng = random.Random(seed)
    moved = 0
    for number in range(KILLS):
        if rng.random() < 0.6 and scripted.head > 30:
            scripted.reorg(rng.randint(1, 20))
        grow(scripted, rng, rng.randint(10, 30))
        before = place()
        nursery.start()
        if number % 2:  # in the midst of the work, however slow the machine
            eventually(lambda before=before: place() != before, 30)
        time.sleep(rng.uniform(0.02, 0.4))
        nursery.kill()
        moved += place() != before
        if rng.random() < 0.3:
            nursery.start()
            eventually(lambda: caught_up(scripted), 30)
            nursery.kill()
            check_equal(scripted)
    assert moved >= KILLS // 2
    nursery.start()
    eventually(lambda: caught_up(scripted), 30)
    check_equal(scripted)
    assert Event.objects.filter(kind="stake_changed").exists()


def test_of_two_indexers_one_is_active_and_the_other_takes_over(nursery, scripted):
    grow(scripted, random.Random(4), 10)
    first = nursery.start()
    eventually(lambda: caught_up(scripted), 30)
    active = holders()
    nursery.start()
    time.sleep(0.3)
    assert len(active) == 1
    assert holders() == active
    nursery.pids.remove(first)
    os.kill(first, signal.SIGKILL)
    scripted.reorg(3)
    grow(scripted, random.Random(5), 10)
    eventually(lambda: caught_up(scripted), 30)
    assert len(holders()) == 1
    assert holders() != active
    check_equal(scripted)


def test_command_follows_the_chain_until_it_is_told_to_stop(nursery, scripted):
    grow(scripted, random.Random(6), 10)
    command = [sys.executable, "manage.py", "run_indexer"]
    process = subprocess.Popen(command, cwd=BASE, env=nursery.env)
    try:
        eventually(lambda: caught_up(scripted), 60)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
    check_equal(scripted)
    assert FOLLOWING.addresses == Progress.objects.get().follows
