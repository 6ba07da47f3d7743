"""The scheduler's second lane: what the site does on the chain."""

import threading
import time

import pytest
from django.core.cache import cache
from django.db import connections

from chain.operator.models import Transaction
from curation.stakes.models import ChainRound
from project import scheduler
from tests.chain.operating import chain, contracts, gallery, keys_folder
from tests.chain.tallies.jury import Jury, root_of

__all__ = ["chain", "contracts", "gallery", "keys_folder"]
pytestmark = pytest.mark.django_db(transaction=True)


def eventually(condition, timeout_s: float = 20) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture
def running():
    """A scheduler that works until the test's end."""
    stop = threading.Event()

    def run() -> None:
        try:
            scheduler.run(stop)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    yield
    stop.set()
    thread.join(15)
    assert not thread.is_alive()


def test_rounds_are_opened_and_anchored_while_others_wait(gallery, running):
    def anchored() -> bool:
        gallery.index()
        return Transaction.objects.filter(purpose__startswith="anchor", status="included").exists()

    eventually(anchored)
    assert gallery.on_chain.state == ChainRound.State.OPEN


def test_closed_rounds_ballots_are_anchored_and_a_worker_is_asked_to_count(gallery, request):
    gallery.open()
    gallery.anchor()
    jury = Jury(gallery)
    jury.judge((0, 1))
    gallery.close()
    request.getfixturevalue("running")

    def asked() -> object:
        gallery.chain.mine()
        gallery.index()
        return cache.get(f"tally-asked:{gallery.round.pk}")

    eventually(asked)
    assert jury.root == root_of(gallery.round)


def test_node_that_is_away_holds_up_nothing_and_is_said_once(gallery, settings, caplog):
    settings.RPC_URL = "http://127.0.0.1:9"
    task = scheduler.Task(scheduler.open_waiting_rounds, every_s=0)
    for _ in range(5):
        scheduler._run_due(task)
    assert caplog.text.count("periodic task failed") == 1
    settings.RPC_URL = gallery.chain.url
    scheduler._run_due(task)
    assert task.problem == ""
    gallery.index()
    assert gallery.on_chain.state == ChainRound.State.OPEN
