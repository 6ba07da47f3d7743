"""How much one member may ask for."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from curation.briefs.errors import BriefInvalid, TooManyBriefs
from curation.briefs.rules import ACTIVE_MOST, MEMBERS, POSTED_MOST
from curation.briefs.services import complete_brief, post_brief, withdraw_brief
from curation.models import Brief, Member
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def post(member, words, **more):
    return post_brief(posted_by=member, **words | more)


def post_and_end(member, words, count):
    for _ in range(count):
        complete_brief(brief=post(member, words))


def test_a_members_brief_is_theirs(member, words):
    brief = post(member, words, palette=["navy", "gold"])
    kept = Brief.objects.get(pk=brief.pk)
    assert kept.posted_by == member
    assert kept.palette == ["navy", "gold"]


def test_fourth_active_brief_is_refused_until_one_ends(member, other, words):
    briefs = [post(member, words) for _ in range(ACTIVE_MOST)]
    with pytest.raises(TooManyBriefs, match="as soon as one of them") as refused:
        post(member, words)
    assert refused.value.again_at is None
    assert refused.value.retry_after_s is None
    post(other, words)
    withdraw_brief(brief=briefs[0], by=member)
    post(member, words)


def test_eleventh_brief_of_a_day_is_refused_with_the_time_to_come_back(member, words):
    post_and_end(member, words, POSTED_MOST)
    first = Brief.objects.earliest("created_at")
    with pytest.raises(TooManyBriefs, match=r"again on \d+ \w+ at \d\d:\d\d UTC") as refused:
        post(member, words)
    assert refused.value.again_at == first.created_at + timedelta(hours=24)
    assert 24 * 3600 - 60 < refused.value.retry_after_s <= 24 * 3600
    Brief.objects.filter(pk=first.pk).update(created_at=timezone.now() - timedelta(hours=24))
    post(member, words)


def test_the_house_posts_as_much_as_it_likes(words):
    for _ in range(POSTED_MOST + 2):
        post_brief(**words, rounds_planned=100, candidates_per_round=5000, round_minutes=1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"rounds_planned": MEMBERS.rounds[1] + 1},
        {"rounds_planned": 0},
        {"candidates_per_round": MEMBERS.candidates[1] + 1},
        {"candidates_per_round": 3},
        {"round_minutes": MEMBERS.minutes[0] - 1},
        {"round_minutes": MEMBERS.minutes[1] + 1},
        {"palette": ["navy", "<script>"]},
        {"palette": ["navy"] * 9},
        {"deadline": timezone.now() + timedelta(days=366)},
    ],
)
def test_members_are_held_to_tighter_bounds(member, words, wrong):
    with pytest.raises(BriefInvalid):
        post(member, words, **wrong)
    assert not Brief.objects.exists()


def test_deadline_that_does_not_say_where_is_taken_as_utc(words):
    naive = (timezone.now() + timedelta(hours=2)).replace(tzinfo=None)
    assert post_brief(**words, deadline=naive).deadline.utcoffset() == timedelta(0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("count", "ended"), [(50, 0), (50, POSTED_MOST - 1), (10, 0)])
def test_fifty_posts_at_once_stay_within_the_limits(member, words, count, ended):
    """Neither as the fourth active brief nor as the eleventh of a day does one slip through."""
    post_and_end(member, words, ended)
    results = at_once(count, lambda _: post(member, words))
    kinds = Counter(type(result) for result in results)
    fit = min(ACTIVE_MOST, POSTED_MOST - ended)
    assert kinds == {Brief: fit, TooManyBriefs: count - fit}
    assert Brief.objects.filter(status="active").count() == fit


@pytest.mark.django_db(transaction=True)
def test_members_do_not_wait_for_each_other(words):
    members = [Member.objects.create_user(f"0x{n:040x}") for n in range(1, 9)]
    results = at_once(8, lambda n: post(members[n], words))
    assert {brief.posted_by_id for brief in results} == {member.pk for member in members}
