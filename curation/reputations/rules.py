"""How a reputation follows from what a member's tests and ballots so far say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from curation.reputations.models import PRIOR_AGREED, PRIOR_DISAGREED

WINDOW = 50  # the newest test pairs that are looked at: an eye may get better, or tired
# Of the gold pairs. Who does not look passes half; by luck alone some pass more, and with much
# stake they would weigh. With less than .8 they gain more than a place of a hundred.
LEAST_PASSED = 0.8
Answer = tuple[int, str]  # a ballot's outcome and the digest it chose
TIE = 1


@dataclass(frozen=True, kw_only=True)
class Counts:
    """A voter's tests; names as in `Reputation`."""

    gold_answered: int = 0
    gold_passed: float = 0.0
    repeats_answered: int = 0
    repeats_agreed: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Record(Counts):
    """What is known of a voter's eye: their tests, and how tallies agreed with them."""

    agreed: float = PRIOR_AGREED
    disagreed: float = PRIOR_DISAGREED


@dataclass(frozen=True)
class Needs:
    """What it takes before a reputation begins."""

    age: timedelta
    gold: int


def passed(answer: Answer, expected: str) -> float:
    """What an answer to a gold pair is worth: 1, for a tie a half, 0."""
    outcome, chosen = answer
    return 0.5 if outcome == TIE else float(chosen == expected)


def agreement(now: Answer, before: Answer) -> float:
    """How far two answers to the same pair agree: 1, a half when one of them is a tie, 0."""
    if TIE in (now[0], before[0]):
        return 1.0 if now[0] == before[0] else 0.5
    return float(now[1] == before[1])


def share_passed(record: Record) -> float:
    """The share of tests a voter passes, (0, 1), a half before the first; repeats weigh half."""
    right = record.gold_passed + record.repeats_agreed / 2 + 1
    return right / (record.gold_answered + record.repeats_answered / 2 + 2)


def reliability(record: Record) -> float:
    """How often a voter prefers what the tallies find better, (0, 1) (Crowd-BT's η)."""
    return record.agreed / (record.agreed + record.disagreed)


def missing(record: Record, *, age: timedelta, needs: Needs) -> Literal["", "age", "gold"]:
    """What a reputation waits for; empty when for nothing."""
    if age < needs.age:
        return "age"
    return "gold" if record.gold_answered < needs.gold else ""


def value(record: Record, *, age: timedelta, needs: Needs) -> float:
    """The reputation, in [0, 1]: 0 before it is earned, and for whoever passes too few tests."""
    if missing(record, age=age, needs=needs) or not looks(record):
        return 0.0
    return _beyond_chance(share_passed(record)) * _beyond_chance(reliability(record))


def looks(record: Record) -> bool:
    """Whether so many gold pairs were passed that it was not luck."""
    return record.gold_passed >= LEAST_PASSED * record.gold_answered


def _beyond_chance(share: float) -> float:
    return min(1.0, max(0.0, 2 * share - 1))


def reasons(record: Record, *, age: timedelta, needs: Needs) -> list[str]:
    """Why a reputation is what it is, in sentences for its member."""
    told = []
    if age < needs.age:
        old, wanted = (int(span / timedelta(hours=1)) for span in (age, needs.age))
        told.append(f"Your account is {_counted(old, 'hour')} old; votes count after {wanted}.")
    if record.gold_answered < needs.gold:
        told.append(
            f"You have answered {record.gold_answered} of the {needs.gold} test pairs it takes. "
            "They come among the others and look like them."
        )
    if record.gold_answered:
        pairs = _counted(record.gold_answered, "test pair")
        told.append(f"You passed {record.gold_passed:g} of {pairs}.")
        if not looks(record):
            told.append(f"Votes count from {LEAST_PASSED:.0%} on; more pairs can still lift it.")
    if record.repeats_answered:
        told.append(
            f"Asked again, you chose as before in {record.repeats_agreed:g} of "
            f"{_counted(record.repeats_answered, 'case')}."
        )
    if (record.agreed, record.disagreed) != (PRIOR_AGREED, PRIOR_DISAGREED):
        share = round(100 * reliability(record))
        told.append(f"Going by the rounds counted so far, {share} of 100 of your choices hold.")
    return told


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
