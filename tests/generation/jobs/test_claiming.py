import threading
import time
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from curation.galleries.services import close_round
from curation.models import Candidate
from generation.jobs import services
from generation.jobs.models import MOST_ATTEMPTS, GenerationJob
from generation.jobs.services import Drawing, LeaseLost
from tests.factories import JobFactory, RoundFactory
from tests.threads import at_once

Status = GenerationJob.Status


def drawing(digit: str = "a") -> Drawing:
    return Drawing(
        digest=digit * 64, size_bytes=9, scheduler="Euler", libraries={"torch": "2"}, timings={}
    )


def expire(job: GenerationJob) -> None:
    GenerationJob.objects.filter(pk=job.pk).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )


@pytest.mark.django_db(transaction=True)
def test_threat_25_fifty_racing_workers_get_one_lease():
    for _repeat in range(3):
        job = JobFactory()
        leases = at_once(50, lambda i, pk=job.pk: services.claim(job_id=pk, worker=f"worker-{i}"))
        won = [lease for lease in leases if lease is not None]
        assert len(won) == 1
        job.refresh_from_db()
        assert (job.attempts, job.fence, job.worker) == (1, 1, won[0].job.worker)


@pytest.mark.django_db(transaction=True)
def test_claim_that_waited_for_another_sees_that_it_was_taken():
    job = JobFactory()
    claimed = threading.Event()

    def take(index: int) -> object:
        if index == 1:
            claimed.wait(10)
            return services.claim(job_id=job.pk, worker="second")
        with transaction.atomic():
            lease = services.claim(job_id=job.pk, worker="first")
            claimed.set()
            time.sleep(0.5)  # the second claim now waits for this row
        return lease

    first, second = at_once(2, take)
    assert first.fence == 1
    assert second is None


@pytest.mark.django_db(transaction=True)
def test_racing_batches_share_jobs_without_overlap():
    first = JobFactory()
    jobs = [
        first,
        *JobFactory.create_batch(11, round=first.round, model_version=first.model_version),
    ]
    batches = at_once(
        12, lambda i: services.claim_batch(job_id=jobs[i].pk, worker=f"worker-{i}", limit=4)
    )
    claimed = [lease.job.pk for batch in batches for lease in batch]
    assert sorted(claimed) == sorted({job.pk for job in jobs})
    assert all(len(batch) <= 4 for batch in batches)


@pytest.mark.django_db
def test_batch_holds_only_due_jobs_of_the_same_version():
    job = JobFactory()
    mate = JobFactory(round=job.round, model_version=job.model_version)
    JobFactory(round=job.round)  # another version
    JobFactory(
        round=job.round,
        model_version=job.model_version,
        due_at=timezone.now() + timedelta(minutes=1),
    )
    leases = services.claim_batch(job_id=job.pk, worker="w", limit=8)
    assert {lease.job.pk for lease in leases} == {job.pk, mate.pk}


@pytest.mark.django_db
@pytest.mark.parametrize("status", [Status.DONE, Status.DEAD, Status.CANCELLED])
def test_ended_job_cannot_be_claimed(status):
    assert services.claim(job_id=JobFactory(status=status).pk, worker="w") is None


@pytest.mark.django_db
def test_job_of_a_closed_round_cannot_be_claimed():
    job = JobFactory()
    close_round(round_=job.round)
    assert services.claim(job_id=job.pk, worker="w") is None


@pytest.mark.django_db
def test_held_job_is_free_again_only_after_its_lease():
    job = JobFactory()
    first = services.claim(job_id=job.pk, worker="a")
    assert services.claim(job_id=job.pk, worker="b") is None
    expire(job)
    second = services.claim(job_id=job.pk, worker="b")
    assert second.fence == first.fence + 1


@pytest.mark.django_db
def test_threat_25_stale_holder_cannot_finish_renew_or_give_back():
    job = JobFactory()
    stale = services.claim(job_id=job.pk, worker="a")
    expire(job)
    fresh = services.claim(job_id=job.pk, worker="b")
    with pytest.raises(LeaseLost):
        services.finish(lease=stale, drawing=drawing("a"))
    assert not services.renew(lease=stale)
    services.give_back(lease=stale, error="too late")
    services.hand_over(lease=stale)
    assert Candidate.objects.count() == 0
    candidate = services.finish(lease=fresh, drawing=drawing("b"))
    assert candidate.digest == "b" * 64
    job.refresh_from_db()
    assert (job.status, job.error) == (Status.DONE, "")


@pytest.mark.django_db(transaction=True)
def test_one_lease_finished_by_many_threads_publishes_one_candidate():
    lease = services.claim(job_id=JobFactory().pk, worker="a")
    results = at_once(10, lambda i: services.finish(lease=lease, drawing=drawing("0123456789"[i])))
    assert sum(isinstance(result, Candidate) for result in results) == 1
    assert sum(isinstance(result, LeaseLost) for result in results) == 9
    assert Candidate.objects.count() == 1


@pytest.mark.django_db
def test_renewal_prolongs_the_lease():
    job = JobFactory()
    lease = services.claim(job_id=job.pk, worker="a")
    GenerationJob.objects.filter(pk=job.pk).update(lease_until=timezone.now())
    assert services.renew(lease=lease)
    job.refresh_from_db()
    assert job.lease_until > timezone.now() + services.LEASE / 2


@pytest.mark.django_db
def test_threat_25_third_failure_is_the_last():
    job = JobFactory()
    for attempt in range(1, MOST_ATTEMPTS + 1):
        lease = services.claim(job_id=job.pk, worker="w")
        services.give_back(lease=lease, error=f"failure {attempt}")
    job.refresh_from_db()
    assert (job.status, job.error, job.attempts) == (Status.DEAD, "failure 3", 3)
    assert job.finished_at is not None
    assert services.claim(job_id=job.pk, worker="w") is None


@pytest.mark.django_db
def test_handing_over_does_not_count_as_an_attempt():
    job = JobFactory()
    for _ in range(5):
        services.hand_over(lease=services.claim(job_id=job.pk, worker="w"))
    job.refresh_from_db()
    assert (job.status, job.attempts, job.released_at) == (Status.QUEUED, 0, None)


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["a\0b", "lone \ud800 surrogate", "x" * 5000])
def test_any_error_text_can_be_kept(text):
    job = JobFactory()
    services.give_back(lease=services.claim(job_id=job.pk, worker="w"), error=text)
    job.refresh_from_db()
    assert job.status == Status.QUEUED
    assert 0 < len(job.error) <= 2000


@pytest.mark.django_db
def test_picture_for_a_round_that_closed_meanwhile_is_dropped():
    job = JobFactory()
    lease = services.claim(job_id=job.pk, worker="w")
    close_round(round_=job.round)
    assert services.finish(lease=lease, drawing=drawing()) is None
    job.refresh_from_db()
    assert job.status == Status.CANCELLED
    assert Candidate.objects.count() == 0


@pytest.mark.django_db
def test_same_bytes_twice_hang_once_and_both_jobs_end():
    jobs = JobFactory.create_batch(2, round=RoundFactory())
    for job in jobs:
        services.finish(lease=services.claim(job_id=job.pk, worker="w"), drawing=drawing())
    assert Candidate.objects.count() == 1
    jobs[1].refresh_from_db()
    assert jobs[1].status == Status.DONE
    assert "hangs already" in jobs[1].error


@pytest.mark.django_db
@pytest.mark.parametrize(
    "changes",
    [{"status": "sleeping"}, {"status": "running", "lease_until": None}, {"attempts": 4}],
)
def test_database_refuses_impossible_jobs(changes):
    with pytest.raises(IntegrityError), transaction.atomic():
        JobFactory(**changes)
