"""What the queue gathers: held pictures, dead jobs, and which deeds each allows."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from curation.galleries.services import close_round
from curation.models import Candidate, ModerationAction
from curation.moderation import acting, queue, reports
from curation.moderation.errors import DeedUnknown, NothingToEscalate
from generation.jobs.dead import Dead
from generation.jobs.models import GenerationJob
from tests.factories import BriefFactory, JobFactory, RoundFactory, publish

from .held import WHY, hold

BACKEND = "curation.accounts.backends.AddressBackend"
pytestmark = pytest.mark.usefixtures("collected_static")


@pytest.fixture
def visitor(moderator) -> Client:
    client = Client()
    client.force_login(moderator, backend=BACKEND)
    return client


def keys(source: queue.Source, **wanted: str) -> list[str]:
    return [item.key for item in source.items(queue.Wanted(**wanted), 10)]


def test_held_pictures_wait_those_first_whose_round_ends_first(db):
    later = RoundFactory(closes_at=timezone.now() + timedelta(hours=5))
    sooner = RoundFactory(closes_at=timezone.now() + timedelta(minutes=9))
    over = RoundFactory()
    first, second = hold(later, 1), hold(sooner, 2)
    publish(sooner, 3)
    hold(over, 4)
    close_round(round_=over)
    source = queue.Held()
    assert source.count() == 2
    assert keys(source) == [second.digest, first.digest]
    item = source.items(queue.Wanted(), 1)[0]
    assert item.deeds == ("approve", "disqualify")
    assert item.lines[0] == f"safety: {WHY}"
    assert re.fullmatch(r"Its round closes in [89]\sminutes\.", item.lines[-1])
    assert keys(source, text="anchor 1,") == [first.digest]
    assert keys(source, text=second.digest[:10]) == [second.digest]


def test_approved_ones_hang_and_leave_the_queue(visitor, moderator):
    held = hold(RoundFactory(), 1)
    said = {"deed": "approve", "digest": held.digest, "reason": "mistake"}
    answer = visitor.post("/moderation/act", said, headers={"HX-Request": "true"})
    assert f'data-done="{held.digest}"' in answer.text
    assert Candidate.objects.get().status == "published"
    assert queue.Held().count() == 0
    line = ModerationAction.objects.get(action="approved")
    assert (line.before["status"], line.after["status"]) == ("held", "published")


def test_held_ones_are_not_hidden(visitor):
    held = hold(RoundFactory(), 1)
    said = {"deed": "hide", "digest": held.digest, "reason": "hate"}
    assert "field-error" in visitor.post("/moderation/act", said).text
    assert Candidate.objects.get().status == "held"


def test_each_item_says_what_can_be_done(visitor, member):
    round_ = RoundFactory()
    hold(round_, 1)
    reports.report_candidate(candidate=publish(round_, 2), member=member, reason="hate")
    JobFactory(round=round_, status="dead")
    for source, deeds in (
        ("held", "approve disqualify"),
        ("reported", "approve hide disqualify escalate"),
        ("hanging", "hide disqualify"),
        ("dead", "revive drop"),
    ):
        text = visitor.get(f"/moderation/?source={source}").text
        assert re.findall(r'data-deeds="([^"]*)"', text) == [deeds], source


def test_what_nobody_reported_is_not_handed_to_a_senior(candidate, member, moderator):
    said = {"deed": "escalate", "candidate": candidate, "by": moderator, "reason": "hate"}
    with pytest.raises(NothingToEscalate, match="no open report"):
        acting.act_on_candidate(**said)
    reports.report_candidate(candidate=candidate, member=member, reason="hate")
    acting.act_on_candidate(**said)
    with pytest.raises(NothingToEscalate, match="before"):
        acting.act_on_candidate(**said)
    assert ModerationAction.objects.filter(action="escalated").count() == 1


def test_dead_jobs_wait_in_the_queue_and_are_tried_again(visitor, moderator):
    job = JobFactory(status="dead", attempts=3, error="Out of memory.", prompt="a red swan")
    JobFactory(status="queued")
    assert keys(Dead()) == [str(job.pk)]
    assert keys(Dead(), text="SWAN") == [str(job.pk)]
    assert keys(Dead(), text="memory") == [str(job.pk)]
    assert keys(Dead(), text="oak") == []
    said = {"source": "dead", "deed": "revive", "digest": job.pk, "reason": "broken"}
    shown = visitor.post("/moderation/act", said | {"preview": "1"}).text
    assert "Revive 1 of dead jobs?" in shown
    assert "a red swan" in shown
    answer = visitor.post("/moderation/act", said, headers={"HX-Request": "true"})
    assert f'data-done="{job.pk}"' in answer.text
    job.refresh_from_db()
    assert (job.status, job.attempts, job.released_at) == ("queued", 0, None)
    assert "not dead" in visitor.post("/moderation/act", said).text


def test_a_pictures_deed_is_not_done_to_a_job(moderator):
    job = JobFactory(status="dead")
    for deed in ("hide", "act", ""):
        with pytest.raises(DeedUnknown):
            acting.act_on_items(
                source=Dead(), deed=deed, keys=[str(job.pk)], by=moderator, reason="other"
            )
    assert GenerationJob.objects.get().status == "dead"


def test_a_job_whose_round_is_over_is_only_dropped(moderator):
    job = JobFactory(status="dead", round=RoundFactory(brief=BriefFactory(), status="closed"))
    (item,) = Dead().items(queue.Wanted(), 5)
    assert item.deeds == ("drop",)
    said = {"source": Dead(), "keys": [str(job.pk)], "by": moderator, "reason": "other"}
    assert "round is over" in acting.act_on_items(deed="revive", **said).refused[0][1]
    assert acting.act_on_items(deed="drop", **said).done == [str(job.pk)]
    assert GenerationJob.objects.get().status == "cancelled"
