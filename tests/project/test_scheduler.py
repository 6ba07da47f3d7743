from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import dramatiq
import psycopg
import pytest
import redis
from django.conf import settings
from django.core.cache import cache
from django.db import connection, connections
from django.utils import timezone

from curation.models import Brief, Round
from generation.jobs.models import GenerationJob
from project import scheduler
from tests.factories import BriefFactory, JobFactory, RoundFactory, publish

pytestmark = pytest.mark.django_db(transaction=True)


def eventually(condition: Callable[[], object], timeout_s: float = 15) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def broker():
    """The real broker, emptied."""
    cache.clear()
    found = dramatiq.get_broker()
    for queue in found.get_declared_queues():
        found.flush(queue)
    return found


def sent(broker, queue: str = "generation") -> list[tuple[str, int]]:
    """What waits for the workers of a queue: (actor, id)."""
    consumer = broker.consume(queue, prefetch=100, timeout=100)
    found = []
    while (message := next(consumer)) is not None:
        found.append((message.actor_name, message.args[0]))
        consumer.ack(message)
    consumer.close()
    return found


def test_pairs_are_tended_once_while_there_is_no_news(broker):
    round_ = RoundFactory()
    scheduler.tend_pairs()
    assert sent(broker, "default") == []
    publish(round_, 1)
    scheduler.tend_pairs()
    assert sent(broker, "default") == [("make_decoys", round_.pk)]
    publish(round_, 2)
    for _ in range(2):
        scheduler.tend_pairs()
    assert sorted(sent(broker, "default")) == [
        ("make_decoys", round_.pk),
        ("refresh_pool", round_.pk),
    ]


def test_due_jobs_go_to_the_broker_once_and_a_few_at_a_time(broker):
    jobs = JobFactory.create_batch(8, round=RoundFactory())
    scheduler.release_jobs()
    scheduler.release_jobs()
    expected = [("generate_candidate", job.pk) for job in jobs[: scheduler.AT_ONCE]]
    assert sent(broker) == expected


def test_jobs_the_broker_did_not_take_stay_due(broker, monkeypatch):
    jobs = JobFactory.create_batch(2, round=RoundFactory())
    dead = type(broker)(url="unix:///nowhere/valkey.sock", middleware=[])
    dead.client.connection_pool.connection_kwargs["retry"] = None
    monkeypatch.setattr(scheduler.actors.generate_candidate, "broker", dead)
    with pytest.raises(redis.ConnectionError):
        scheduler.release_jobs()
    assert not GenerationJob.objects.exclude(released_at=None).exists()
    monkeypatch.undo()
    scheduler.release_jobs()
    assert [pk for _, pk in sent(broker)] == [job.pk for job in jobs]


def test_lost_proposal_is_asked_for_again_but_not_every_time(broker):
    round_, _ = RoundFactory(), RoundFactory(status="closed")
    JobFactory()  # of a round that has its prompts
    scheduler.repeat_lost_proposals()
    scheduler.repeat_lost_proposals()
    assert sent(broker) == [("propose_prompts", round_.pk)]
    cache.clear()  # a minute later
    scheduler.repeat_lost_proposals()
    assert sent(broker) == [("propose_prompts", round_.pk)]


def test_opened_round_asks_for_prompts_at_once(broker):
    BriefFactory()
    scheduler.keep_rounds_going()
    assert sent(broker) == [("propose_prompts", Round.objects.get().pk)]


def test_failing_task_does_not_stop_the_others():
    done = []
    failing = scheduler.Task(lambda: 1 // 0, every_s=0)
    working = scheduler.Task(lambda: done.append(1), every_s=1000)
    for _ in range(3):
        scheduler._run_due(failing)
        scheduler._run_due(working)
    assert done == [1]  # and not before it is due again


class Running:
    """A scheduler in a thread of its own."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        try:
            scheduler.run(self.stop)
        finally:
            connections.close_all()

    def end(self) -> None:
        self.stop.set()
        self.thread.join(timeout=15)
        assert not self.thread.is_alive()


@pytest.fixture
def running():
    started: list[Running] = []

    def start() -> Running:
        started.append(Running())
        return started[-1]

    yield start
    for one in started:
        one.end()


def holders() -> list[int]:
    """Backends that hold the schedulers' lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = %s",
            [scheduler.LOCK_ID],
        )
        return [pid for (pid,) in cursor.fetchall()]


def standing_by() -> list[int]:
    """Backends that asked for the lock last and did not get it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity "
            "WHERE query LIKE 'SELECT pg_try_advisory_lock%%' AND pid != ALL(%s)",
            [holders()],
        )
        return [pid for (pid,) in cursor.fetchall()]


def test_one_of_two_schedulers_works_and_the_other_takes_over(running, broker):
    running()
    eventually(holders)
    [first] = holders()
    running()
    time.sleep(0.5)
    assert holders() == [first]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [first])
    eventually(lambda: holders() not in ([], [first]))
    eventually(standing_by)  # the first noticed and does not work on beside the second
    BriefFactory(rounds_planned=1, deadline=timezone.now() + timedelta(seconds=2))
    eventually(lambda: Round.objects.filter(status="open").exists())
    eventually(lambda: Brief.objects.get().status == Brief.Status.COMPLETED)
    assert len(holders()) == 1


def test_stopped_scheduler_lets_its_lock_go(running, broker):
    one = running()
    eventually(holders)
    one.end()
    eventually(lambda: holders() == [])  # PostgreSQL notices in its own time


def test_scheduler_waits_for_the_database(running, broker):
    with psycopg.connect(**scheduler._parameters() | {"dbname": "postgres"}) as admin:
        admin.autocommit = True
        name = settings.DATABASES["default"]["NAME"]
        admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        try:
            running()
            time.sleep(0.5)
        finally:
            admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    eventually(holders)
