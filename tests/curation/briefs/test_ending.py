"""How a brief is taken back, and what happens when a round opens at the same moment."""

from __future__ import annotations

import pytest

from curation.briefs.errors import BriefBusy, BriefInvalid, NotYours
from curation.briefs.selectors import may_end
from curation.briefs.services import post_brief, stop_after_this_round, withdraw_brief
from curation.galleries.services import RoundRefused, close_round, keep_rounds_going, open_round
from curation.models import Brief, Round
from curation.status import TransitionRefused
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def brief(member, words) -> Brief:
    return post_brief(posted_by=member, **words)


def test_poster_withdraws_a_brief_and_no_round_opens_any_more(brief, member):
    assert withdraw_brief(brief=brief, by=member).status == "withdrawn"
    with pytest.raises(RoundRefused):
        open_round(brief=brief)
    keep_rounds_going()
    assert not Round.objects.exists()


def test_staff_may_withdraw_a_members_brief_and_the_houses(brief, staff, words):
    withdraw_brief(brief=brief, by=staff)
    withdraw_brief(brief=post_brief(**words), by=staff)
    assert not Brief.objects.filter(status="active").exists()


def test_nobody_else_may_end_a_brief(brief, other, words):
    house = post_brief(**words)
    for target in (brief, house):
        assert not may_end(target, other)
        for end in (withdraw_brief, stop_after_this_round):
            with pytest.raises(NotYours):
                end(brief=target, by=other)
    assert Brief.objects.filter(status="active").count() == 2


def test_brief_with_an_open_round_is_busy(brief, member):
    round_ = open_round(brief=brief)
    with pytest.raises(BriefBusy):
        withdraw_brief(brief=brief, by=member)
    close_round(round_=round_)
    withdraw_brief(brief=brief, by=member)


def test_ended_brief_cannot_be_withdrawn_again(brief, member):
    withdraw_brief(brief=brief, by=member)
    with pytest.raises(TransitionRefused):
        withdraw_brief(brief=brief, by=member)


def test_stopped_brief_is_completed_with_the_round_that_was_open(brief, member):
    round_ = open_round(brief=brief)
    stop_after_this_round(brief=brief, by=member)
    keep_rounds_going()
    assert Round.objects.get().is_open
    close_round(round_=round_)
    keep_rounds_going()
    kept = Brief.objects.get()
    assert (kept.rounds_planned, kept.status) == (1, "completed")
    assert Round.objects.count() == 1


def test_brief_without_a_round_has_none_to_stop_after(brief, member):
    with pytest.raises(BriefInvalid, match="Withdraw"):
        stop_after_this_round(brief=brief, by=member)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(6))
def test_withdrawing_races_with_opening_and_exactly_one_happens(brief, member, attempt):
    """Three of each, so that either side may come first; never a withdrawn brief at work."""

    def race(n: int) -> object:
        if n % 2 == attempt % 2:
            return open_round(brief=brief)
        return withdraw_brief(brief=brief, by=member)

    results = at_once(6, race)
    withdrawn = Brief.objects.get().status == "withdrawn"
    open_ = Round.objects.filter(status="open").count()
    assert (withdrawn, open_) in ((True, 0), (False, 1))
    refusals = [type(result) for result in results if isinstance(result, Exception)]
    assert len(refusals) == 5
    assert set(refusals) <= {BriefBusy, RoundRefused, TransitionRefused}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(4))
def test_stopping_races_with_the_next_round_and_the_plan_is_what_was_held(brief, member, attempt):
    close_round(round_=open_round(brief=brief))

    def race(n: int) -> object:
        if n:
            return stop_after_this_round(brief=brief, by=member)
        return open_round(brief=brief)

    at_once(2, race)
    assert Brief.objects.get().rounds_planned == Round.objects.count()
