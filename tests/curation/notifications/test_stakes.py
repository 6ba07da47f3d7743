"""Stakers and funders are told how a round ended: by what is final, once, with their sums."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from curation.models import ChainRound, Member, Notification, StakesTold
from curation.notifications import stakes
from curation.notifications.lines import notifications_page
from curation.notifications.stakes import tell_of_ended_stakes
from curation.stakes.terms import Terms
from tests.curation.stakes.chains import WHOLE, Play, decide, fund, note, round_with, stake
from tests.factories import MemberFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("terms")]
ALL = 10**9  # every block is final


@pytest.fixture
def terms(settings, monkeypatch) -> None:
    settings.STAKING_TERMS = f"{Play.__module__}.play_terms"
    monkeypatch.setattr(Play, "terms", Terms(smallest_wei=WHOLE))


@pytest.fixture
def members() -> list[Member]:
    return [MemberFactory() for _ in range(3)]


def told() -> list[tuple[int, str, dict]]:
    rows = Notification.objects.order_by("member", "pk")
    return list(rows.values_list("member", "kind", "facts"))


def swept(**known: Any) -> int:
    """The sweep, by an indexer that has followed everything unless said otherwise."""
    return tell_of_ended_stakes(**({"final_block": ALL, "final_at": timezone.now()} | known))


def staked(members, *, state: str):
    """Two stakes on the first picture, one on the second, a pool of 100; the first picture won."""
    round_ = round_with(2)
    first, second, third = members
    stake(round_, 0, first.address, 30)
    stake(round_, 1, first.address, 5)
    stake(round_, 0, second.address, 10)
    stake(round_, 1, third.address, 7)
    fund(round_, third.address, 100)
    decide(round_, 6000, state=state)
    return round_


def test_a_settled_round_tells_who_won_what_and_what_came_back(members):
    round_ = staked(members, state="settled")
    ChainRound.objects.filter(pk=round_.pk).update(returned_wei=40 * WHOLE)
    note("settled", round_)
    assert swept() == 1
    first, second, third = (member.pk for member in members)
    assert told() == [
        (first, "stake_won", {"staked_wei": str(35 * WHOLE), "earned_wei": str(45 * WHOLE)}),
        (second, "stake_won", {"staked_wei": str(10 * WHOLE), "earned_wei": str(15 * WHOLE)}),
        (third, "stake_lost", {"staked_wei": str(7 * WHOLE), "earned_wei": "0"}),
        (third, "pool_refund", {"refund_wei": str(40 * WHOLE)}),
    ]
    (won,) = notifications_page(members[1]).lines
    assert won.text == (
        f"Your stake won 15 SALON in round 1 of “{round_.brief}”. It can be taken out with the "
        "10 SALON you staked."
    )
    assert won.url == "/stakes/"


@pytest.mark.parametrize("late", [False, True])
def test_a_round_without_a_result_gives_everything_back(members, late):
    round_ = staked(members, state="open" if late else "refundable")
    passed = timezone.now() - timedelta(minutes=6)
    ChainRound.objects.filter(pk=round_.pk).update(result_deadline=passed)
    if late:  # a result may be in a block that the indexer has not read
        assert swept(final_at=None) == swept(final_at=passed - timedelta(seconds=1)) == 0
    assert swept(final_at=passed) == 1
    kinds = [(member, kind) for member, kind, _ in told()]
    first, second, third = (member.pk for member in members)
    assert kinds == [
        *((pk, "stake_refund") for pk in (first, second, third)),
        (third, "pool_refund"),
    ]


@pytest.mark.parametrize("state", ["open", "proposed"])
def test_nobody_hears_of_a_round_that_goes_on(members, state):
    staked(members, state=state)
    assert swept() == 0
    assert told() == []


def test_what_a_reorg_can_take_back_is_told_later(members):
    round_ = staked(members, state="settled")
    block = note("settled", round_).block_number
    assert swept(final_block=block - 1) == 0
    assert swept(final_block=block) == 1
    assert len(told()) == 3


def test_a_round_is_told_once_even_if_its_notifications_were_forgotten(members):
    staked(members, state="settled")
    assert swept() == 1
    Notification.objects.all().delete()
    assert swept() == 0
    assert told() == []


def test_a_process_that_dies_meanwhile_tells_everybody_at_the_next_try(members, monkeypatch):
    staked(members, state="settled")
    tell, calls = stakes.notify_member, []

    def dying(**said: object) -> None:
        if calls:
            raise KeyboardInterrupt
        calls.append(tell(**said))

    with monkeypatch.context() as patch:
        patch.setattr(stakes, "notify_member", dying)
        with pytest.raises(KeyboardInterrupt):
            swept()
    assert (told(), StakesTold.objects.count()) == ([], 0)
    assert swept() == 1
    assert len(told()) == 3


def test_without_contracts_nobody_is_told(members, monkeypatch):
    staked(members, state="settled")
    monkeypatch.setattr(Play, "terms", None)
    assert swept() == 0
