"""From votes to labels and weights."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from generation.preferences import rules
from generation.preferences.rules import Pairing, Vote

TIE = 1


def vote(number: int, chosen: str = "a", *, outcome: int = 0, weight: float = 1.0, **more) -> Vote:
    facts = {"voter": number, "round_id": 1, "prompt": "fish", "low": "a", "high": "b"} | more
    return Vote(ballot=f"{number:02}", chosen=chosen, outcome=outcome, weight=weight, **facts)


def one(votes: list[Vote]) -> Pairing:
    [found] = rules.pairings(votes)
    return found


@pytest.mark.parametrize(
    ("votes", "label", "chosen"),
    [
        ([vote(1)], 2 / 3, "a"),
        ([vote(1, "b")], 2 / 3, "b"),
        ([vote(1), vote(2)], 3 / 4, "a"),
        ([vote(1), vote(2, "b")], 1 / 2, "a"),
        ([vote(1, outcome=TIE)], 1 / 2, "a"),
        ([vote(1), vote(2, outcome=TIE)], 2.5 / 4, "a"),
        ([vote(1, weight=3.0), vote(2, "b")], 4 / 6, "a"),
        ([vote(1, weight=0.5), vote(2, "b", weight=2.5)], 3.5 / 5, "b"),
    ],
)
def test_label_is_the_posterior_mean_under_a_uniform_prior(votes, label, chosen):
    row = one(votes)
    assert (row.label, row.chosen) == (pytest.approx(label), chosen)
    assert row.rejected == ({"a", "b"} - {chosen}).pop()


def test_weight_is_the_sum_of_capped_weights_and_every_ballot_is_named():
    row = one([vote(2, weight=0.25), vote(1, "b", weight=1.5)])
    assert row.weight == 1.75
    assert row.ballots == ("01", "02")


def test_order_of_ballots_changes_no_bit():
    rng = random.Random(5)
    votes = [
        vote(n, rng.choice("ab"), weight=rng.random(), outcome=rng.choice([0, 0, TIE]))
        if n % 2
        else vote(n, rng.choice("cd"), weight=rng.random(), low="c", high="d")
        for n in range(60)
    ]
    expected = rules.pairings(votes)
    for _ in range(5):
        rng.shuffle(votes)
        assert rules.pairings(votes) == expected


def test_the_same_pair_of_two_rounds_is_two_rows():
    assert len(rules.pairings([vote(1), replace(vote(2), round_id=2)])) == 2


def row(number: int, **changes: object) -> Pairing:
    made = Pairing(number, "fish", f"{number}a", f"{number}b", 0.75, 1.0, (f"{number}",))
    return replace(made, **changes)


def test_mean_weight_is_one_and_ratios_stay():
    rows = rules.scaled([row(1, weight=0.5), row(2, weight=1.5), row(3, weight=4.0)])
    assert sum(each.weight for each in rows) == pytest.approx(3)
    assert rows[2].weight / rows[0].weight == pytest.approx(8)
    assert rules.scaled([]) == []


def test_replay_is_no_more_than_what_is_new_and_weighs_half():
    earlier = [row(number) for number in range(40)]
    drawn = rules.replayed(earlier, new_count=10, seed="round 9")
    assert len(drawn) == 10
    assert {each.weight for each in drawn} == {0.5}
    assert all(each.replayed for each in drawn)
    shuffled = random.Random(1).sample(earlier, len(earlier))
    assert rules.replayed(shuffled, new_count=10, seed="round 9") == drawn
    assert rules.replayed(earlier, new_count=10, seed="round 8") != drawn
    assert rules.replayed(earlier, new_count=0, seed="round 9") == []


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"labels": [], "voters_count": 0, "effective": 0.0}, "No ballot compares"),
        ({"voters_count": 1}, "Only 1 of the 3 voters"),
        ({"voters_count": 2}, "Only 2 of the 3 voters"),
        ({"labels": [0.5] * 9}, "Every pair is a tie"),
        ({"effective": 3.9}, "are worth 3.9 of equal weight"),
        ({}, ""),
    ],
)
def test_what_nothing_can_be_learned_from_is_said(facts, words):
    fit = {"labels": [0.75, 0.5] * 5, "voters_count": 3, "effective": 8.0, "left_out": 2}
    said = rules.why_not_learned(**(fit | facts))
    assert words in said
    assert bool(said) == bool(words)


def test_effective_count_is_kishs():
    assert rules.effective_count([1.0] * 7) == pytest.approx(7)
    assert rules.effective_count([1.0, 0.0]) == 1
    assert rules.effective_count([]) == 0
