"""What votes on twins come to."""

from __future__ import annotations

import random

import pytest

from generation.challenges import rules
from generation.challenges.rules import Answer, counted, terms_for
from generation.learning.sequential import Verdict


def answers(rate: float, voters: int, each: int, seed: int = 3) -> list[Answer]:
    rng = random.Random(seed)
    told = [Answer(f"v{n}", float(rng.random() < rate)) for n in range(voters) for _ in range(each)]
    rng.shuffle(told)
    return told


def test_a_clear_favourite_is_promoted_by_few_frequent_voters():
    count = counted(answers(0.9, 12, 4), terms=terms_for(12), rounds=1)
    assert count.verdict is Verdict.PROMOTE
    assert count.wins + count.losses == 48
    assert "were preferred" in rules.why(count)


def test_a_worse_one_is_rejected_early():
    count = counted(answers(0.2, 12, 4), terms=terms_for(12), rounds=1)
    assert count.verdict is Verdict.REJECT
    assert "not preferred" in rules.why(count)


def test_one_voter_with_a_hundred_votes_decides_nothing():
    count = counted(answers(1.0, 1, 100), terms=terms_for(1), rounds=1)
    assert count.verdict is Verdict.GO_ON
    assert count.voters == 1


@pytest.mark.parametrize(("score", "name"), [(0.5, "ties"), (1.0, "wins"), (0.0, "losses")])
def test_votes_are_told_by_kind(score, name):
    count = counted([Answer("a", score)], terms=terms_for(100), rounds=1)
    told = {"wins": count.wins, "losses": count.losses, "ties": count.ties}
    assert told == {"wins": 0, "losses": 0, "ties": 0} | {name: 1}


def test_what_nobody_can_tell_is_given_up_after_the_last_round():
    told = [Answer(f"v{n}", float(n % 2)) for n in range(20)]
    terms = terms_for(100)
    assert counted(told, terms=terms, rounds=rules.MOST_ROUNDS - 1).verdict is Verdict.GO_ON
    last = counted(told, terms=terms, rounds=rules.MOST_ROUNDS)
    assert last.verdict is Verdict.REJECT
    assert f"After {rules.MOST_ROUNDS} rounds" in rules.why(last)


def test_counting_again_finds_the_same():
    told = answers(0.6, 20, 5)
    assert counted(told, terms=terms_for(20), rounds=2) == counted(
        told, terms=terms_for(20), rounds=2
    )
