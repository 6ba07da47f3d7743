from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from curation.galleries.services import close_round
from generation.jobs import services
from generation.jobs.models import GenerationJob
from generation.jobs.services import PlannedJob, plan_jobs, release_due_jobs, sweep
from tests.factories import AgentFactory, JobFactory, RoundFactory, VersionFactory
from tests.threads import at_once

Status = GenerationJob.Status
pytestmark = pytest.mark.django_db


def wishes(count: int) -> list[PlannedJob]:
    return [
        PlannedJob(
            prompt=f"red star {n}",
            negative_prompt="",
            primitives=[],
            seed=n,
            due_at=timezone.now(),
        )
        for n in range(count)
    ]


@pytest.fixture
def studio():
    return {"agent": AgentFactory(), "version": VersionFactory()}


def test_planning_again_adds_only_what_is_new(studio):
    round_ = RoundFactory()
    assert plan_jobs(round_=round_, planned=wishes(3), **studio) == 3
    assert plan_jobs(round_=round_, planned=wishes(3), **studio) == 0
    assert plan_jobs(round_=round_, planned=wishes(5), **studio) == 2
    assert GenerationJob.objects.count() == 5


def test_same_picture_is_not_drawn_again_in_a_later_round_but_by_another_version(studio):
    plan_jobs(round_=RoundFactory(), planned=wishes(3), **studio)
    later = RoundFactory()
    assert plan_jobs(round_=later, planned=wishes(3), **studio) == 0
    other = studio | {"version": VersionFactory()}
    assert plan_jobs(round_=later, planned=wishes(3), **other) == 3


def test_database_refuses_the_same_picture_twice(studio):
    job = JobFactory()
    again = {"prompt": job.prompt, "seed": job.seed, "model_version": job.model_version}
    for changes in (again, {"key": job.key}, {"easel": job.easel}):
        with pytest.raises(IntegrityError), transaction.atomic():
            JobFactory(**changes)


@pytest.mark.django_db(transaction=True)
def test_racing_planners_queue_each_wish_once(studio):
    round_, planned = RoundFactory(), wishes(20)
    results = at_once(6, lambda _: plan_jobs(round_=round_, planned=planned, **studio))
    assert sum(results) == GenerationJob.objects.count() == 20


def test_due_jobs_are_released_once_in_order_and_a_few_at_a_time():
    now, round_ = timezone.now(), RoundFactory()
    jobs = [JobFactory(round=round_, due_at=now - timedelta(seconds=9 - n)) for n in range(5)]
    JobFactory(round=round_, due_at=now + timedelta(minutes=1))
    assert release_due_jobs(at_once=2) == [jobs[0].pk, jobs[1].pk]
    assert release_due_jobs(at_once=2) == []  # both are on their way
    services.claim(job_id=jobs[0].pk, worker="w")
    assert release_due_jobs(at_once=2) == [jobs[2].pk]
    assert release_due_jobs(at_once=9) == [jobs[3].pk, jobs[4].pk]


def test_job_whose_message_was_lost_is_released_again():
    job = JobFactory()
    release_due_jobs(at_once=1)
    long_ago = timezone.now() - services.MESSAGE_LOST_AFTER - timedelta(seconds=1)
    GenerationJob.objects.update(released_at=long_ago)
    assert release_due_jobs(at_once=1) == [job.pk]


@pytest.mark.django_db(transaction=True)
def test_racing_releasers_release_each_job_once():
    round_ = RoundFactory()
    JobFactory.create_batch(20, round=round_)
    released = [pk for ids in at_once(5, lambda _: release_due_jobs(at_once=100)) for pk in ids]
    assert len(released) == len(set(released)) == 20


def expired(**fields) -> GenerationJob:
    lease_until = timezone.now() - timedelta(seconds=1)
    return JobFactory(status=Status.RUNNING, lease_until=lease_until, **fields)


def status(job: GenerationJob) -> str:
    job.refresh_from_db()
    return job.status


def test_sweep_queues_what_a_killed_worker_left():
    job = expired(attempts=1, released_at=timezone.now())
    held = JobFactory(status=Status.RUNNING, lease_until=timezone.now() + timedelta(minutes=1))
    sweep()
    assert (status(job), job.released_at, job.lease_until) == (Status.QUEUED, None, None)
    assert status(held) == Status.RUNNING


def test_threat_25_sweep_buries_what_killed_three_workers():
    job = expired(attempts=3)
    sweep()
    assert status(job) == Status.DEAD
    assert "three times" in job.error
    sweep()
    assert status(job) == Status.DEAD


def test_sweep_cancels_only_waiting_jobs_of_rounds_that_are_over():
    waiting, open_one = JobFactory(), JobFactory()
    drawing = JobFactory(
        round=waiting.round,
        status=Status.RUNNING,
        lease_until=timezone.now() + timedelta(minutes=1),
    )
    left = expired(round=waiting.round, attempts=1)
    close_round(round_=waiting.round)
    sweep()
    assert [status(job) for job in (waiting, open_one, drawing, left)] == [
        Status.CANCELLED,
        Status.QUEUED,
        Status.RUNNING,
        Status.CANCELLED,
    ]


@pytest.mark.django_db(transaction=True)
def test_closing_a_round_cancels_its_waiting_jobs_at_once():
    job = JobFactory()
    close_round(round_=job.round)
    assert status(job) == Status.CANCELLED
