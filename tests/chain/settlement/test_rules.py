from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.settlement.errors import TooLate
from chain.settlement.rules import Times, round_times

OPENED = datetime(2030, 1, 1, tzinfo=UTC)


def times(
    minutes: float, *, late_s: float = 0, ahead_s: float = 0, challenge_s: int = 300
) -> Times:
    return round_times(
        opened_at=OPENED,
        closes_at=OPENED + timedelta(minutes=minutes),
        chain_now=OPENED + timedelta(seconds=late_s + ahead_s),
        ahead_s=ahead_s,
        result_within=timedelta(hours=24),
        challenge_s=challenge_s,
    )


@pytest.mark.parametrize(
    ("minutes", "lead_s"), [(1, 6), (10, 60), (60, 360), (100, 600), (1440, 600), (43_200, 600)]
)
def test_staking_ends_a_tenth_before_the_close_and_at_most_ten_minutes(minutes, lead_s):
    close = int(OPENED.timestamp()) + minutes * 60
    assert times(minutes) == Times(close - lead_s, close - lead_s, close + 86_400, 300)


def test_short_round_ends_staking_five_seconds_before_its_close():
    assert times(0.5).staking_deadline == int(OPENED.timestamp()) + 25


def test_round_with_no_time_left_to_stake_is_not_opened():
    assert times(10, late_s=519)
    with pytest.raises(TooLate):
        times(10, late_s=521)


def test_times_follow_the_clock_of_the_chain():
    here, there = times(60), times(60, ahead_s=5000)
    assert there.staking_deadline == here.staking_deadline + 5000
    assert there.result_deadline == here.result_deadline + 5000


def test_challenge_time_stays_within_what_the_contract_takes():
    assert times(60, challenge_s=10**9).challenge_s == 14 * 86_400


@given(
    minutes=st.integers(1, 60 * 24 * 30),
    late_s=st.floats(0, 10**6),
    ahead_s=st.floats(-(10**6), 10**6),
)
def test_threat_12_doors_close_in_order_and_before_the_round(minutes, late_s, ahead_s):
    try:
        found = times(minutes, late_s=late_s, ahead_s=ahead_s)
    except TooLate:
        assert late_s > minutes * 60 * 0.9 - 26
        return
    now = OPENED.timestamp() + late_s + ahead_s
    close = OPENED.timestamp() + minutes * 60 + ahead_s
    assert now < found.anchor_deadline <= found.staking_deadline <= close - 5
    assert close < found.result_deadline <= now + 90 * 86_400
