"""Kill generation workers at any moment: every job makes one picture, or is buried after three."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from django.core.files.storage import default_storage
from django.db import connection

from curation.galleries.files import picture_name
from curation.models import Candidate, Event
from generation.jobs.models import MOST_ATTEMPTS, GenerationJob
from project.env import BASE
from tests.factories import JobFactory, RoundFactory, VersionFactory
from tests.generation.jobs.tiny import SIDE_PX, tiny_emblems
from tests.project.stack.helpers import eventually

from .studio import POISON

KILLS = 300 if os.environ.get("SALON_SOAK") == "1" else 30
AT_ONCE = 2  # workers
AHEAD = 6  # jobs that wait
UNASKED = ("blank", "detail", "near-duplicate")  # random weights draw much of a muchness
pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
Status = GenerationJob.Status


class Studio:
    """Workers on the test's database, and jobs for them."""

    def __init__(self, model: str) -> None:
        self.version, self.round = VersionFactory(base=model), RoundFactory()
        base, _, query = os.environ["DATABASE_URL"].partition("?")
        database = f"{base.rpartition('/')[0]}/{connection.settings_dict['NAME']}?{query}"
        environment = {
            "DATABASE_URL": database,
            "DJANGO_SETTINGS_MODULE": "project.settings",
            "SAFETY_CLASSIFIER": "none",
            "VALIDATORS": json.dumps({name: {"policy": "off"} for name in UNASKED}),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.studio", str(self.version.pk)],
            cwd=BASE,
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.workers: list[int] = []
        assert self._line() == "ready"

    def _line(self) -> str:
        assert self.process.stdout is not None
        while (line := self.process.stdout.readline().strip()).startswith("{"):
            print(line)
        return line

    def ask_for(self, count: int, **changes: object) -> None:
        """Queue jobs."""
        size = {"width": SIDE_PX, "height": SIDE_PX}
        JobFactory.create_batch(
            count, round=self.round, model_version=self.version, **size, **changes
        )

    def hire(self) -> None:
        """One more worker."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.workers.append(int(self._line()))

    def kill(self, number: int = 0) -> None:
        """Kill -9 a worker, unless it died by itself."""
        try:
            os.kill(self.workers.pop(number), signal.SIGKILL)
        except ProcessLookupError:
            return

    def close(self) -> None:
        self.process.kill()  # its workers go with it
        self.process.communicate()


@pytest.fixture
def studio(tmp_path_factory) -> Iterator[Studio]:
    made = Studio(str(tiny_emblems(tmp_path_factory.mktemp("tiny"))))
    yield made
    made.close()


def unfinished() -> int:
    return GenerationJob.objects.filter(status__in=[Status.QUEUED, Status.RUNNING]).count()


def check() -> Counter[str]:
    """One candidate with its file and its event for each job that is done, none for others."""
    jobs = {job.key: job for job in GenerationJob.objects.all()}
    candidates = list(Candidate.objects.all())
    done = {key for key, job in jobs.items() if job.status == Status.DONE and not job.error}
    assert Counter(candidate.job_key for candidate in candidates) == Counter(done)
    for candidate in candidates:
        with default_storage.open(picture_name(candidate.digest)) as file:
            assert hashlib.sha256(file.read()).hexdigest() == candidate.digest
    announced = Event.objects.filter(kind="candidate_published").values_list("payload", flat=True)
    hanging = [c.pk for c in candidates if c.status == Candidate.Status.PUBLISHED]
    assert Counter(payload["candidate"] for payload in announced) == Counter(hanging)
    assert all(1 <= job.attempts <= MOST_ATTEMPTS for job in jobs.values())
    buried = [job for job in jobs.values() if job.status == Status.DEAD]
    assert all(job.attempts == MOST_ATTEMPTS for job in buried)
    return Counter(job.status for job in jobs.values())


def test_threat_25_each_job_makes_one_picture_however_often_workers_are_killed(studio) -> None:
    seed = int(os.environ.get("SALON_SEED") or time.time())
    print(f"\nSALON_SEED={seed}", flush=True)
    rng = random.Random(seed)
    for _ in range(AT_ONCE):
        studio.hire()
    for _ in range(KILLS):
        studio.ask_for(max(0, AHEAD - unfinished()))
        time.sleep(rng.uniform(0.05, 1.0))
        studio.kill(rng.randrange(AT_ONCE))
        studio.hire()
    eventually(lambda: unfinished() == 0, 120)
    ended = check()
    killed = GenerationJob.objects.filter(attempts__gt=1).count()
    print(f"{KILLS} kills: {dict(ended)}; {killed} jobs were begun more than once")
    assert Candidate.objects.count() > KILLS // 10
    assert killed > KILLS // 10  # most kills were in the midst of something


def test_threat_25_job_that_kills_its_workers_is_buried_after_three(studio) -> None:
    studio.ask_for(1, prompt=f"{POISON} ivy on a shield")
    studio.ask_for(3)
    hired = 0
    while unfinished():
        studio.hire()
        hired += 1
        eventually(lambda: not unfinished() or _is_gone(studio.workers[-1]), 60)
        assert hired <= MOST_ATTEMPTS + 1  # no worker dies of it again
    poison = GenerationJob.objects.get(prompt__startswith=POISON)
    assert (poison.status, poison.attempts) == (Status.DEAD, MOST_ATTEMPTS)
    assert "three times" in poison.error
    assert check() == {Status.DONE: 3, Status.DEAD: 1}
    assert Candidate.objects.count() == 3


def _is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False
