"""Standings: closed forms, invariances, and an independent implementation that is slow."""

from __future__ import annotations

import math
from decimal import Decimal, getcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.standings import bradley_terry
from curation.standings.bradley_terry import deviations, fit
from curation.standings.comparisons import Comparisons, aggregated
from tests.curation.standings.votes import Votes, drawn, served

EXACT = 1e-9  # the tolerance of a fit
PRIOR = 1.5


def slow_fit(n: int, votes: Votes, prior: float = PRIOR) -> np.ndarray:
    """The same optimum ballot by ballot, with a dense Hessian and step halving."""

    def objective(s: np.ndarray) -> float:
        loss = (s**2).sum() / (2 * prior**2)
        for chosen, rejected, weight, is_tie in votes:
            d = s[chosen] - s[rejected]
            loss += weight * np.logaddexp(0, -d)
            if is_tie:
                loss += weight * (np.logaddexp(0, d) - np.logaddexp(0, -d)) / 2
        return float(loss)

    s = np.zeros(n)
    for _ in range(100):
        gradient, hessian = -s / prior**2, np.eye(n) / prior**2
        for chosen, rejected, weight, is_tie in votes:
            p = 1 / (1 + math.exp(s[rejected] - s[chosen]))
            pull = weight * ((0.5 if is_tie else 1.0) - p)
            gradient[chosen] += pull
            gradient[rejected] -= pull
            e = np.zeros(n)
            e[chosen], e[rejected] = 1, -1
            hessian += weight * p * (1 - p) * np.outer(e, e)
        step = np.linalg.solve(hessian, gradient) if n else gradient
        now, length = objective(s), 1.0
        while gradient @ step > 1e-6 and objective(s + length * step) > now:
            length /= 2
        s = s + length * step
        if np.abs(step).max(initial=0.0) < 1e-13:
            break
    return s


def duel(for_one: float, for_other: float, prior: float = PRIOR) -> Decimal:
    """Score of the first of two candidates: the root of one equation, by bisection."""
    getcontext().prec = 40
    a, b, p = Decimal(for_one), Decimal(for_other), Decimal(prior)
    low, high = Decimal(-100), Decimal(100)
    for _ in range(130):
        s = (low + high) / 2
        chosen = 1 / (1 + (-2 * s).exp())
        low, high = (s, high) if a - (a + b) * chosen - s / p**2 > 0 else (low, s)
    return s


@st.composite
def elections(draw) -> tuple[int, Votes]:
    """A few candidates and ballots, some of them of no weight; graphs fall apart at times."""
    n = draw(st.integers(2, 9))
    pair = st.lists(st.integers(0, n - 1), min_size=2, max_size=2, unique=True)
    weight = st.one_of(st.just(0.0), st.floats(1e-6, 50))
    ballots = st.lists(st.tuples(pair, weight, st.booleans()), max_size=30)
    return n, [(one, other, w, tie) for (one, other), w, tie in draw(ballots)]


def summed(votes: Votes) -> Comparisons:
    chosen, rejected, weights, ties = zip(*votes, strict=True) if votes else ((),) * 4
    return aggregated(chosen, rejected, weights, ties)


@settings(deadline=None)
@given(elections())
def test_scores_are_those_of_the_slow_implementation(election):
    n, votes = election
    assert fit(n, summed(votes)).scores == pytest.approx(slow_fit(n, votes), abs=EXACT)


@pytest.mark.parametrize("prior", [0.3, 1.5, 20.0])
@pytest.mark.parametrize("n", [3, 40])
def test_scores_of_larger_elections_are_those_of_the_slow_implementation(n, prior):
    votes = [(int(a), int(b), float(w), bool(t)) for a, b, w, t in zip(*drawn(n, 300), strict=True)]
    scores = fit(n, summed(votes), prior_deviation=prior).scores
    assert scores == pytest.approx(slow_fit(n, votes, prior), abs=EXACT)


@pytest.mark.parametrize(
    ("for_one", "for_other"), [(1, 0), (1, 1), (0.3, 7), (100, 1), (1e5, 0), (3e4, 1e4), (1e-9, 0)]
)
def test_two_candidates_stand_where_one_equation_says(for_one, for_other):
    scores = fit(2, aggregated([0, 1], [1, 0], [for_one, for_other])).scores
    assert scores[0] == pytest.approx(float(duel(for_one, for_other)), abs=EXACT)
    assert scores[1] == pytest.approx(-scores[0], abs=EXACT)


def test_without_ballots_everyone_stands_at_zero():
    nothing = aggregated([], [], [])
    assert fit(0, nothing).scores.shape == (0,)
    assert deviations(0, nothing, np.zeros(0)).shape == (0,)
    assert fit(1, nothing).scores.tolist() == [0.0]
    assert deviations(1, nothing, np.zeros(1)).tolist() == [PRIOR]
    assert fit(5, nothing).scores.tolist() == [0.0] * 5


def test_ballots_of_no_weight_change_nothing():
    scores = fit(3, aggregated([0, 1], [1, 2], [2.0, 0.0])).scores
    assert scores == pytest.approx(fit(3, aggregated([0], [1], [2.0])).scores, abs=EXACT)
    assert scores[2] == 0


def test_an_undefeated_candidate_stays_finite_and_stands_first():
    scores = fit(4, aggregated([0] * 99, [1, 2, 3] * 33, 1000.0)).scores
    assert np.isfinite(scores).all()
    assert scores.argmax() == 0
    assert scores[0] < 12


def test_parts_that_were_never_compared_stand_as_if_alone():
    one, other = drawn(8, 100, seed=1), drawn(5, 60, seed=2)
    both = [np.concatenate([a, b + s]) for a, b, s in zip(one, other, (8, 8, 0, 0), strict=True)]
    scores = fit(14, aggregated(*both)).scores
    assert scores[:8] == pytest.approx(fit(8, aggregated(*one)).scores, abs=2 * EXACT)
    assert scores[8:13] == pytest.approx(fit(5, aggregated(*other)).scores, abs=2 * EXACT)
    assert scores[13] == 0


@pytest.mark.parametrize("draw", [drawn, served])
def test_the_fit_holds_to_its_tolerance(draw):
    chosen, rejected, weights, ties = draw(400, 8000)
    found = fit(400, aggregated(chosen, rejected, weights, ties))
    matrix = np.zeros((400, 400))
    np.add.at(matrix, (chosen, rejected), np.where(ties, weights / 2, weights))
    np.add.at(matrix, (rejected, chosen), np.where(ties, weights / 2, 0))
    s = found.scores
    p = 1 / (1 + np.exp(s[None, :] - s[:, None]))
    gradient = (matrix - (matrix + matrix.T) * p).sum(axis=1) - s / PRIOR**2
    assert np.abs(gradient).max() <= EXACT / PRIOR**2
    assert found.gradient_norm == pytest.approx(np.abs(gradient).max(), abs=1e-11)
    assert abs(s.sum()) < 400 * EXACT
    assert found.iterations < 15


def test_other_names_and_another_order_give_the_same_scores():
    chosen, rejected, weights, ties = drawn(50, 900)
    scores = fit(50, aggregated(chosen, rejected, weights, ties)).scores
    rng = np.random.default_rng(4)
    names, order = rng.permutation(50), rng.permutation(900)
    renamed = aggregated(names[chosen][order], names[rejected][order], weights[order], ties[order])
    assert fit(50, renamed).scores[names] == pytest.approx(scores, abs=2 * EXACT)


def test_a_ballot_in_two_halves_is_the_ballot():
    chosen, rejected, weights, ties = drawn(30, 400)
    twice = aggregated(*(np.tile(a, 2) for a in (chosen, rejected, weights / 2, ties)))
    whole = aggregated(chosen, rejected, weights, ties)
    assert fit(30, twice).scores == pytest.approx(fit(30, whole).scores, abs=2 * EXACT)


def test_a_tie_is_half_a_ballot_to_each():
    halves = aggregated([0, 1, 1], [1, 0, 2], [1.0, 1.0, 3.0])
    tied = aggregated([0, 1], [1, 2], [2.0, 3.0], [True, False])
    assert fit(3, tied).scores == pytest.approx(fit(3, halves).scores, abs=2 * EXACT)


def test_the_opposite_ballots_give_the_opposite_scores():
    chosen, rejected, weights, ties = drawn(30, 400)
    scores = fit(30, aggregated(chosen, rejected, weights, ties)).scores
    turned = fit(30, aggregated(rejected, chosen, weights, ties)).scores
    assert turned == pytest.approx(-scores, abs=2 * EXACT)


def test_the_start_does_not_matter():
    comparisons = aggregated(*drawn(60, 900))
    cold = fit(60, comparisons).scores
    for start in (cold, np.full(60, 30.0), np.linspace(-40, 40, 60)):
        assert fit(60, comparisons, start=start).scores == pytest.approx(cold, abs=2 * EXACT)


def test_the_same_ballots_give_the_same_bits():
    votes = served(300, 6000)
    fits = [fit(300, aggregated(*votes)) for _ in range(3)]
    assert len({found.scores.tobytes() for found in fits}) == 1


def test_more_ballots_for_a_candidate_never_lower_it():
    chosen, rejected, weights, ties = drawn(20, 200)
    before = fit(20, aggregated(chosen, rejected, weights, ties)).scores[7]
    for other in (0, 3, 19):
        more = [
            np.append(a, v)
            for a, v in zip((chosen, rejected, weights), (7, other, 1.0), strict=True)
        ]
        after = fit(20, aggregated(*more, np.append(ties, False))).scores[7]
        assert after > before


def test_deviations_of_two_candidates_are_those_of_a_matrix_of_two():
    comparisons = aggregated([0, 1], [1, 0], [5.0, 2.0])
    scores = fit(2, comparisons).scores
    p = 1 / (1 + math.exp(scores[1] - scores[0]))
    h, a = 7.0 * p * (1 - p), PRIOR**-2
    expected = math.sqrt((h + a) / ((h + a) ** 2 - h**2))
    assert deviations(2, comparisons, scores) == pytest.approx([expected] * 2, rel=1e-12)


def test_deviations_hold_the_truth_as_often_as_they_say():
    held = total = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        truth = rng.normal(0, PRIOR, 30)
        a = rng.integers(0, 30, 500)
        b = (a + rng.integers(1, 30, 500)) % 30
        first = rng.random(500) < 1 / (1 + np.exp(truth[b] - truth[a]))
        comparisons = aggregated(np.where(first, a, b), np.where(first, b, a), 1.0)
        found = fit(30, comparisons).scores
        spread = deviations(30, comparisons, found)
        held += int((np.abs(found - truth) < 1.96 * spread).sum())
        total += 30
    assert 0.92 < held / total < 0.98


def test_what_was_compared_more_is_surer():
    comparisons = aggregated([0] * 40 + [2], [1] * 40 + [3], 1.0, [True] * 41)
    spread = deviations(4, comparisons, fit(4, comparisons).scores)
    assert spread[0] < spread[2] < PRIOR


@pytest.mark.parametrize(
    ("draw", "ballots", "typical", "worst"),
    [(drawn, 40_000, 0.003, 0.005), (served, 40_000, 0.025, 0.1), (served, 1500, 0.015, 0.1)],
)
def test_above_the_dense_limit_deviations_are_nearly_the_same(
    monkeypatch, draw, ballots, typical, worst
):
    comparisons = aggregated(*draw(500, ballots))
    scores = fit(500, comparisons).scores
    exact = deviations(500, comparisons, scores)
    monkeypatch.setattr(bradley_terry, "MOST_DENSE", 499)
    off = deviations(500, comparisons, scores) / exact - 1
    assert math.sqrt((off**2).mean()) < typical
    assert np.abs(off).max() < worst


def test_on_a_tree_nearly_the_same_is_the_same_but_for_what_all_share(monkeypatch):
    chain = aggregated(range(299), range(1, 300), 20.0, True)
    exact = deviations(300, chain, np.zeros(300))
    monkeypatch.setattr(bradley_terry, "MOST_DENSE", 299)
    assert deviations(300, chain, np.zeros(300)) == pytest.approx(exact, rel=0.01)
