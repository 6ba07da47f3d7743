"""Reports, strikes, mutes, bans and appeals."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from curation.briefs.services import post_brief
from curation.galleries.takedowns import hide_candidate
from curation.models import Appeal, Delegation, Member, MemberSession, ModerationAction, Report
from curation.moderation import acting, appeals, proposals, queue, reports, rules, sanctions
from curation.moderation.errors import (
    AppealedBefore,
    Muted,
    NothingToReport,
    ReasonUnknown,
    ReportedBefore,
    RoleMissing,
    SamePerson,
    SanctionOver,
)
from curation.rates import TooMany
from tests.curation.accounts.visitor import Visitor
from tests.factories import MemberFactory, RoundFactory, publish


def report(candidate, member, reason="spam", note=""):
    return reports.report_candidate(candidate=candidate, member=member, reason=reason, note=note)


def ban(member, moderator, colleague):
    name = f"member:{member.address}"
    asked = proposals.propose(deed_name="ban", object=name, by=moderator, reason="spam")
    proposals.confirm(proposal=asked, by=colleague)
    return sanctions.Sanction.objects.get(member=member, kind="ban")


def test_member_reports_a_picture_once(candidate, member):
    report(candidate, member)
    with pytest.raises(ReportedBefore):
        report(candidate, member, "hate")
    with pytest.raises(IntegrityError), transaction.atomic():
        Report.objects.create(candidate=candidate, member=member, reason="hate")


@pytest.mark.parametrize("reason", ["", "because", "mistake"])
def test_report_takes_a_reason_from_the_list(candidate, member, reason):
    with pytest.raises(ReasonUnknown):
        report(candidate, member, reason)


def test_what_is_hidden_already_is_not_reported(candidate, member):
    hide_candidate(candidate=candidate)
    with pytest.raises(NothingToReport):
        report(candidate, member)


def test_reports_are_rate_limited(member):
    round_ = RoundFactory()
    for number in range(reports.REPORTS.times):
        report(publish(round_, number), member)
    with pytest.raises(TooMany):
        report(publish(round_, 99), member)


def test_queue_gathers_reports_escalated_first_then_by_number(member, moderator):
    round_ = RoundFactory()
    pictures = [publish(round_, n, prompt=f"gold anchor {n}") for n in range(4)]
    for picture, count in zip(pictures, (1, 3, 2, 1), strict=True):
        for _ in range(count):
            report(picture, MemberFactory(), note="Look at the <b>edge</b>.")
    acting.act_on_candidate(deed="escalate", candidate=pictures[3], by=moderator, reason="hate")
    source = queue.Reported()
    items = source.items(queue.Wanted(), 10)
    assert source.count() == 4
    assert [item.title for item in items] == [f"gold anchor {n}" for n in (3, 1, 2, 0)]
    assert items[1].lines[0] == "3 × Spam or manipulation"
    assert [item.escalated for item in items] == [True, False, False, False]
    assert len(source.items(queue.Wanted(escalated=True), 10)) == 1
    assert len(source.items(queue.Wanted(reason="hate"), 10)) == 0


def test_queue_is_searched_by_prompt_digest_and_address(member, moderator):
    round_ = RoundFactory()
    one, other = (publish(round_, n, prompt=words) for n, words in ((1, "red fox"), (2, "owl")))
    report(one, member)
    report(other, MemberFactory())
    for text in ("RED", one.digest[:10], f"0x{one.digest[:10]}", member.address[:12].lower()):
        found = queue.Reported().items(queue.Wanted(text=text), 10)
        assert [item.key for item in found] == [one.digest], text


@pytest.mark.parametrize("deed", ["approve", "hide", "disqualify"])
def test_what_is_done_answers_the_reports(candidate, member, moderator, deed):
    report(candidate, member)
    row = acting.act_on_candidate(deed=deed, candidate=candidate, by=moderator, reason="spam")
    assert Report.objects.get().answer == row
    assert queue.Reported().count() == 0


def test_reports_wait_again_when_their_answer_is_taken_back(candidate, member, moderator):
    report(candidate, member)
    earlier = report(candidate, MemberFactory())
    said = {"by": moderator, "reason": "spam"}
    row = acting.act_on_candidate(deed="approve", candidate=candidate, **said)
    late = report(candidate, MemberFactory())
    done = acting.act_on_many(deed="hide", digests=[candidate.digest], **said)
    acting.undo(batch=done.batch, by=moderator)
    assert [item.key for item in queue.Reported().items(queue.Wanted(), 10)] == [candidate.digest]
    assert Report.objects.get(answer=None) == late
    assert Report.objects.get(pk=earlier.pk).answer == row  # which nobody took back


def test_nobody_takes_back_what_somebody_else_did_since(candidate, member, moderator):
    said = {"by": moderator, "reason": "spam"}
    first = acting.act_on_many(deed="hide", digests=[candidate.digest], **said)
    acting.act_on_many(deed="restore", digests=[candidate.digest], **said)
    report(candidate, member)
    last = acting.act_on_many(deed="hide", digests=[candidate.digest], **said)
    with pytest.raises(acting.NothingToUndo):
        acting.undo(batch=first.batch, by=moderator)
    acting.undo(batch=last.batch, by=moderator)
    assert queue.Reported().count() == 1


def test_taking_a_restoration_back_answers_what_was_reported_meanwhile(
    candidate, member, moderator
):
    said = {"by": moderator, "reason": "spam"}
    acting.act_on_many(deed="hide", digests=[candidate.digest], **said)
    back = acting.act_on_many(deed="restore", digests=[candidate.digest], **said)
    report(candidate, member)
    acting.undo(batch=back.batch, by=moderator)
    assert Report.objects.get().answer.action == "hidden"


def test_many_are_hidden_together_and_taken_back_together(moderator):
    round_ = RoundFactory()
    pictures = [publish(round_, n) for n in range(5)]
    digests = [picture.digest for picture in pictures]
    done = acting.act_on_many(deed="hide", digests=digests, by=moderator, reason="spam")
    assert sorted(done.done) == sorted(digests)
    acting.act_on_candidate(
        deed="disqualify",
        candidate=type(pictures[0]).objects.get(pk=pictures[0].pk),
        by=moderator,
        reason="spam",
    )
    undone = acting.undo(batch=done.batch, by=moderator)
    assert sorted(undone.done) == sorted(digests[1:])  # the first was disqualified since
    with pytest.raises(acting.NothingToUndo):
        acting.undo(batch=done.batch, by=moderator)


@pytest.mark.parametrize("deed", sorted(acting.DEEDS))
def test_threat_27_nobody_without_a_role_acts(candidate, member, deed):
    with pytest.raises(RoleMissing):
        acting.act_on_candidate(deed=deed, candidate=candidate, by=member, reason="spam")
    with pytest.raises(RoleMissing):
        acting.act_on_many(deed=deed, digests=[candidate.digest], by=member, reason="spam")


def test_muted_member_posts_no_brief_and_reports_nothing(candidate, member, moderator):
    mute = sanctions.mute_member(member=member, by=moderator, reason="spam")
    with pytest.raises(Muted):
        report(candidate, member)
    with pytest.raises(Muted):
        post_brief(title="An emblem", purpose="For the door.", posted_by=member)
    sanctions.lift_sanction(sanction=mute, by=moderator)
    report(candidate, member)
    with pytest.raises(SanctionOver):
        sanctions.lift_sanction(sanction=mute, by=moderator)


def test_mute_ends_by_itself(candidate, member, moderator):
    mute = sanctions.mute_member(member=member, by=moderator, reason="spam")
    mute.until = timezone.now() - timedelta(seconds=1)
    mute.save()
    report(candidate, member)


def test_third_strike_mutes(member, moderator):
    for _ in range(rules.STRIKES_TO_MUTE - 1):
        sanctions.strike_member(member=member, by=moderator, reason="spam")
    sanctions.check_not_muted(member)
    sanctions.strike_member(member=member, by=moderator, reason="spam")
    with pytest.raises(Muted):
        sanctions.check_not_muted(member)


def test_threat_27_ban_takes_two_and_ends_all_access(wallet, browser_key, moderator, colleague):
    visitor = Visitor()
    visitor.sign_in(wallet, browser_key)
    member = Member.objects.get(address=wallet.address)
    assert MemberSession.objects.filter(member=member).exists()
    name = f"member:{member.address}"
    asked = proposals.propose(deed_name="ban", object=name, by=moderator, reason="spam")
    with pytest.raises(SamePerson):
        proposals.confirm(proposal=asked, by=moderator)
    assert Member.objects.get(pk=member.pk).is_active
    proposals.confirm(proposal=asked, by=colleague)
    assert not Member.objects.get(pk=member.pk).is_active
    assert not MemberSession.objects.filter(member=member).exists()
    assert not Delegation.objects.filter(key__member=member, revoked_at=None).exists()
    assert visitor.client.get("/api/v1/me").status_code == 401


def test_staff_are_not_sanctioned(moderator, colleague):
    for act in (sanctions.strike_member, sanctions.mute_member, sanctions.ban_member):
        with pytest.raises(RoleMissing):
            act(member=colleague, by=moderator, reason="spam")


def test_appeal_is_answered_by_somebody_else(member, moderator, colleague):
    mute = sanctions.mute_member(member=member, by=moderator, reason="spam")
    made = appeals.appeal_sanction(sanction=mute, member=member, text="It was not me.")
    with pytest.raises(AppealedBefore):
        appeals.appeal_sanction(sanction=mute, member=member, text="Really.")
    with pytest.raises(SamePerson):
        appeals.answer_appeal(appeal=made, by=moderator, answer="It was.", lift=False)
    with pytest.raises(IntegrityError), transaction.atomic():
        Appeal.objects.filter(pk=made.pk).update(answered_by=moderator)
    appeals.answer_appeal(appeal=made, by=colleague, answer="True. Sorry.", lift=True)
    sanctions.check_not_muted(member)
    with pytest.raises(AppealedBefore):
        appeals.answer_appeal(appeal=made, by=colleague, answer="Again.", lift=False)


def test_appeal_of_a_ban_takes_a_senior_apart(member, moderator, colleague, senior):
    given = ban(member, moderator, colleague)
    made = appeals.appeal_sanction(sanction=given, member=member, text="It was not me.")
    for by, error in ((moderator, RoleMissing), (colleague, RoleMissing)):
        with pytest.raises(error):
            appeals.answer_appeal(appeal=made, by=by, answer="No.", lift=False)
    appeals.answer_appeal(appeal=made, by=senior, answer="You are right.", lift=True)
    assert Member.objects.get(pk=member.pk).is_active
    assert ModerationAction.objects.order_by("-number").first().action == "lifted"


def test_senior_who_confirmed_a_ban_does_not_answer_its_appeal(member, moderator, senior):
    made = appeals.appeal_sanction(
        sanction=ban(member, moderator, senior), member=member, text="It was not me."
    )
    with pytest.raises(SamePerson):
        appeals.answer_appeal(appeal=made, by=senior, answer="No.", lift=True)


def test_nobody_appeals_what_is_somebody_elses(member, moderator):
    mute = sanctions.mute_member(member=member, by=moderator, reason="spam")
    with pytest.raises(SanctionOver):
        appeals.appeal_sanction(sanction=mute, member=MemberFactory(), text="Let them.")
