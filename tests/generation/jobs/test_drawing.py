"""A worker's whole way with one job, on the embedded pipeline with random weights."""

from __future__ import annotations

import hashlib
import threading
import time

import pytest
from django.core.files.storage import default_storage
from django.db import connection, connections
from django.utils import timezone
from dramatiq.middleware import Shutdown, TimeLimitExceeded
from dramatiq.threading import raise_thread_exception

from curation.galleries.files import picture_name
from curation.models import Candidate
from generation.jobs import drawing, services
from generation.jobs.models import GenerationJob
from tests.factories import JobFactory, VersionFactory
from tests.generation.jobs.tiny import SIDE_PX, tiny_emblems

Status = GenerationJob.Status
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    return str(tiny_emblems(tmp_path_factory.mktemp("tiny")))


@pytest.fixture
def job(model) -> GenerationJob:
    version = VersionFactory(base=model)
    return JobFactory(model_version=version, width=SIDE_PX, height=SIDE_PX)


def test_drawn_job_hangs_with_its_file_and_all_facts(job):
    drawing.draw(job_id=job.pk)
    job.refresh_from_db()
    assert (job.status, job.error) == (Status.DONE, "")
    candidate = Candidate.objects.get()
    with default_storage.open(picture_name(candidate.digest)) as file:
        assert hashlib.sha256(file.read()).hexdigest() == candidate.digest
    assert (candidate.prompt, candidate.seed, candidate.job_key) == (job.prompt, job.seed, job.key)
    assert candidate.model_version == job.model_version.slug
    assert candidate.base_hash == job.model_version.base_hash
    assert "torch" in candidate.libraries
    assert candidate.timings["drawn_s"] > 0
    assert "Euler" in candidate.scheduler


def test_threat_25_second_delivery_draws_nothing(job):
    drawing.draw(job_id=job.pk)
    drawing.draw(job_id=job.pk)
    job.refresh_from_db()
    assert (job.attempts, Candidate.objects.count()) == (1, 1)


def test_same_job_drawn_anew_makes_the_same_bytes(job):
    drawing.draw(job_id=job.pk)
    first = Candidate.objects.get().digest
    with connection.cursor() as cursor:  # results cannot be deleted
        cursor.execute("TRUNCATE curation_candidate CASCADE")
    GenerationJob.objects.update(status=Status.QUEUED, attempts=0)
    drawing.draw(job_id=job.pk)
    assert Candidate.objects.get().digest == first


def test_a_version_made_on_weights_that_were_replaced_draws_nothing_and_says_so():
    job = JobFactory(model_version=VersionFactory(base="", slug="earlier"))
    for _ in range(3):
        drawing.draw(job_id=job.pk)
    job.refresh_from_db()
    assert job.status == Status.DEAD
    assert "earlier was made on other weights" in job.error
    assert not Candidate.objects.exists()


def test_threat_25_job_with_a_broken_model_dies_after_three_attempts_and_says_why():
    job = JobFactory(model_version=VersionFactory(base="/nowhere/model"))
    for attempt in (1, 2, 3, 4):
        drawing.draw(job_id=job.pk)
        job.refresh_from_db()
        assert job.attempts == min(attempt, 3)
    assert job.status == Status.DEAD
    assert "ModelMissing" in job.error
    assert "/nowhere/model" in job.error


@pytest.mark.parametrize(("interrupt", "attempts"), [(Shutdown, 0), (TimeLimitExceeded, 1)])
def test_a_stopping_worker_costs_no_attempt_but_overlong_work_does(job, interrupt, attempts):
    GenerationJob.objects.update(steps=1000)
    drawing.load(job.model_version)
    raised = []

    def work() -> None:
        try:
            drawing.draw(job_id=job.pk)
        except Shutdown as error:
            raised.append(error)
        finally:
            connections.close_all()

    worker = threading.Thread(target=work)
    worker.start()
    while GenerationJob.objects.get().status == Status.QUEUED:
        time.sleep(0.01)
    time.sleep(0.1)
    raise_thread_exception(worker.ident, interrupt)
    worker.join(timeout=30)
    job.refresh_from_db()
    assert (job.status, job.attempts) == (Status.QUEUED, attempts)
    assert bool(raised) == (interrupt is Shutdown)  # dramatiq gives the message back then
    assert Candidate.objects.count() == 0


def test_heartbeat_keeps_a_lease_and_notices_its_loss(job, monkeypatch):
    monkeypatch.setattr(drawing, "LEASE", services.LEASE / 100)
    lease = services.claim(job_id=job.pk, worker="w")
    GenerationJob.objects.update(lease_until=timezone.now())
    with drawing.heartbeat([lease]) as lost:
        time.sleep(0.3)
        job.refresh_from_db()
        assert job.lease_until > timezone.now() + services.LEASE / 2
        assert not lost.is_set()
        GenerationJob.objects.update(fence=99)
        assert lost.wait(5)
    assert "lease-heartbeat" not in [thread.name for thread in threading.enumerate()]
