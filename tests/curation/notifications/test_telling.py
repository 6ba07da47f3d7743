"""Who is told of what: once, in the transaction of what it tells of, and forgotten in time."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from curation.briefs.services import (
    complete_brief,
    post_brief,
    stop_after_this_round,
    withdraw_brief,
)
from curation.galleries.services import close_round, open_round
from curation.models import Member, Notification
from curation.moderation import acting, appeals, proposals, reports, sanctions
from curation.moderation.roles import grant_role
from curation.notifications import services
from curation.notifications.lines import notifications_page
from curation.notifications.selectors import unread_count
from curation.standings.services import publish_tally
from generation.challenges.services import promote_model_version, roll_back
from generation.preferences.services import build_preference_dataset
from tests.curation.standings.full_round import Court, crowd
from tests.factories import BriefFactory, MemberFactory, RoundFactory, VersionFactory, publish
from tests.generation.preferences.polls import counted_poll
from tests.generation.training.learned import finished, run_of

pytestmark = pytest.mark.django_db
Kind = Notification.Kind


def told(member: Member) -> list[str]:
    """Kinds of what a member was told, the first first."""
    return list(
        Notification.objects.filter(member=member).order_by("pk").values_list("kind", flat=True)
    )


def words(member: Member) -> list[str]:
    return [line.text for line in notifications_page(member).lines]


@pytest.fixture
def member() -> Member:
    return MemberFactory()


@pytest.fixture
def moderators() -> list[Member]:
    made = [MemberFactory() for _ in range(2)]
    for one in made:
        grant_role(address=one.address, role=Member.Role.SENIOR)
    return list(Member.objects.filter(pk__in=[one.pk for one in made]).order_by("pk"))


def tell(member: Member, about: str = "round:1") -> None:
    with transaction.atomic():
        services.notify_members(member_ids=[member.pk], kind=Kind.RESULT, about=about)


def test_nobody_is_told_twice_however_often_it_runs(member):
    for _ in range(3):
        tell(member)
    assert told(member) == ["result"]
    with pytest.raises(IntegrityError), transaction.atomic():
        Notification.objects.create(member=member, kind=Kind.RESULT, about="round:1")


@pytest.mark.django_db(transaction=True)
def test_telling_belongs_into_the_transaction_of_what_it_tells_of(member):
    with pytest.raises(transaction.TransactionManagementError):
        services.notify_members(member_ids=[member.pk], kind=Kind.RESULT, about="round:1")
    with suppress(ZeroDivisionError), transaction.atomic():
        tell(member)
        raise ZeroDivisionError
    assert told(member) == []


def test_voters_and_the_sponsor_hear_of_the_result_once(member):
    court = Court(candidates=3)
    court.round.brief.posted_by = member
    court.round.brief.save()
    jurors = crowd(court, (1.0, 1.0))
    for juror in jurors:
        juror.vote(court.digests[0], court.digests[1])
        juror.vote(court.digests[0], court.digests[2], 12)
    court.close()
    for _ in range(2):
        publish_tally(round_id=court.round.pk, facts=court.facts)
    assert [told(juror.member) for juror in jurors] == [["result"], ["result"]]
    assert words(member) == [
        f"Counted: the result of round 1 of “{court.round.brief}”, your brief, is out."
    ]
    assert Notification.objects.count() == 3


def test_a_tally_that_fails_tells_nobody(monkeypatch):
    court = Court(candidates=2)
    (juror,) = crowd(court, (1.0,))
    juror.vote(*court.digests)
    court.close()
    monkeypatch.setattr("curation.standings.services.live.append", lambda **_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        publish_tally(round_id=court.round.pk, facts=court.facts)
    assert told(juror.member) == []


def test_a_sponsor_follows_their_brief(member, moderators):
    brief = post_brief(title="A badge", purpose="For coats.", posted_by=member)
    close_round(round_=open_round(brief=brief))
    complete_brief(brief=brief)
    assert told(member) == ["brief_round", "brief_completed"]
    assert words(member)[1].startswith("Your brief “A badge” has its round 1")
    open_round(brief=BriefFactory())  # the house's
    assert Notification.objects.count() == 2


@pytest.mark.parametrize("end", [withdraw_brief, stop_after_this_round])
def test_a_sponsor_hears_that_somebody_else_ended_their_brief(member, moderators, end):
    for by, wanted in ((member, []), (moderators[0], ["brief_stopped"])):
        brief = BriefFactory(posted_by=member)
        close_round(round_=RoundFactory(brief=brief))
        end(brief=brief, by=by)
        assert told(member) == wanted
    assert "moderator" in words(member)[0]


@pytest.mark.parametrize(
    ("deed", "says"), [("hide", "taken down"), ("approve", "it stays"), ("escalate", "")]
)
def test_reporters_hear_what_became_of_their_report(member, moderators, deed, says):
    picture = publish(RoundFactory(), 1)
    others = [MemberFactory() for _ in range(2)]
    for one in (member, *others):
        reports.report_candidate(candidate=picture, member=one, reason="spam")
    acting.act_on_candidate(deed=deed, candidate=picture, by=moderators[0], reason="spam")
    for one in (member, *others):
        assert told(one) == (["report_answered"] if says else [])
    assert all(says in text for text in words(member))
    assert not any(picture.prompt in text for text in words(member))


def test_reporters_hear_anew_after_an_answer_was_taken_back(member, moderators):
    picture = publish(RoundFactory(), 1)
    reports.report_candidate(candidate=picture, member=member, reason="spam")
    by = moderators[0]
    done = acting.act_on_many(deed="hide", digests=[picture.digest], by=by, reason="spam")
    assert told(member) == ["report_answered"]
    acting.undo(batch=done.batch, by=by)
    assert told(member) == []
    picture.refresh_from_db()
    acting.act_on_candidate(deed="approve", candidate=picture, by=by, reason="mistake")
    assert ["it stays" in text for text in words(member)] == [True]


def test_reporters_hear_when_two_people_take_a_winner_down(member, moderators):
    picture = publish(RoundFactory(), 1)
    reports.report_candidate(candidate=picture, member=member, reason="spam")
    name = f"candidate:{picture.digest}"
    asked = proposals.propose(deed_name="hide", object=name, by=moderators[0], reason="spam")
    assert told(member) == []
    proposals.confirm(proposal=asked, by=moderators[1])
    assert told(member) == ["report_answered"]


def test_a_member_hears_of_sanctions_and_answers(member, moderators):
    first, second = moderators
    said = {"member": member, "by": first, "reason": "spam"}
    strike = sanctions.strike_member(**said)
    sanctions.lift_sanction(sanction=strike, by=first)
    mute = sanctions.mute_member(**said)
    appeal = appeals.appeal_sanction(sanction=mute, member=member, text="It was art.")
    appeals.answer_appeal(appeal=appeal, by=second, answer="So it was.", lift=True)
    assert told(member) == ["sanctioned", "sanction_lifted", "sanctioned", "appeal_answered"]
    assert words(member) == [
        "Your appeal was granted: the mute is lifted.",
        "You are muted for now. Reason: Spam or manipulation. You can appeal.",
        "Your strike was lifted.",
        "A moderator gave you a strike. Reason: Spam or manipulation. You can appeal.",
    ]


def test_who_taught_a_version_hears_that_it_draws_once():
    base = VersionFactory(status="live")
    poll = counted_poll(voters=5)
    idle = MemberFactory()
    version = finished(run_of(build_preference_dataset(round_id=poll.round.pk), base))
    promote_model_version(version=version, reason="It was better.", by=idle)
    assert [told(voter) for voter in poll.voters] == [["model_promoted"]] * 5
    assert told(idle) == []
    assert version.slug in words(poll.voters[0])[0]
    roll_back(reason="It was not.", by=idle)
    promote_model_version(version=version, reason="It was.", by=idle)
    assert Notification.objects.count() == 5


def test_only_what_was_shown_is_read(member):
    for number in range(3):
        tell(member, f"round:{number}")
    shown = Notification.objects.filter(member=member).order_by("pk")[1]
    assert unread_count(member) == 3
    assert services.mark_read(member=member, upto=shown.pk) == 2
    assert services.mark_read(member=MemberFactory(), upto=shown.pk + 10) == 0
    assert unread_count(member) == 1


def test_what_is_old_is_forgotten_what_was_read_sooner(member):
    now = timezone.now()
    ages = [(29, True), (31, True), (31, False), (89, False), (91, False)]
    for days, is_read in ages:
        tell(member, f"round:{days}{is_read}")
        row = Notification.objects.filter(about=f"round:{days}{is_read}")
        at = now - timedelta(days=days)
        row.update(created_at=at, read_at=at if is_read else None)
    assert services.forget_old_notifications() == 2
    left = Notification.objects.order_by("pk").values_list("about", flat=True)
    assert list(left) == ["round:29True", "round:31False", "round:89False"]
