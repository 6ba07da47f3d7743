import math
import random
from statistics import fmean

import numpy as np
import pytest

from generation.agents.beliefs import LUCK_SD, PRIOR_SD, Beliefs, Seen, effect, learn

MOTIFS, PALETTES = ("fox", "star", "oak"), ("harbour", "ember", "ink")
TASTE = {"palette:ember": 1.0, "palette:ink": -1.0, "motif:star": 0.5}


def judged(rng: random.Random, *, rounds: int = 6, each: int = 24, noise: float = 0.3):
    """Pictures whose scores follow a taste; every round has an average of its own."""
    for number in range(rounds):
        shift = rng.gauss(0, 3)  # as if another version had drawn it
        for _ in range(each):
            used = (f"motif:{rng.choice(MOTIFS)}", f"palette:{rng.choice(PALETTES)}")
            score = sum(TASTE.get(name, 0) for name in used) + rng.gauss(0, noise) + shift
            yield Seen(number, " ".join(used), used, score, noise)


def test_nothing_seen_is_nothing_believed():
    assert not learn([])
    assert learn([]).listed() == []
    assert Beliefs().draw(random.Random(1)) == {}


def test_the_posterior_is_that_of_ridge_regression():
    seen = list(judged(random.Random(2), rounds=1))
    found = learn(seen)
    scale = 1 / math.sqrt(0.3**2 + LUCK_SD**2)
    rows = np.array([[name in p.primitives for name in found.names] for p in seen], float) * scale
    scores = np.array([p.score for p in seen])
    values = (scores - scores.mean()) * scale
    stacked = np.vstack([rows, np.eye(len(found.names)) / PRIOR_SD])
    wanted = np.linalg.lstsq(stacked, np.concatenate([values, np.zeros(len(found.names))]))[0]
    np.testing.assert_allclose(found.means, wanted, atol=1e-9)
    covariance = np.linalg.inv(stacked.T @ stacked)
    told = {belief.name: belief.deviation for belief in found.listed()}
    for at, name in enumerate(found.names):
        assert told[name] == pytest.approx(math.sqrt(covariance[at, at]))


def test_what_is_liked_is_found_whatever_a_round_s_version_adds():
    listed = learn(judged(random.Random(3))).listed()
    assert listed[0].name == "palette:ember"
    assert listed[0].low > 0
    assert listed[-1].name == "palette:ink"
    assert listed[-1].high < 0
    assert sum(b.pictures for b in listed if b.name.startswith("motif")) == 6 * 24


def test_more_pictures_make_surer():
    few, many = (
        {b.name: b.deviation for b in learn(judged(random.Random(4), rounds=n)).listed()}
        for n in (1, 12)
    )
    assert all(many[name] < few[name] < PRIOR_SD for name in few)


def test_an_uncertain_score_teaches_less():
    sure, unsure = (
        learn([Seen(1, "a", ["motif:a"], 1.0, d), Seen(1, "b", ["motif:b"], -1.0, d)]).listed()[0]
        for d in (0.1, 3.0)
    )
    assert sure.mean > unsure.mean > 0


def test_draws_are_of_the_posterior():
    found = learn(judged(random.Random(5), rounds=2, each=12))
    rng = random.Random(6)
    draws = [found.draw(rng) for _ in range(4000)]
    for belief in found.listed():
        values = np.array([draw[belief.name] for draw in draws])
        assert values.mean() == pytest.approx(belief.mean, abs=4 * belief.deviation / 4000**0.5)
        assert values.std() == pytest.approx(belief.deviation, rel=0.06)
    pair = np.array([[draw["palette:ember"], draw["palette:ink"]] for draw in draws])
    precision = found.factor @ found.factor.T
    at = [found.names.index(name) for name in ("palette:ember", "palette:ink")]
    wanted = np.linalg.inv(precision)[at[0], at[1]]
    assert np.cov(pair.T)[0, 1] == pytest.approx(wanted, abs=0.02)


def test_the_order_of_pictures_does_not_matter():
    seen = list(judged(random.Random(7)))
    one = learn(seen)
    other = learn(random.Random(8).sample(seen, len(seen)))
    np.testing.assert_allclose(one.means, other.means, atol=1e-9)


def prompts(number: int, believed: bool, *scores: float):
    return [
        Seen(number, f"{believed} {at}", (), score + seed, 0.3, believed)
        for at, score in enumerate(scores)
        for seed in (-0.1, 0.1)  # the pictures of a prompt count as one
    ]


def test_what_beliefs_bring_is_told_within_rounds():
    seen = prompts(1, True, 1.0, 2.0) + prompts(1, False, 0.0, 1.0)
    seen += prompts(2, True, 11.0, 12.0) + prompts(2, False, 10.0, 11.0)
    found = effect(seen)
    assert found is not None
    assert found.mean == pytest.approx(1.0)
    assert (found.believed, found.explored) == (4, 4)
    # Residuals ±.5, eight of them, four of freedom: variance .5; each round's share is 1.
    assert found.deviation == pytest.approx(math.sqrt(0.5 / 2))
    assert found.low < found.mean < found.high


def test_rounds_of_one_kind_tell_nothing():
    assert effect([]) is None
    assert effect(prompts(1, True, 1.0, 2.0) + prompts(2, False, 0.0, 1.0)) is None
    assert effect(prompts(1, True, 1.0) + prompts(1, False, 0.0)) is None  # how sure, nobody knows


def test_an_effect_that_is_not_there_is_seldom_found():
    rng = random.Random(9)
    found = []
    for _ in range(300):
        told = effect(
            prompts(1, True, *(rng.gauss(0, 1) for _ in range(9)))
            + prompts(1, False, *(rng.gauss(0, 1) for _ in range(4)))
        )
        assert told is not None
        found.append(told.low > 0 or told.high < 0)
    assert fmean(found) < 0.12
