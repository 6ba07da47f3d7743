"""Standings that follow ballots are those of a fit of all ballots."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.standings import incremental
from curation.standings.bradley_terry import fit
from curation.standings.comparisons import Comparisons, aggregated, merged
from curation.standings.incremental import RunningFit
from tests.curation.standings.votes import drawn, served

CLOSE = 1e-6


@pytest.fixture
def always(monkeypatch):
    """Small elections are followed like large ones."""
    monkeypatch.setattr(incremental, "SMALL", -1)


def off(running: RunningFit, scores: np.ndarray, everything: Comparisons) -> float:
    """The largest difference to a fit from nothing."""
    assert running.comparisons.weight.sum() == pytest.approx(everything.weight.sum())
    return float(np.abs(scores - fit(running.n, everything).scores).max())


@pytest.mark.parametrize("draw", [drawn, served])
@pytest.mark.parametrize("ballots", [1, 7, 100])
def test_updates_are_within_a_millionth_of_a_fit_of_everything(draw, ballots):
    everything = aggregated(*draw(1500, 60_000))
    running = RunningFit(1500, everything)
    assert len(everything.i) > incremental.SMALL
    for seed in range(1, 13):
        changes = aggregated(*draw(1500, ballots, seed=seed))
        everything = merged(everything, changes)
        scores = running.update(changes)
        assert off(running, scores, everything) < CLOSE


@pytest.mark.parametrize("draw", [drawn, served])
@pytest.mark.parametrize(("n", "ballots"), [(32, 60), (120, 2000), (400, 4000)])
def test_so_are_updates_of_smaller_elections(always, draw, n, ballots):
    everything = aggregated(*draw(n, ballots))
    running = RunningFit(n, everything)
    for seed in range(1, 25):
        changes = aggregated(*draw(n, 1 + seed % 7, seed=seed))
        everything = merged(everything, changes)
        assert off(running, running.update(changes), everything) < CLOSE


def test_a_newcomer_of_little_weight_leaves_the_others_where_they_belong(always):
    """Two that are held together closely, and a third compared once, who has furthest to go."""
    everything = aggregated([0, 1], [1, 0], [14.0, 15.0])
    running = RunningFit(3, everything)
    for changes in (aggregated([0, 0], [1, 2], [1.5, 1.0]), aggregated([1], [0], [0.5625])):
        everything = merged(everything, changes)
        assert off(running, running.update(changes), everything) < CLOSE


@settings(deadline=None, max_examples=6000)
@given(st.data())
def test_so_are_updates_of_the_smallest(data):
    n = data.draw(st.integers(2, 8))
    pair = st.lists(st.integers(0, n - 1), min_size=2, max_size=2, unique=True)
    ballots = st.lists(st.tuples(pair, st.floats(0, 30)), min_size=1, max_size=12)
    before = incremental.SMALL
    incremental.SMALL = -1
    try:
        rows = [data.draw(ballots) for _ in range(4)]
        parts = [
            aggregated([p[0] for p, _ in part], [p[1] for p, _ in part], [w for _, w in part])
            for part in rows
        ]
        everything, running = parts[0], RunningFit(n, parts[0])
        for part in parts[1:]:
            everything = merged(everything, part)
            assert off(running, running.update(part), everything) < CLOSE
    finally:
        incremental.SMALL = before


def test_candidates_without_ballots_get_their_first(always):
    """New on the wall: from nothing to undefeated in a few updates."""
    everything = aggregated(*drawn(300, 6000))
    running = RunningFit(310, everything)
    for number in range(10):
        changes = aggregated([300 + number] * 12, range(number, 240, 20), 2.0)
        everything = merged(everything, changes)
        scores = running.update(changes)
        assert off(running, scores, everything) < CLOSE
    assert scores[300:].min() > 1


def test_waves_reach_the_end_of_a_chain(always):
    """The slowest graph: everyone was compared with two neighbours only, often."""
    everything = aggregated(range(399), range(1, 400), 30.0, True)
    running = RunningFit(400, everything)
    for place in (0, 200, 398):
        changes = aggregated([place] * 3, [place + 1] * 3, 5.0)
        everything = merged(everything, changes)
        assert off(running, running.update(changes), everything) < CLOSE


def test_two_walls_with_one_pair_between_them(always):
    left, right = drawn(100, 3000, seed=1), drawn(100, 3000, seed=2)
    both = [
        np.concatenate([a, b + s]) for a, b, s in zip(left, right, (100, 100, 0, 0), strict=True)
    ]
    everything = aggregated(*both)
    running = RunningFit(200, everything)
    for _ in range(5):
        changes = aggregated([3], [150], [3.0])
        everything = merged(everything, changes)
        assert off(running, running.update(changes), everything) < CLOSE


def test_many_small_updates_do_not_add_up_to_an_error():
    everything = aggregated(*drawn(600, 30_000))
    running = RunningFit(600, everything)
    rng = np.random.default_rng(9)
    for turn in range(300):
        changes = aggregated(*drawn(600, 5, seed=int(rng.integers(2**31))))
        everything = merged(everything, changes)
        scores = running.update(changes)
        if turn % 50 == 49:
            assert off(running, scores, everything) < CLOSE


def test_no_ballots_change_nothing(always):
    everything = aggregated(*drawn(100, 2000))
    running = RunningFit(100, everything)
    before = running.scores
    assert running.update(aggregated([], [], [])) == pytest.approx(before, abs=1e-9)


def test_the_same_updates_give_the_same_bits(always):
    runs = []
    for _ in range(2):
        running = RunningFit(200, aggregated(*served(200, 3000)))
        for seed in range(5):
            scores = running.update(aggregated(*served(200, 10, seed=seed)))
        runs.append(scores.tobytes())
    assert runs[0] == runs[1]


def test_nothing_that_was_given_is_changed(always):
    everything = aggregated(*drawn(100, 2000))
    copy = everything.w_ij.copy()
    RunningFit(100, everything).update(everything)
    assert (everything.w_ij == copy).all()
