from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone

from curation.galleries.services import (
    DigestTaken,
    RoundClosed,
    RoundRefused,
    close_round,
    keep_rounds_going,
    open_round,
    publish_candidate,
)
from curation.galleries.signals import round_closed, round_opened
from curation.live.selectors import events_since
from curation.models import Brief, Candidate, Event, Round
from curation.status import TransitionRefused
from tests.chain.anchoring.rounds import put_on_chain
from tests.factories import BriefFactory, RoundFactory, provenance, publish
from tests.threads import at_once


@pytest.fixture
def heard():
    """Announcements in the order in which they came."""
    got = []

    def opened(*, round_id, **_):
        got.append(("opened", round_id))

    def closed(*, round_id, **_):
        got.append(("closed", round_id))

    round_opened.connect(opened)
    round_closed.connect(closed)
    yield got
    round_opened.disconnect(opened)
    round_closed.disconnect(closed)


@pytest.mark.django_db
def test_rounds_are_numbered_and_end_after_the_planned_time(
    heard, django_capture_on_commit_callbacks
):
    brief = BriefFactory(rounds_planned=2, round_minutes=30)
    with django_capture_on_commit_callbacks(execute=True):
        first = open_round(brief=brief)
        assert heard == []  # not before commit
    assert first.closes_at - first.opened_at == timedelta(minutes=30)
    assert heard == [("opened", first.pk)]
    with pytest.raises(RoundRefused, match="open round already"):
        open_round(brief=brief)
    close_round(round_=first)
    assert open_round(brief=brief).number == 2


@pytest.mark.django_db
def test_a_round_never_gets_a_number_that_the_chain_gave_to_another():
    before = open_round(brief=BriefFactory())
    lost = before.pk + 40  # the last of those that a restored database has not
    for number in (lost, before.pk + 7):
        put_on_chain(Round(pk=number, closes_at=timezone.now()))
    assert open_round(brief=BriefFactory()).pk == lost + 1
    assert open_round(brief=BriefFactory()).pk == lost + 2


@pytest.mark.django_db
def test_brief_gets_no_more_rounds_than_planned():
    brief = BriefFactory(rounds_planned=1)
    close_round(round_=open_round(brief=brief))
    with pytest.raises(RoundRefused, match="no more rounds"):
        open_round(brief=brief)


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["completed", "withdrawn"])
def test_only_active_briefs_get_rounds(status):
    with pytest.raises(RoundRefused):
        open_round(brief=BriefFactory(status=status))


@pytest.mark.django_db
def test_deadline_shortens_the_last_round_and_forbids_later_ones():
    soon = timezone.now() + timedelta(minutes=5)
    assert open_round(brief=BriefFactory(deadline=soon)).closes_at == soon
    with pytest.raises(RoundRefused, match="deadline"):
        open_round(brief=BriefFactory(deadline=timezone.now()))


@pytest.mark.django_db(transaction=True)
def test_of_racing_openers_one_opens():
    for brief in BriefFactory.create_batch(5):
        results = at_once(10, lambda _, brief=brief: open_round(brief=brief))
        assert sum(isinstance(result, Round) for result in results) == 1
        assert sum(isinstance(result, RoundRefused) for result in results) == 9
    assert Event.objects.filter(kind="round_opened").count() == 5


@pytest.mark.django_db(transaction=True)
def test_of_racing_closers_one_closes():
    round_ = RoundFactory()
    rows = [Round.objects.get(pk=round_.pk) for _ in range(8)]
    results = at_once(8, lambda i: close_round(round_=rows[i]))
    assert sum(isinstance(result, TransitionRefused) for result in results) == 7
    assert Event.objects.filter(kind="round_closed").count() == 1
    round_.refresh_from_db()
    assert round_.closed_at is not None


@pytest.mark.django_db
def test_published_candidate_is_counted_and_logged():
    round_ = RoundFactory()
    candidate = publish(round_, 1)
    round_.refresh_from_db()
    assert round_.candidates_count == 1
    [event] = events_since(round_.stream, 0)
    assert (event.kind, event.payload) == ("candidate_published", {"candidate": candidate.pk})


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["closed", "cancelled"])
def test_publish_candidate_rejects_closed_round(status):
    with pytest.raises(RoundClosed):
        publish(RoundFactory(status=status), 1)
    assert not Candidate.objects.exists()


@pytest.mark.django_db
def test_publish_candidate_rejects_bytes_that_hang_already():
    round_ = RoundFactory()
    publish(round_, 1)
    with pytest.raises(DigestTaken):
        publish(RoundFactory(), 1, job_key="0" * 64)
    round_.refresh_from_db()
    assert (round_.candidates_count, Event.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_publish_candidate_rejects_a_second_picture_of_one_job():
    round_ = RoundFactory()
    first = publish(round_, 1)
    with pytest.raises(IntegrityError):
        publish(round_, 2, job_key=first.job_key)


@pytest.mark.django_db(transaction=True)
def test_racing_publications_are_all_counted_and_doubles_refused():
    round_ = RoundFactory()

    def hang(index: int) -> Candidate:
        number = index // 2  # every picture twice
        return publish_candidate(
            round_id=round_.pk,
            digest=f"{number:064x}",
            size_bytes=1,
            provenance=provenance(number, job_key=f"{index:064x}"),
        )

    results = at_once(20, hang)
    assert sum(isinstance(result, Candidate) for result in results) == 10
    assert sum(isinstance(result, DigestTaken) for result in results) == 10
    round_.refresh_from_db()
    assert round_.candidates_count == Candidate.objects.count() == 10


@pytest.mark.django_db
def test_rounds_are_kept_going_until_the_brief_is_completed():
    brief = BriefFactory(rounds_planned=2)
    for number in (1, 2):
        keep_rounds_going()
        assert Round.objects.get(status="open").number == number
        keep_rounds_going()  # nothing is due
        past = timezone.now() - timedelta(hours=1)
        Round.objects.filter(status="open").update(opened_at=past, closes_at=timezone.now())
    keep_rounds_going()
    brief.refresh_from_db()
    assert brief.status == Brief.Status.COMPLETED
    assert Round.objects.filter(status="closed").count() == 2


@pytest.mark.django_db
def test_brief_past_its_deadline_is_completed():
    brief = BriefFactory(deadline=timezone.now() - timedelta(seconds=1))
    keep_rounds_going()
    brief.refresh_from_db()
    assert brief.status == Brief.Status.COMPLETED
    assert not Round.objects.exists()
