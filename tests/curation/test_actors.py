"""The actors of the default queue, run by a real worker."""

from __future__ import annotations

import dramatiq
import pytest
from django.core.cache import cache

from curation import actors
from curation.models import Decoy
from curation.pairs.decoys import decoys_wanted
from curation.pairs.pools import Pool, pool_of
from tests.curation.judging import round_with

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def worker():
    """A worker of the default queue on the real broker, emptied."""
    cache.clear()
    broker = dramatiq.get_broker()
    broker.flush("default")
    found = dramatiq.Worker(broker, queues={"default"}, worker_threads=1, worker_timeout=100)
    found.start()
    yield found
    found.stop()


def test_workers_make_twins_and_pools(worker) -> None:
    round_ = round_with(2, 4)
    for _ in range(2):  # a message may come twice
        actors.make_decoys.send(round_.pk)
        actors.refresh_pool.send(round_.pk)
    worker.broker.join("default", timeout=60_000)
    worker.join()
    assert Decoy.objects.count() == decoys_wanted()
    assert pool_of(round_.pk) != Pool()
