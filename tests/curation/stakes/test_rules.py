import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.stakes.amounts import MOST_WEI, AmountInvalid, in_full, rounded, wei_of
from curation.stakes.models import ChainRound
from curation.stakes.rules import Phase, phase_of, refund_wei, reward_wei

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


@given(st.integers(1, MOST_WEI))
def test_an_amount_written_in_full_is_read_back_exactly(amount_wei) -> None:
    assert wei_of(in_full(amount_wei)) == amount_wei


@given(st.text(alphabet="0123456789.,eE+-x_ \n٣½", max_size=12))
def test_whatever_is_written_is_a_positive_number_of_wei_or_refused(text) -> None:
    amount_wei = None
    with suppress(AmountInvalid):
        amount_wei = wei_of(text)
    is_plain = re.fullmatch(r"[0-9]+(\.[0-9]{1,18})?", text, re.ASCII) is not None
    assert (amount_wei is not None) == (is_plain and Decimal(text) > 0)
    if amount_wei is not None:
        assert amount_wei == Decimal(text) * 10**18


def test_a_nineteenth_decimal_is_refused_whatever_it_is() -> None:
    assert wei_of("0." + "0" * 17 + "1") == 1
    for last in "01":
        with pytest.raises(AmountInvalid, match="at most 18"):
            wei_of("1." + "0" * 18 + last)


def test_more_than_there_can_be_is_refused_and_the_most_is_not() -> None:
    assert wei_of(in_full(MOST_WEI)) == MOST_WEI
    for text in (in_full(MOST_WEI + 1), "9" * 50, "1" + "0" * 300):
        with pytest.raises(AmountInvalid):
            wei_of(text)


@pytest.mark.parametrize(
    ("amount_wei", "text"),
    [
        (0, "0"),
        (1, "<0.01"),
        (10**16, "0.01"),
        (999_999_999_999_999_999, "0.99"),
        (1_500_000 * 10**18, "1,500,000"),
        (1234 * 10**18 + 5 * 10**17, "1,234.5"),
    ],
)
def test_amounts_are_shown_rounded_down(amount_wei, text) -> None:
    assert rounded(amount_wei) == text


@given(
    pool_wei=st.integers(0, 10**30),
    shares=st.lists(st.integers(1, 10_000), min_size=1, max_size=3),
    stakes=st.lists(st.integers(1, 10**27), min_size=1, max_size=6),
)
def test_rewards_never_add_up_to_more_than_the_pool(pool_wei, shares, stakes) -> None:
    shares = [share * 10_000 // sum(shares) for share in shares]
    behind_wei = sum(stakes)
    paid = sum(
        reward_wei(pool_wei=pool_wei, share_bps=bps, staked_wei=mine, behind_wei=behind_wei)
        for bps in shares
        for mine in stakes
    )
    assert paid <= pool_wei


def test_a_winner_nobody_is_behind_earns_nobody_anything() -> None:
    assert reward_wei(pool_wei=10**18, share_bps=10_000, staked_wei=0, behind_wei=0) == 0
    assert refund_wei(funded_wei=5, pool_wei=0, returned_wei=0) == 0
    assert refund_wei(funded_wei=50, pool_wei=100, returned_wei=30) == 15


def chain_round(state: str = "open", settles_at: datetime | None = None) -> ChainRound:
    return ChainRound(
        state=state,
        staking_deadline=NOON,
        result_deadline=NOON + timedelta(hours=2),
        settles_at=settles_at,
    )


@pytest.mark.parametrize(
    ("state", "seconds", "phase"),
    [
        ("open", -1, Phase.OPEN),
        ("open", 0, Phase.JUDGING),
        ("open", 7199, Phase.JUDGING),
        ("open", 7200, Phase.REFUNDABLE),
        ("proposed", 3599, Phase.PROPOSED),
        ("proposed", 3600, Phase.DUE),
        ("proposed", 9999, Phase.DUE),
        ("settled", -1, Phase.SETTLED),
        ("refundable", -1, Phase.REFUNDABLE),
    ],
)
def test_time_alone_moves_a_round_on_to_the_second(state, seconds, phase) -> None:
    found = chain_round(state, settles_at=NOON + timedelta(hours=1))
    assert phase_of(found, NOON + timedelta(seconds=seconds)) == phase
    assert phase.is_over == (phase in {Phase.DUE, Phase.SETTLED, Phase.REFUNDABLE})
