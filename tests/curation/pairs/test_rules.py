"""The rules by which pairs are chosen, without any database."""

from __future__ import annotations

from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.pairs import rules
from curation.pairs.rules import Seen


@given(st.text(max_size=8))
def test_newcomer_is_tested_once_in_every_block_of_three(key) -> None:
    gold: list[int] = []
    for total in range(30):
        seen = Seen(total=total, gold=len(gold))
        if rules.gold_is_due(seen, newcomer=True, key=key):
            gold.append(total)
    assert [total // 3 for total in gold] == list(range(10))


def test_place_of_a_test_in_its_block_depends_on_a_secret() -> None:
    places = [
        next(n for n in range(3) if rules.gold_is_due(Seen(total=n), newcomer=True, key=f"{key}"))
        for key in range(300)
    ]
    assert all(80 < places.count(place) < 120 for place in range(3))


def test_tests_of_others_are_about_twelve_pairs_apart() -> None:
    gaps = []
    for key in map(str, range(200)):
        since = next(
            n
            for n in range(30)
            if rules.gold_is_due(Seen(total=n, since_gold=n), newcomer=False, key=key)
        )
        gaps.append(since + 1)
    assert (min(gaps), max(gaps)) == rules.GOLD_GAP
    assert 11 < sum(gaps) / len(gaps) < 13


@given(st.integers(0, 2**32), st.integers(0, 200), st.integers(0, 200))
def test_shares_are_kept_whatever_is_drawn(seed, total, have) -> None:
    seen = Seen(total=total, same_prompt=have, random=have)
    if have < 0.5 * (total + 1):
        assert rules.wants_same_prompt(seen, Random(seed))
    if have < 0.3 * (total + 1):
        assert rules.wants_random(seen, Random(seed))


def test_random_pairs_are_equally_likely() -> None:
    groups = [["a", "b", "c"], ["d"], ["e", "f"]]
    rng, counts = Random(1), dict.fromkeys([("a", "b"), ("a", "c"), ("b", "c"), ("e", "f")], 0)
    for _ in range(4000):
        counts[rules.random_pair(groups, unlike=(), rng=rng)] += 1
    assert all(900 < count < 1100 for count in counts.values())


@pytest.mark.parametrize("size", [20, 200])  # listed, and drawn until one is new
def test_random_pair_is_never_one_of_those_it_must_not_be(size) -> None:
    group = [f"{n:04}" for n in range(size)]
    unlike = set(list(combinations(group, 2))[::3])
    rng = Random(2)
    found = {rules.random_pair([group], unlike=unlike, rng=rng) for _ in range(200)}
    assert not found & unlike
    assert len(found) > 60


def test_no_pair_is_left_when_all_are_known() -> None:
    group = ["a", "b", "c"]
    known = set(combinations(group, 2))
    assert rules.random_pair([group], unlike=known, rng=Random(3)) is None
    assert rules.random_pair([["a"], []], unlike=(), rng=Random(3)) is None


def test_same_numbers_choose_the_same_pairs() -> None:
    group = [f"{n:04}" for n in range(300)]

    def drawn(seed: int) -> list:
        rng = Random(seed)
        return [rules.random_pair([group], unlike=(), rng=rng) for _ in range(20)]

    assert drawn(5) == drawn(5) != drawn(6)
