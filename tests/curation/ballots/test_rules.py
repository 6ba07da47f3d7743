"""What a ballot may say, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.ballots import errors, rules
from curation.ballots.typed import BallotFields

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
LOW, HIGH = "0a" * 32, "b0" * 32
FIELDS = BallotFields(
    voter="0x5FbDB2315678afecb367f032d93F642f64180aa3",
    round=1,
    chosen=HIGH,
    rejected=LOW,
    outcome=0,
    nonce=1,
    issued_at=0,
)


@given(st.integers(0, 2**256 - 1))
def test_a_number_is_read_from_an_integer_or_a_decimal_string(value) -> None:
    assert rules.number(value, name="nonce") == rules.number(str(value), name="nonce") == value


NO_NUMBERS = [
    *(-1, 2**256, 10**300, True, False, 1.0, 1.5, float("nan"), float("inf"), None, [], {}, b"1"),
    *("", "-1", "+1", "01", " 1", "1 ", "1.0", "1e3", "0x10", "१", "²", "1_000", str(2**256)),
    *("9" * 78, "9" * 300, "1\n", "1\0", "NaN"),
]


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda v: repr(v)[:12])
def test_what_is_no_word_is_refused_in_words(value) -> None:
    with pytest.raises(errors.BallotMalformed, match="nonce must be a whole number"):
        rules.number(value, name="nonce")


@given(st.binary(min_size=32, max_size=32))
def test_a_digest_is_read_with_and_without_0x_in_either_case(raw) -> None:
    for text in (raw.hex(), "0x" + raw.hex(), raw.hex().upper(), "0x" + raw.hex().upper()):
        assert rules.digest(text, name="chosen") == raw.hex()


@pytest.mark.parametrize(
    "value",
    ["", "0x", "aa", "g" * 64, "a" * 63, "a" * 65, "0X" + "a" * 64, None, 5, "a" * 64 + "\n"],
)
def test_what_is_no_digest_is_refused(value) -> None:
    with pytest.raises(errors.BallotMalformed, match="chosen"):
        rules.digest(value, name="chosen")


def test_a_voter_may_be_spelled_in_lower_case_but_not_with_a_wrong_checksum() -> None:
    spelled = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
    assert rules.address(spelled.lower()) == rules.address(spelled) == spelled
    for wrong in (spelled.replace("F", "f", 1), spelled[2:], spelled[:-1], "", None, 7):
        with pytest.raises(errors.BallotMalformed, match="voter"):
            rules.address(wrong)


def test_a_ballot_is_a_preference_a_tie_or_withdrawn() -> None:
    rules.check_fields(FIELDS)
    rules.check_fields(replace(FIELDS, outcome=2))
    rules.check_fields(replace(FIELDS, outcome=1, chosen=LOW, rejected=HIGH))
    for changes in ({"outcome": 3}, {"outcome": 255}, {"outcome": 1}, {"rejected": HIGH}):
        with pytest.raises(errors.BallotMalformed):
            rules.check_fields(replace(FIELDS, **changes))


def test_a_ballot_is_dated_within_its_round_give_or_take_a_minute() -> None:
    opened_at, now = NOON, NOON + timedelta(hours=1)

    def check(at: datetime) -> None:
        rules.check_times(issued_at=int(at.timestamp()), opened_at=opened_at, now=now)

    check(opened_at - timedelta(seconds=60))
    check(now + timedelta(seconds=60))
    with pytest.raises(errors.BallotStale):
        check(opened_at - timedelta(seconds=61))
    with pytest.raises(errors.BallotFromFuture):
        check(now + timedelta(seconds=61))
    with pytest.raises(errors.BallotFromFuture):  # in milliseconds, say
        rules.check_times(issued_at=2**256 - 1, opened_at=opened_at, now=now)


def test_grace_lasts_sixty_seconds_to_the_microsecond() -> None:
    end = NOON + timedelta(seconds=60)
    assert not rules.grace_is_over(first_at=NOON, now=end)
    assert rules.grace_is_over(first_at=NOON, now=end + timedelta(microseconds=1))
