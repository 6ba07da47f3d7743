"""What a reputation is made of."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.reputations import rules
from curation.reputations.rules import Needs, Record

HOUR = timedelta(hours=1)
NEEDS = Needs(24 * HOUR, 10)
OLD = 1000 * HOUR
CAREFUL = Record(gold_answered=10, gold_passed=10, agreed=90, disagreed=10)


def value(record: Record, age: timedelta = OLD, needs: Needs = NEEDS) -> float:
    return rules.value(record, age=age, needs=needs)


def test_value_in_closed_form() -> None:
    # p̂ = (10 + 1) ÷ (10 + 2), η = 90 ÷ 100
    assert value(CAREFUL) == pytest.approx((2 * 11 / 12 - 1) * 0.8)
    asked_again = replace(CAREFUL, repeats_answered=4, repeats_agreed=3)
    assert value(asked_again) == pytest.approx((2 * (10 + 1.5 + 1) / (10 + 2 + 2) - 1) * 0.8)


def test_reputation_is_zero_until_the_account_is_old_enough_and_has_answered_enough() -> None:
    assert value(CAREFUL, age=24 * HOUR) > 0
    assert value(CAREFUL, age=24 * HOUR - timedelta(seconds=1)) == 0
    assert value(replace(CAREFUL, gold_answered=9, gold_passed=9)) == 0
    on_trial = Needs(timedelta(), 3)
    assert value(Record(gold_answered=3, gold_passed=3), timedelta(), on_trial) > 0.4
    assert value(Record(gold_answered=2, gold_passed=2), timedelta(), on_trial) == 0


def test_eye_no_better_than_a_coin_has_no_reputation() -> None:
    assert value(replace(CAREFUL, gold_passed=5)) == 0
    assert value(replace(CAREFUL, gold_passed=0)) == 0
    assert value(replace(CAREFUL, agreed=5, disagreed=6)) == 0


counts = st.integers(0, 50)
shares = st.floats(0, 1)


@st.composite
def records(draw) -> Record:
    answered, repeats = draw(counts), draw(counts)
    return Record(
        gold_answered=answered,
        gold_passed=answered * draw(shares),
        repeats_answered=repeats,
        repeats_agreed=repeats * draw(shares),
        agreed=draw(st.floats(0.1, 1e4)),
        disagreed=draw(st.floats(0.1, 1e4)),
    )


@given(records())
def test_value_is_a_share_and_grows_with_every_test_passed(record) -> None:
    assert 0 <= value(record) <= 1
    better = replace(
        record,
        gold_answered=record.gold_answered + 1,
        gold_passed=record.gold_passed + 1,
        agreed=record.agreed + 1,
    )
    assert value(better) >= value(record)


@pytest.mark.parametrize(
    ("now", "before", "agree"),
    [
        ((0, "a"), (0, "a"), 1),
        ((0, "a"), (0, "b"), 0),
        ((1, "a"), (0, "a"), 0.5),
        ((0, "b"), (1, "a"), 0.5),
        ((1, "a"), (1, "a"), 1),
    ],
)
def test_agreement_with_an_earlier_answer(now, before, agree) -> None:
    assert rules.agreement(now, before) == agree


def test_tie_on_a_gold_pair_is_half_passed() -> None:
    assert [rules.passed(answer, "b") for answer in ((0, "b"), (0, "a"), (1, "a"))] == [1, 0, 0.5]


def test_reasons_say_in_words_why() -> None:
    young = rules.reasons(Record(gold_answered=1, gold_passed=1), age=1.5 * HOUR, needs=NEEDS)
    assert young[0] == "Your account is 1 hour old; votes count after 24."
    assert young[1].startswith("You have answered 1 of the 10 test pairs it takes.")
    assert young[2:] == ["You passed 1 of 1 test pair."]
    known = replace(CAREFUL, gold_passed=8.5, repeats_answered=4, repeats_agreed=3)
    assert rules.reasons(known, age=OLD, needs=NEEDS) == [
        "You passed 8.5 of 10 test pairs.",
        "Asked again, you chose as before in 3 of 4 cases.",
        "Going by the rounds counted so far, 90 of 100 of your choices hold.",
    ]


def test_whoever_passes_fewer_than_four_in_five_gold_pairs_weighs_nothing():
    eight = replace(CAREFUL, gold_answered=10, gold_passed=8)
    assert value(eight) > 0
    assert value(replace(eight, gold_passed=7.5)) == 0
    assert any(
        "from 80% on" in said
        for said in rules.reasons(replace(eight, gold_passed=7.5), age=OLD, needs=NEEDS)
    )
