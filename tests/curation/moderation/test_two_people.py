"""Two people for winners, bans and money; roles; nobody does it alone or late."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from curation.galleries.services import close_round
from curation.models import Candidate, Member, ModerationAction, Proposal
from curation.moderation import acting, proposals, roles
from curation.moderation.errors import DeedUnknown, ProposalOver, RoleMissing, SamePerson, TwoNeeded
from tests.factories import StandingFactory, TallyFactory


def won(candidate: Candidate) -> Candidate:
    close_round(round_=candidate.round)
    tally = TallyFactory(round=candidate.round)
    StandingFactory(tally=tally, candidate=candidate, rank=1, share_bps=10_000)
    return candidate


@pytest.fixture
def winner(candidate) -> Candidate:
    return won(candidate)


def ask(by, candidate, deed="hide") -> Proposal:
    name = f"candidate:{candidate.digest}"
    return proposals.propose(deed_name=deed, object=name, by=by, reason="rights")


def status(candidate) -> str:
    return Candidate.objects.get(pk=candidate.pk).status


@pytest.mark.parametrize("deed", ["hide", "disqualify"])
def test_threat_27_no_one_takes_a_winner_down_alone(winner, moderator, colleague, deed):
    with pytest.raises(TwoNeeded):
        acting.act_on_candidate(deed=deed, candidate=winner, by=moderator, reason="rights")
    outcome = acting.act_on_many(deed=deed, digests=[winner.digest], by=moderator, reason="rights")
    (asked,) = outcome.proposed
    assert status(winner) == "published"
    with pytest.raises(SamePerson):
        proposals.confirm(proposal=asked, by=moderator)
    assert status(winner) == "published"
    proposals.confirm(proposal=asked, by=colleague)
    assert status(winner) == {"hide": "hidden", "disqualify": "disqualified"}[deed]
    told = ModerationAction.objects.filter(object=f"candidate:{winner.digest}").order_by("number")
    assert [row.action for row in told][:2] == ["proposed", "confirmed"]
    assert [row.actor for row in told] == [moderator, colleague, moderator]


def test_threat_27_taking_a_restored_winner_down_again_takes_two(candidate, moderator, colleague):
    many = {"digests": [candidate.digest], "by": moderator, "reason": "rights"}
    acting.act_on_many(deed="hide", **many)
    batch = acting.act_on_many(deed="restore", **many).batch  # while the round is open
    won(candidate)
    outcome = acting.undo(batch=batch, by=moderator)
    assert (outcome.done, status(candidate)) == ([], "published")
    (asked,) = outcome.proposed
    with pytest.raises(acting.NothingToUndo):
        acting.undo(batch=batch, by=moderator)  # it waits already
    proposals.confirm(proposal=asked, by=colleague)
    assert status(candidate) == "hidden"


def test_threat_27_database_itself_refuses_one_person_as_two(winner, moderator):
    asked = ask(moderator, winner)
    rows = Proposal.objects.filter(pk=asked.pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(status="confirmed", decided_by=moderator)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(status="confirmed", decided_by=None)


def test_proposal_expires(winner, moderator, colleague):
    asked = ask(moderator, winner)
    Proposal.objects.filter(pk=asked.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(ProposalOver):
        proposals.confirm(proposal=asked, by=colleague)
    assert status(winner) == "published"
    assert not proposals.waiting().exists()
    ask(moderator, winner)  # it may be proposed anew


def test_proposal_is_decided_once_and_waits_once(winner, moderator, colleague, senior):
    asked = ask(moderator, winner)
    with pytest.raises(ProposalOver):
        ask(colleague, winner)
    proposals.decline(proposal=asked, by=colleague)
    with pytest.raises(ProposalOver):
        proposals.confirm(proposal=asked, by=senior)
    assert status(winner) == "published"


def test_confirmation_that_cannot_be_done_is_none(winner, moderator, colleague):
    asked = ask(moderator, winner)
    Candidate.objects.filter(pk=winner.pk).update(status="disqualified")
    with pytest.raises(Exception, match="cannot go"):
        proposals.confirm(proposal=asked, by=colleague)
    assert Proposal.objects.get(pk=asked.pk).status == "waiting"


@pytest.mark.parametrize("deed", ["cancel_round", "veto_result"])
def test_threat_27_money_takes_two_operators(candidate, moderator, senior, operator, deed):
    name = f"round:{candidate.round_id}"
    for by in (moderator, senior):
        with pytest.raises(RoleMissing):
            proposals.propose(deed_name=deed, object=name, by=by, reason="other")
    asked = proposals.propose(deed_name=deed, object=name, by=operator, reason="other")
    with pytest.raises(RoleMissing):
        proposals.confirm(proposal=asked, by=senior)
    with pytest.raises(SamePerson):
        proposals.confirm(proposal=asked, by=operator)


@pytest.mark.parametrize(
    ("deed", "name"),
    [
        ("ban", "candidate:" + "0" * 64),
        ("cancel_round", "member:0x" + "0" * 40),
        ("burn", "round:1"),
        ("cancel_round", "round:abc"),
        ("cancel_round", "round:-1"),
        ("veto_result", "round:" + "9" * 40),
        ("veto_result", "round:٣"),
        ("hide", "candidate:"),
        ("ban", "member"),
    ],
)
def test_deed_is_done_to_what_it_is_made_for(operator, deed, name):
    with pytest.raises(DeedUnknown):
        proposals.propose(deed_name=deed, object=name, by=operator, reason="other")
    assert not Proposal.objects.exists()


def test_each_role_may_do_what_those_before_it_may(moderator, senior, operator, member):
    order = [member, moderator, senior, operator]
    ranks = [[roles.has_role(who, role) for role in roles.ORDER] for who in order]
    assert ranks == [
        [False, False, False],
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


def test_role_is_granted_and_taken_from_the_shell_and_logged(member, capsys):
    call_command("grant_role", member.address, "senior")
    assert roles.role_of(Member.objects.get(pk=member.pk)) == "senior"
    call_command("take_role", member.address)
    assert roles.role_of(Member.objects.get(pk=member.pk)) is None
    told = ModerationAction.objects.order_by("number").values_list("action", "before", "after")
    assert list(told) == [
        ("role_granted", {"role": None}, {"role": "senior"}),
        ("role_taken", {"role": "senior"}, {"role": None}),
    ]
    with pytest.raises(CommandError, match="has no role"):
        call_command("take_role", member.address)


@pytest.mark.parametrize(
    ("deed", "object_"), [("hide", "candidate:" + "0" * 64), ("ban", "member:0x" + "0" * 40)]
)
def test_what_is_not_there_is_refused_in_words(moderator, colleague, deed, object_):
    asked = proposals.propose(deed_name=deed, object=object_, by=moderator, reason="spam")
    with pytest.raises(DeedUnknown, match="There is no"):
        proposals.confirm(proposal=asked, by=colleague)
    asked.refresh_from_db()
    assert asked.status == "waiting"
