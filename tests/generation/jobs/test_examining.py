"""A worker examines what it drew before it hangs; nothing is lost or there twice."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone
from PIL import Image

from curation.galleries import files
from curation.models import Candidate, ValidatorResult
from curation.validators.pictures import Blank
from generation.challenges import selectors
from generation.jobs import publishing, services
from generation.jobs.models import GenerationJob
from tests.curation.validators.exhibits import SIDE_PX, emblem
from tests.factories import JobFactory

pytestmark = pytest.mark.django_db(transaction=True)
Status = GenerationJob.Status
ABOUT = {"scheduler": "Euler", "versions": {"torch": "2"}}


@pytest.fixture(autouse=True)
def _no_classifier(settings):
    settings.SAFETY_CLASSIFIER = "none"


def work(image: Image.Image, job: GenerationJob | None = None) -> GenerationJob:
    """Claim a job and publish an image as what was drawn for it."""
    job = job or JobFactory(width=SIDE_PX, height=SIDE_PX)
    lease = services.claim(job_id=job.pk, worker="w")
    picture = SimpleNamespace(image=image, drawn_s=0.1, drawn_together=1)
    publishing.publish([lease], [picture], ABOUT, ExitStack()).result()
    job.refresh_from_db()
    return job


def test_good_picture_hangs_with_its_verdicts() -> None:
    job = work(emblem())
    assert (job.status, job.error) == (Status.DONE, "")
    candidate = Candidate.objects.get()
    assert candidate.status == "published"
    assert candidate.validator_results.count() == 6
    assert set(candidate.timings) == {"drawn_s", "drawn_together", "examined_s", "store_s"}


def test_blank_picture_is_dropped_with_a_reason_and_leaves_no_file() -> None:
    image = Image.new("RGB", (SIDE_PX, SIDE_PX), (9, 9, 9))
    job = work(image)
    assert job.status == Status.DONE
    assert job.error.startswith("blank: All but 0.00% of it is one colour.")
    assert not Candidate.objects.exists()
    rows = ValidatorResult.objects.filter(subject=job.key)
    assert {row.validator: row.consequence for row in rows}["blank"] == "drop"
    assert {row.candidate for row in rows} == {None}
    assert {row.prompt for row in rows} == {job.prompt}
    digest = files.hashlib.sha256(files.encode_png(image)).hexdigest()
    assert not default_storage.exists(files.picture_name(digest))


def test_picture_of_another_size_is_dropped() -> None:
    job = work(emblem(side=32))
    assert "size: It has 32 × 32 pixels; asked for were 64 × 64." in job.error
    assert not Candidate.objects.exists()


def test_near_duplicate_is_dropped_and_says_of_what() -> None:
    work(emblem())
    again = emblem()
    again.putpixel((0, 0), (0, 0, 0))
    job = work(again)
    first = Candidate.objects.get()
    assert job.status == Status.DONE
    assert first.digest[:16] in job.error
    row = ValidatorResult.objects.get(subject=job.key, validator="near-duplicate")
    assert (row.consequence, row.threshold) == ("drop", 1.5)


def test_twin_of_a_blind_test_is_exempt(monkeypatch) -> None:
    for place in (services, publishing):
        monkeypatch.setattr(place, "is_trial", lambda key: True)
    assert selectors.is_trial("nothing") is False
    work(emblem())
    again = emblem()
    again.putpixel((0, 0), (0, 0, 0))
    work(again)
    assert [c.status for c in Candidate.objects.all()] == ["published"] * 2


def test_a_broken_validator_holds_the_picture(monkeypatch) -> None:
    def torn(self, subject):
        raise ZeroDivisionError("torn")

    monkeypatch.setattr(Blank, "measure", torn)
    job = work(emblem())
    assert (job.status, job.error) == (Status.DONE, "")
    held = Candidate.objects.get()
    assert held.status == "held"
    row = held.validator_results.get(consequence="hold")
    assert (row.validator, row.outcome) == ("blank", "broken")
    assert row.reason == "It broke: ZeroDivisionError: torn"


def test_a_missing_classifier_holds_and_loses_nothing(settings) -> None:
    settings.SAFETY_CLASSIFIER = "no.such.Classifier"
    job = work(emblem())
    assert job.status == Status.DONE
    assert Candidate.objects.get().status == "held"


class Killed(BaseException):
    """Stands for a kill: nothing after it runs."""


def test_threat_25_worker_killed_between_examination_and_publication_publishes_once(
    monkeypatch,
) -> None:
    job = JobFactory(width=SIDE_PX, height=SIDE_PX)
    lease = services.claim(job_id=job.pk, worker="first")
    picture = SimpleNamespace(image=emblem(), drawn_s=0.1, drawn_together=1)

    def dies(**_):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(services, "finish", dies)
        with pytest.raises(Killed):
            publishing._publish(lease, picture, ABOUT)
    assert not ValidatorResult.objects.exists()
    assert not Candidate.objects.exists()
    past = timezone.now() - timedelta(seconds=1)
    GenerationJob.objects.update(lease_until=past)
    services.sweep()
    work(emblem(), job)
    assert Candidate.objects.get().status == "published"
    assert ValidatorResult.objects.count() == 6
    assert services.claim(job_id=job.pk, worker="third") is None


def test_worker_that_lost_its_lease_records_nothing() -> None:
    job = JobFactory(width=SIDE_PX, height=SIDE_PX)
    late = services.claim(job_id=job.pk, worker="late")
    GenerationJob.objects.update(fence=99)
    for image in (emblem(), Image.new("RGB", (SIDE_PX, SIDE_PX))):
        picture = SimpleNamespace(image=image, drawn_s=0.1, drawn_together=1)
        publishing._publish(late, picture, ABOUT)
    assert not ValidatorResult.objects.exists()
    assert not Candidate.objects.exists()
