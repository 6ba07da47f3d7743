"""Figures about a version, by closed form and by simulation."""

from __future__ import annotations

import math
import random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from generation.learning.errors import PreferencesInvalid
from generation.learning.evaluation import (
    guards,
    held_out_accuracy,
    noise_ceiling,
    score_change,
    split_by,
    variance_ratio,
    win_rate,
)
from generation.learning.shares import clustered_win_rate, wilson


def test_wilson_is_the_solution_of_its_equation():
    share = wilson(30, 40)
    for bound in (share.low, share.high):
        assert abs(bound - 0.75) / math.sqrt(bound * (1 - bound) / 40) == pytest.approx(1.959964)
    assert (wilson(0, 10).low, wilson(10, 10).high) == pytest.approx((0, 1))
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)
    with pytest.raises(ValueError, match="wins"):
        wilson(11, 10)


@given(st.integers(0, 60), st.integers(1, 60))
def test_an_interval_holds_its_share_and_mirrors(wins, count):
    wins = min(wins, count)
    share, mirrored = wilson(wins, count), wilson(count - wins, count)
    assert 0 <= share.low <= share.value <= share.high <= 1
    assert share.low == pytest.approx(1 - mirrored.high)


def test_a_win_rate_counts_ties_half():
    share = win_rate([1, 1, 0.5, 0])
    assert (share.value, share.count) == (0.625, 4)


def test_intervals_of_clustered_voters_hold_the_truth_though_they_repeat_themselves():
    rng, held, naive = random.Random(3), 0, 0
    for _ in range(400):
        scores = {}
        for voter in range(40):
            rate = rng.choice((0.1, 0.9))
            scores[str(voter)] = [float(rng.random() < rate) for _ in range(10)]
        share = clustered_win_rate(scores)
        held += share.low <= 0.5 <= share.high
        every = win_rate([s for votes in scores.values() for s in votes])
        naive += every.low <= 0.5 <= every.high
    assert held / 400 >= 0.93
    assert naive / 400 < 0.8


def test_clustered_voters_are_worth_no_more_than_their_votes():
    same = {str(v): [1.0, 0.0] for v in range(10)}
    assert clustered_win_rate(same).count <= 20
    assert clustered_win_rate({"a": [1.0, 1.0, 0.0]}).count == 1
    assert math.isnan(clustered_win_rate({}).value)


def test_a_split_keeps_groups_whole_and_is_the_same_every_time():
    keys = [f"voter {i % 40}" for i in range(400)]
    learned, held = split_by(keys, held_out=0.25, seed=3)
    assert sorted(learned + held) == list(range(400))
    assert not {keys[i] for i in learned} & {keys[i] for i in held}
    assert 0.1 < len(held) / 400 < 0.4
    assert split_by(keys, held_out=0.25, seed=3) == (learned, held)
    assert split_by(keys, held_out=0.25, seed=4) != (learned, held)
    assert split_by([*keys, "one more"], held_out=0.25, seed=3)[1][: len(held)] == held
    assert split_by(keys, held_out=0)[1] == []


def test_held_out_accuracy_weighs_votes_and_knows_how_many_they_are_worth():
    margin = torch.tensor([0.2, -0.1, 0.3, 5.0])
    label = torch.tensor([1.0, 1.0, 0.0, 0.5])
    share = held_out_accuracy(margin, label=label, weight=torch.ones(4))
    assert (share.value, share.count) == (pytest.approx(1 / 3), pytest.approx(3))
    heavy = held_out_accuracy(margin, label=label, weight=torch.tensor([8.0, 1.0, 1.0, 9.0]))
    assert heavy.value == pytest.approx(0.8)
    assert heavy.count < 2
    ties = held_out_accuracy(margin[3:], label=label[3:], weight=torch.ones(1))
    assert (ties.low, ties.high) == (0.0, 1.0)


def test_interval_of_a_variance_ratio_holds_the_truth_as_often_as_it_says():
    torch.manual_seed(0)
    held = 0
    for _ in range(400):
        reference, features = torch.randn(2, 4, 4, 12)
        found = variance_ratio(features * 0.9, reference)
        held += found.low <= 0.81 <= found.high
    assert 0.90 < held / 400 < 0.99


def test_the_ceiling_is_found_from_voters_who_flip_three_votes_in_ten():
    rng = random.Random(0)
    alike = sum((rng.random() < 0.7) == (rng.random() < 0.7) for _ in range(20_000))
    ceiling = noise_ceiling(alike, 20_000)
    assert ceiling.accuracy == pytest.approx(0.7, abs=0.02)
    assert ceiling.agreement.value == pytest.approx(0.58, abs=0.02)
    assert noise_ceiling(10, 10).accuracy == 1
    assert noise_ceiling(2, 10).accuracy == 0.5
    assert math.isnan(noise_ceiling(0, 0).accuracy)


def test_variance_within_prompts_is_compared_not_between_them():
    torch.manual_seed(0)
    reference = torch.randn(30, 8, 5)
    shifted = reference * 0.5 + torch.randn(30, 1, 5) * 100
    alike = variance_ratio(reference, reference)
    assert (alike.value, alike.low, alike.high) == (1, 1, 1)
    assert variance_ratio(shifted, reference).value == pytest.approx(0.25, rel=1e-3)
    assert variance_ratio(torch.zeros_like(reference), reference).value == 0
    for wrong in (reference[:, :1], reference[:1], reference[:5], reference[0]):
        with pytest.raises(PreferencesInvalid):
            variance_ratio(wrong, reference)
    with pytest.raises(PreferencesInvalid, match="same for all seeds"):
        variance_ratio(reference, torch.zeros_like(reference))


def test_a_tiny_shift_wins_often_and_changes_little():
    torch.manual_seed(0)
    base = torch.randn(200)
    better = base + 0.01
    assert win_rate((better > base).double().tolist()).value == 1
    change = score_change(better, base)
    assert change.value == pytest.approx(0.01, abs=2e-3)
    assert change.low <= change.value <= change.high
    with pytest.raises(PreferencesInvalid):
        score_change(better[:1], base[:1])
    with pytest.raises(PreferencesInvalid):
        score_change(better, torch.ones(200))


def test_guards_pass_at_their_limits_and_fail_on_what_is_no_number():
    assert all(g.passed for g in guards(variance=0.8, chosen_error=1.0, drift=1.15))
    failed = [g for g in guards(variance=0.79, chosen_error=1.01, drift=1.2) if not g.passed]
    assert [g.name for g in failed] == ["variance", "chosen_error", "drift"]
    assert not any(
        g.passed for g in guards(variance=math.nan, chosen_error=math.nan, drift=math.nan)
    )
