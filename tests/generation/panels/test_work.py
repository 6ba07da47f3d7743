"""Who holds which job, what waits, and what is dead."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from curation.models import Member, ModerationAction
from curation.moderation.errors import RoleMissing
from curation.moderation.roles import grant_role
from generation.agents.models import Primitive
from generation.jobs import services
from generation.jobs.dead import JobNotDead, drop_job, revive_job
from generation.jobs.models import GenerationJob
from generation.jobs.selectors import work
from generation.preferences.models import PreferenceDataset
from generation.training import services as training
from generation.training.errors import RunNotDead
from generation.training.models import TrainingRun
from generation.training.reviving import revive_run
from tests.factories import AgentFactory, JobFactory, MemberFactory, RoundFactory, VersionFactory

BACKEND = "curation.accounts.backends.AddressBackend"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("collected_static")]


def staff(role: str) -> Member:
    member = MemberFactory()
    grant_role(address=member.address, role=Member.Role(role))
    return Member.objects.get(pk=member.pk)


@pytest.fixture
def moderator() -> Member:
    return staff("moderator")


@pytest.fixture
def visitor(moderator) -> Client:
    client = Client()
    client.force_login(moderator, backend=BACKEND)
    return client


def dead_job(**facts: object) -> GenerationJob:
    return JobFactory(status="dead", attempts=3, finished_at=timezone.now(), **facts)


def test_a_revived_job_can_be_claimed_three_more_times(moderator):
    job = dead_job(error="Out of memory.")
    assert services.claim(job_id=job.pk, worker="w") is None
    revive_job(job_id=job.pk, by=moderator, reason="broken", note="More memory now.")
    assert services.release_due_jobs(at_once=5) == [job.pk]
    lease = services.claim(job_id=job.pk, worker="w")
    assert lease is not None
    assert lease.job.attempts == 1
    told = ModerationAction.objects.get(action="revived")
    assert (told.object, told.before["attempts"], told.after["attempts"]) == (f"job:{job.pk}", 3, 0)
    with pytest.raises(JobNotDead):
        revive_job(job_id=job.pk, by=moderator, reason="broken")


def test_a_dropped_job_is_drawn_no_more(moderator):
    job = dead_job()
    drop_job(job_id=job.pk, by=moderator, reason="broken")
    assert services.claim(job_id=job.pk, worker="w") is None
    assert ModerationAction.objects.get(action="dropped").after["status"] == "cancelled"
    with pytest.raises(JobNotDead):
        drop_job(job_id=job.pk, by=moderator, reason="broken")


def test_members_revive_and_drop_nothing():
    job, member = dead_job(), MemberFactory()
    for do in (revive_job, drop_job):
        with pytest.raises(RoleMissing):
            do(job_id=job.pk, by=member, reason="broken")
    assert GenerationJob.objects.get().status == "dead"


def test_who_holds_what_until_when():
    now = timezone.now()
    JobFactory(status="running", worker="a:1", attempts=2, fence=5, lease_until=now)
    JobFactory(
        status="running", worker="b:1", attempts=1, fence=1, lease_until=now + timedelta(minutes=1)
    )
    due = now - timedelta(minutes=7)
    JobFactory(status="queued", due_at=due)
    JobFactory(status="queued", due_at=now + timedelta(hours=1))
    found = work()
    assert [(h.worker, h.attempt, h.fence, h.is_late) for h in found.held] == [
        ("a:1", 2, 5, True),
        ("b:1", 1, 1, False),
    ]
    assert dict(found.jobs) == {"queued": 2, "running": 2}
    assert found.oldest_due == due
    assert [name for name, _ in found.queues] == ["generation", "training", "default"]
    assert all(count is not None for _, count in found.queues)


def test_page_tells_errors_escaped_and_acts(visitor):
    job = dead_job(error="<script>x</script>")
    JobFactory(status="running", worker="host:7:1", lease_until=timezone.now())
    text = visitor.get("/moderation/work/").text
    assert "host:7:1" in text
    assert "lease over" in text
    assert "&lt;script&gt;x" in text
    said = {"job": job.pk, "do": "revive", "reason": "broken", "note": ""}
    assert "drawn anew" in visitor.post("/moderation/work/", said, follow=True).text
    assert "not dead" in visitor.post("/moderation/work/", said, follow=True).text
    answer = visitor.post("/moderation/work/", {"do": "burn"}, follow=True)
    assert "Nobody can do this" in answer.text


def dead_run() -> TrainingRun:
    round_ = RoundFactory(status="closed")
    counts = dict.fromkeys(("rows_count", "replayed_count", "ballots_count", "voters_count"), 1)
    dataset = PreferenceDataset.objects.create(round=round_, effective_count=1.0, **counts)
    reference = VersionFactory(status="live")
    return TrainingRun.objects.create(
        dataset=dataset, reference=reference, status="dead", attempts=3, seed=1, steps=30
    )


def test_senior_has_a_dead_run_go_on(moderator):
    run = dead_run()
    with pytest.raises(RoleMissing):
        revive_run(run_id=run.pk, by=moderator, reason="broken")
    senior = staff("senior")
    revive_run(run_id=run.pk, by=senior, reason="broken")
    hold = training.claim(run_id=run.pk, worker="w")
    assert hold is not None
    with pytest.raises(RunNotDead):
        revive_run(run_id=run.pk, by=senior, reason="broken")
    assert ModerationAction.objects.get(action="revived").object == f"run:{run.pk}"


def test_agents_and_their_words_are_listed_and_found(visitor):
    AgentFactory(name="Iris", manner="Bold and bare.")
    for kind, name in (("motif", "swan"), ("motif", "oak"), ("palette", "dawn")):
        Primitive.objects.create(vocabulary="emblems", kind=kind, name=name)
    text = visitor.get("/moderation/agents/").text
    assert "Bold and bare." in text
    assert "3 primitives" in text
    assert 'href="/beliefs/"' in text
    assert "1 primitive." in visitor.get("/moderation/agents/?q=SWA").text
    assert "2 primitives" in visitor.get("/moderation/agents/?kind=motif").text
