"""Which comparisons teach most."""

from __future__ import annotations

import math

import numpy as np
import pytest

from curation.pairs.gains import EACH, ENOUGH, Estimate, best_pairs, estimate, expected_gains
from curation.standings.comparisons import aggregated


def known(scores, deviations, compared=None) -> Estimate:
    compared = [ENOUGH] * len(scores) if compared is None else compared
    return Estimate(*(np.array(part, dtype=float) for part in (scores, deviations, compared)))


def test_gain_of_an_even_pair_in_closed_form() -> None:
    [gain] = expected_gains(known([0, 0], [1, 2]), [0], [1])
    assert gain == pytest.approx(0.5 * math.log(1 + 0.25 * 5))


def test_even_and_uncertain_pairs_teach_more() -> None:
    gains = expected_gains(known([0, 0, 3, 0], [1, 1, 1, 0.1]), [0, 0, 0], [1, 2, 3])
    assert gains[0] > gains[1]
    assert gains[0] > gains[2]


def test_deviations_shrink_with_ballots_and_begin_at_the_prior() -> None:
    found = estimate(3, aggregated([0] * 10, [1] * 10, 1.0, True))
    assert found.deviations[2] == pytest.approx(1.5)
    assert found.deviations[0] == pytest.approx((10 * 0.25 + 1.5**-2) ** -0.5)
    assert found.compared.tolist() == [10, 10, 0]
    assert found.scores == pytest.approx(0)


def test_new_candidates_come_first_until_they_were_compared_enough() -> None:
    compared = [ENOUGH] * 18 + [0, 2]
    pairs = best_pairs(
        known([0] * 20, [1] * 18 + [0.01] * 2, compared), [range(20)], np.random.default_rng(0)
    )
    assert all(18 in pair for pair in pairs[:EACH])
    assert all(19 in pair for pair in pairs[EACH : 2 * EACH - 1])  # one it had with 18


def test_pool_is_a_share_of_all_pairs_and_no_candidate_fills_it() -> None:
    rng = np.random.default_rng(0)
    for n, most in ((4, 1), (20, 47), (400, 200)):
        pairs = best_pairs(known(np.zeros(n), np.ones(n), np.zeros(n)), [range(n)], rng)
        assert len(pairs) == len(set(pairs)) == most
        assert all(i < j for i, j in pairs)
        assert np.bincount(np.array(pairs).ravel()).max() <= EACH


def test_groups_keep_to_themselves_and_large_ones_are_sampled() -> None:
    groups = [list(range(0, 300, 2)), list(range(1, 300, 2)), [300]]
    rng = np.random.default_rng(0)
    pairs = best_pairs(known(np.zeros(301), np.ones(301)), groups, rng)
    assert len(pairs) == 200
    assert all(i % 2 == j % 2 and 300 not in (i, j) for i, j in pairs)
    assert best_pairs(known([0], [1]), [[0], []], rng) == []


def test_same_seed_finds_the_same_pairs() -> None:
    scores = np.random.default_rng(1).normal(size=300)

    def found(seed: int) -> list:
        return best_pairs(known(scores, np.ones(300)), [range(300)], np.random.default_rng(seed))

    assert found(1) == found(1) != found(2)
