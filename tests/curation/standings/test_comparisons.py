"""Ballots summed up by pair, and sums over pairs, against loops."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.standings.comparisons import Incidence, aggregated
from tests.curation.standings.votes import drawn

pairs = st.lists(st.integers(0, 12), min_size=2, max_size=2, unique=True)
ballots = st.lists(st.tuples(pairs, st.floats(0, 9), st.booleans()), max_size=50)


def columns(votes) -> tuple[list, list, list, list]:
    return tuple([row[k] for row in votes] for k in range(4))


@given(ballots)
def test_pairs_are_sorted_and_hold_every_ballots_weight_once(drawn_ballots):
    votes = [(a, b, w, tie) for (a, b), w, tie in drawn_ballots]
    found = aggregated(*columns(votes))
    expected = defaultdict(lambda: [0.0, 0.0])
    for a, b, w, tie in votes:
        pair, first = (min(a, b), max(a, b)), a < b
        expected[pair][0] += w / 2 if tie else w * first
        expected[pair][1] += w / 2 if tie else w * (not first)
    assert list(zip(found.i.tolist(), found.j.tolist(), strict=True)) == sorted(expected)
    both = np.array([expected[pair] for pair in sorted(expected)]).reshape(-1, 2)
    assert np.column_stack([found.w_ij, found.w_ji]) == pytest.approx(both)
    assert found.weight.sum() == pytest.approx(sum(row[2] for row in votes))


def test_large_numbers_of_candidates_are_summed_the_same():
    chosen, rejected, weights, ties = drawn(50, 3000)
    small = aggregated(chosen, rejected, weights, ties)
    far = 2**23  # pairs as numbers no longer leave room for a place beside them
    large = aggregated(chosen * far, rejected * far, weights, ties)
    assert (large.i == small.i * far).all()
    assert (large.j == small.j * far).all()
    assert large.w_ij.tobytes() == small.w_ij.tobytes()
    assert large.w_ji.tobytes() == small.w_ji.tobytes()


@pytest.mark.parametrize(
    ("chosen", "rejected", "weight"),
    [(1, 1, 1.0), (-1, 0, 1.0), (0, 2**31, 1.0), (0, 1, -0.1), (0, 1, float("nan")), (0, 1, 1e300)],
)
def test_what_is_no_ballot_is_refused(chosen, rejected, weight):
    with pytest.raises(ValueError, match=r"ballot"):
        aggregated([0, chosen], [1, rejected], [1.0, weight])


def test_sums_over_pairs_are_those_of_the_matrix():
    comparisons = aggregated(*drawn(20, 60))
    pairs, m = Incidence(20, comparisons), len(comparisons.i)
    matrix = np.zeros((m, 20))
    matrix[range(m), comparisons.i], matrix[range(m), comparisons.j] = 1, -1
    values, flows = np.arange(20.0) ** 2, np.linspace(1, 2, m)
    assert pairs.apart(values) == pytest.approx(matrix @ values)
    assert pairs.gathered(flows) == pytest.approx(matrix.T @ flows)
    assert pairs.touching(flows) == pytest.approx(np.abs(matrix).T @ flows)
    assert pairs.arriving(flows, 2 * flows) == pytest.approx(
        np.maximum(matrix, 0).T @ flows + 2 * np.maximum(-matrix, 0).T @ flows
    )
