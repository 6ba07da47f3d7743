"""Reliability of voters: closed forms, an independent integral, and voters who are simulated."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.standings.bradley_terry import deviations, fit
from curation.standings.comparisons import aggregated
from curation.standings.crowd_bt import MOST_BALLOTS, Judged, matched, reliability

counts = st.floats(0.05, 1e4)
likelihoods = st.floats(1e-6, 1 - 1e-6)


def moments(a: float, b: float) -> tuple[float, float]:
    """Mean and variance of a Beta."""
    return a / (a + b), a * b / ((a + b) ** 2 * (a + b + 1))


def voted(rng: random.Random, right: float, ballots: int) -> list[Judged]:
    """Ballots about pairs of scores that are well known, right in a share of them."""
    judged = []
    for _ in range(ballots):
        apart = abs(rng.gauss(0, 1.5)) + 0.3
        judged.append(Judged(apart if rng.random() < right else -apart, variance=0.05))
    return judged


def test_a_pair_that_is_certain_counts_one_ballot():
    assert matched(10, 1, 1.0) == pytest.approx((11, 1))
    assert matched(10, 1, 0.0) == pytest.approx((10, 2))


@given(counts, counts)
def test_an_even_pair_says_nothing(a, b):
    assert matched(a, b, 0.5) == pytest.approx((a, b))


@given(counts, counts, likelihoods)
def test_mirrored_ballots_change_mirrored_counts(a, b, likely):
    after = matched(a, b, likely)
    assert matched(b, a, 1 - likely) == pytest.approx(after[::-1])


@given(counts, counts, likelihoods)
def test_mean_and_variance_are_those_of_the_formulas_of_chen_et_al(a, b, likely):
    c = (likely * a + (1 - likely) * b) / (a + b)
    mean = (likely * (a + 1) * a + (1 - likely) * a * b) / (c * (a + b + 1) * (a + b))
    square = (likely * (a + 2) * (a + 1) * a + (1 - likely) * (a + 1) * a * b) / (
        c * (a + b + 2) * (a + b + 1) * (a + b)
    )
    found, variance = moments(*matched(a, b, likely))
    assert found == pytest.approx(mean)
    assert variance == pytest.approx(square - mean**2, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize(("a", "b", "likely"), [(10, 1, 0.2), (3, 4, 0.7), (2, 2, 0.05)])
def test_mean_and_variance_are_those_of_the_posterior_integrated(a, b, likely):
    eta = (np.arange(200_000) + 0.5) / 200_000
    density = eta ** (a - 1) * (1 - eta) ** (b - 1) * (eta * likely + (1 - eta) * (1 - likely))
    density /= density.sum()
    mean = (eta * density).sum()
    variance = ((eta - mean) ** 2 * density).sum()
    assert moments(*matched(a, b, likely)) == pytest.approx((mean, variance), rel=1e-6)


def test_a_sure_difference_is_likely_as_the_logistic_says():
    assert Judged(1.2, variance=0).likely == pytest.approx(1 / (1 + math.exp(-1.2)))
    assert Judged(-800, variance=0).likely == pytest.approx(0, abs=1e-300)
    assert 0.5 < Judged(1.2, variance=4).likely < Judged(1.2, variance=1).likely


def test_a_ballot_does_not_vouch_for_itself():
    only = aggregated([0], [1], [1.0])
    scores = fit(2, only).scores
    deviation = deviations(2, only, scores)[0]
    alone = Judged(scores[0] - scores[1], variance=2 * deviation**2, weight=1.0)
    assert Judged(alone.apart, alone.variance).likely > 0.6
    assert alone.likely == 0.5


def test_leaving_a_ballot_out_is_what_a_fit_without_it_says():
    others = ([0] * 30 + [1] * 20 + [2] * 25, [1] * 30 + [2] * 20 + [0] * 25)
    with_it = aggregated([*others[0], 0], [*others[1], 1], 1.0)
    scores = fit(3, with_it, prior_deviation=3.0).scores
    without = fit(3, aggregated(*others, 1.0), prior_deviation=3.0).scores
    p = 1 / (1 + math.exp(scores[1] - scores[0]))
    variance = 1 / (len(others[0]) * p * (1 - p)) * 1.4  # about that of the difference
    left_out = Judged(scores[0] - scores[1], variance=variance, weight=1.0).likely
    flat = math.sqrt(1 + math.pi / 8 * variance)
    assert left_out == pytest.approx(1 / (1 + math.exp((without[1] - without[0]) / flat)), abs=0.01)


@given(st.lists(st.builds(Judged, st.floats(-6, 6), st.floats(0, 4), st.floats(0, 3)), max_size=40))
def test_the_order_of_ballots_does_not_matter(judged):
    after = reliability(10, 1, judged)
    assert reliability(10, 1, judged[::-1]) == after
    assert all(value > 0 for value in after)


def test_without_ballots_nothing_changes():
    assert reliability(7.5, 2.5, []) == (7.5, 2.5)


@pytest.mark.parametrize("ballots", [20, 200, 5000])
@pytest.mark.parametrize("right", [0.0, 0.5, 1.0])
def test_one_tally_counts_at_most_as_twenty_ballots(right, ballots):
    agreed, disagreed = reliability(10, 1, voted(random.Random(3), right, ballots))
    assert agreed <= 10 + MOST_BALLOTS
    assert disagreed <= 1 + MOST_BALLOTS


def test_a_taste_of_ones_own_survives_a_round_of_many_ballots():
    agreed, disagreed = reliability(10, 1, voted(random.Random(4), 0.6, 500))
    assert 2 * agreed / (agreed + disagreed) - 1 > 0.25


def test_careless_voters_sink_and_careful_ones_stay():
    rng = random.Random(5)
    etas = {}
    for right in (0.95, 0.5, 0.1):
        counts = (10.0, 1.0)
        for _ in range(5):
            counts = reliability(*counts, voted(rng, right, 60))
        etas[right] = counts[0] / sum(counts)
    assert etas[0.95] > 0.85
    assert etas[0.5] == pytest.approx(0.5, abs=0.12)
    assert etas[0.1] < 0.3


def test_reliability_is_learned_back():
    rng = random.Random(6)
    counts = (10.0, 1.0)
    for _ in range(5):
        counts = reliability(*counts, voted(rng, 0.3, 60))
    low = counts[0] / sum(counts)
    for _ in range(8):
        counts = reliability(*counts, voted(rng, 1.0, 60))
    assert counts[0] / sum(counts) > low + 0.3
