"""Periodic work. One scheduler is active, held by an advisory lock; others stand by."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import close_old_connections, connection, transaction

from chain.anchoring.sending import anchor_what_waits
from chain.indexer.selectors import final_block, final_time
from chain.operator.following import follow
from chain.settlement.proposing import propose_due_results
from chain.settlement.services import open_waiting_rounds, settle_due_rounds
from chain.tallies.sending import anchor_ballots_that_wait
from chain.tallies.services import publish_due_tallies
from curation import actors as judging
from curation.accounts.nonces import forget_old_nonces
from curation.accounts.sessions import SessionStore
from curation.galleries.services import keep_rounds_going
from curation.live import services as live
from curation.moderation.erasing import erase_what_is_left
from curation.notifications.services import forget_old_notifications
from curation.notifications.stakes import tell_of_ended_stakes
from curation.pairs import decoys, pools
from curation.passkeys.challenges import forget_old_challenges
from generation import actors
from generation.agents.services import rounds_without_jobs
from generation.challenges.planning import join_open_rounds
from generation.challenges.selectors import rounds_to_count
from generation.jobs import services as jobs
from generation.preferences.selectors import rounds_to_learn_from
from generation.training import services as training

log = structlog.get_logger(__name__)
LOCK_ID = 0x5A10  # any number, the same for every scheduler of one database
AT_ONCE = 6  # jobs handed to the broker but not claimed yet
TICK_S = 1.0


def release_jobs() -> None:
    """Hand due jobs to the workers; those the broker did not take stay due."""
    with transaction.atomic():
        for job_id in jobs.release_due_jobs(at_once=AT_ONCE):
            actors.generate_candidate.send(job_id)


def repeat_lost_proposals() -> None:
    """Ask again for prompts of rounds that have none; the message or its worker was lost."""
    for round_ in rounds_without_jobs():
        if cache.add(f"proposal-asked:{round_.pk}", 1, timeout=60):
            actors.propose_prompts.send(round_.pk)


def repeat_lost_datasets() -> None:
    """Ask again for datasets of counted rounds that have none."""
    for round_ in rounds_to_learn_from()[:10]:
        if cache.add(f"dataset-asked:{round_.pk}", 1, timeout=300):
            actors.build_preference_dataset.send(round_.pk)


def repeat_lost_counts() -> None:
    """Ask again for the blind tests of counted rounds."""
    for round_ in rounds_to_count()[:10]:
        if cache.add(f"twins-asked:{round_.pk}", 1, timeout=60):
            actors.count_twins.send(round_.pk)


def tend_training() -> None:
    """Plan a run where one is due, and hand what waits to the training workers."""
    training.sweep()
    training.queue_due_training()
    with transaction.atomic():
        for run_id in training.release_runs():
            actors.train_adapter.send(run_id)


def tend_pairs() -> None:
    """Have workers make what pairs are served from, where there is news."""
    for round_id in decoys.rounds_short_of_decoys():
        judging.make_decoys.send(round_id)
    for round_id in pools.rounds_to_refresh():
        judging.refresh_pool.send(round_id)


def tell_stakers() -> None:
    """Tell stakers and funders of rounds that ended by what the chain will not take back."""
    chain = settings.CHAIN_ID
    tell_of_ended_stakes(final_block=final_block(chain), final_at=final_time(chain))


@dataclass
class Task:
    """Something to do every so often."""

    run: Callable[[], object]
    every_s: float
    due_at: float = 0.0
    problem: str = ""  # what went wrong the last time; said once, not every second


def tasks() -> list[Task]:
    """All periodic work, in the order of a round's life."""
    return [
        Task(keep_rounds_going, 1),
        Task(erase_what_is_left, 60),
        Task(repeat_lost_proposals, 5),
        Task(jobs.sweep, 2),
        Task(release_jobs, 1),
        Task(tend_pairs, 2),
        Task(repeat_lost_counts, 5),
        Task(repeat_lost_datasets, 5),
        Task(tend_training, 2),
        Task(join_open_rounds, 2),
        Task(tell_stakers, 5),
        Task(live.trim, 60),
        Task(forget_old_nonces, 300),
        Task(forget_old_challenges, 300),
        Task(forget_old_notifications, 3600),
        Task(SessionStore.clear_expired, 3600),
    ]


def chain_tasks() -> list[Task]:
    """What the site does on the chain. A node that is slow to answer holds up nothing else."""
    return [
        Task(follow, 2),
        Task(open_waiting_rounds, 5),
        Task(anchor_what_waits, 2),
        Task(publish_due_tallies, 2),
        Task(anchor_ballots_that_wait, 2),
        Task(propose_due_results, 2),
        Task(settle_due_rounds, 5),
    ]


def run(stop: threading.Event) -> None:
    """Work until told to stop; survives restarts of the database and the broker."""
    while not stop.is_set():
        try:
            with psycopg.connect(**_parameters(), autocommit=True) as lock:
                _work_under(lock, stop)
        except psycopg.OperationalError as error:
            log.warning("scheduler waits for the database", error=str(error).splitlines()[0])
            stop.wait(1)


def _parameters() -> dict[str, Any]:
    wanted = ("dbname", "user", "password", "host", "port")
    return {k: v for k, v in connection.get_connection_params().items() if k in wanted}


def _work_under(lock: psycopg.Connection, stop: threading.Event) -> None:
    standing_by = False
    while not stop.is_set():
        row = lock.execute("SELECT pg_try_advisory_lock(%s)", [LOCK_ID]).fetchone()
        if row and row[0]:
            break
        if not standing_by:
            log.info("scheduler stands by")
            standing_by = True
        stop.wait(2)
    else:
        return
    log.info("scheduler is active")
    over = threading.Event()
    beside = threading.Thread(target=_work_on, args=(chain_tasks(), over), name="chain")
    beside.start()
    todo = tasks()
    try:
        while not stop.is_set():
            lock.execute("SELECT 1")  # lost connection, lost lock: start over
            for task in todo:
                _run_due(task)
            stop.wait(TICK_S)
    finally:
        over.set()
        beside.join()


def _work_on(todo: list[Task], over: threading.Event) -> None:
    while not over.is_set():
        for task in todo:
            if not over.is_set():
                _run_due(task)
        over.wait(TICK_S)


def _run_due(task: Task) -> None:
    if time.monotonic() < task.due_at:
        return
    task.due_at = time.monotonic() + task.every_s
    name = getattr(task.run, "__name__", "task")
    try:
        task.run()
        if task.problem:
            log.info("periodic task works again", task=name)
        task.problem = ""
    except Exception as error:  # noqa: BLE001 - one failing task must not stop the others
        if task.problem != repr(error):
            log.warning("periodic task failed", task=name, error=repr(error))
        task.problem = repr(error)
    finally:
        close_old_connections()
