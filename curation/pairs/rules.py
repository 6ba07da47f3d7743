"""Which pair comes next: pure functions over what a member was served so far in a round.

Shares hold for what one member is served, and are kept by counting: a draw decides unless a
share would be missed. Where a round has no such pair yet, the debt is carried on.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations
from random import Random

Pair = tuple[str, str]  # two digests, the lower first
GOLD_BLOCK = 3  # one gold pair in as many, at a place nobody can foresee, for newcomers
GOLD_GAP = (7, 17)  # pairs from one gold pair to the next for everybody else: 12 on average
REPEATS = 0.05
TRIALS = 1 / 3  # of the pairs of a round with twins of a blind test, until all were judged
SAME_PROMPT, SAME_PROMPT_LEAST = 0.6, 0.5
RANDOM, RANDOM_LEAST = 0.4, 0.3
DECIDED = 0.25  # of the gold pairs of those who are no newcomers: decided by others' ballots
OVERWHELMING = 0.97
FEW_PAIRS = 500  # up to here all pairs are listed rather than drawn until a new one comes up


@dataclass(frozen=True, kw_only=True)
class Seen:
    """How many pairs of which kind a member was served in a round."""

    total: int = 0
    gold: int = 0
    since_gold: int = 0  # pairs after the last gold pair, or since the first pair
    same_prompt: int = 0
    random: int = 0


def gold_is_due(seen: Seen, *, newcomer: bool, key: str) -> bool:
    """Whether the next pair should be a gold pair; `key` is secret and the member's own.

    A newcomer gets one in every block of three; those that could not be had are made up for.
    """
    if not newcomer:
        shortest, longest = GOLD_GAP
        gap = shortest + _number(f"{key}:gap:{seen.gold}") % (longest - shortest + 1)
        return seen.since_gold + 1 >= gap
    block, place = divmod(seen.total, GOLD_BLOCK)
    here = place >= _number(f"{key}:block:{block}") % GOLD_BLOCK
    return seen.gold < block + here


def is_decided(*, gap: float, variance: float) -> bool:
    """Whether a tally is all but certain which of two is chosen, by the gap between their scores.

    The uncertainty of both scores flattens the logistic (MacKay 1992).
    """
    flattened = gap / math.sqrt(1 + math.pi / 8 * variance)
    return 1 / (1 + math.exp(-flattened)) > OVERWHELMING


def wants_decided(rng: Random) -> bool:
    """Whether the next gold pair should be one that an earlier round decided."""
    return rng.random() < DECIDED


def wants_repeat(rng: Random) -> bool:
    """Whether the next pair should be one the member answered in an earlier round."""
    return rng.random() < REPEATS


def wants_trial(rng: Random) -> bool:
    """Whether the next pair should be twins of a blind test."""
    return rng.random() < TRIALS


def wants_same_prompt(seen: Seen, rng: Random) -> bool:
    """Whether the next two pictures should share a prompt: only such pairs train."""
    return _keeps_share(seen.same_prompt, seen.total, SAME_PROMPT, SAME_PROMPT_LEAST, rng)


def wants_random(seen: Seen, rng: Random) -> bool:
    """Whether the next pair should be drawn blindly, so that the choice itself leaks little."""
    return _keeps_share(seen.random, seen.total, RANDOM, RANDOM_LEAST, rng)


def _keeps_share(have: int, of: int, usual: float, least: float, rng: Random) -> bool:
    draw = rng.random() < usual  # drawn in any case: the numbers that follow stay the same
    return draw or have < least * (of + 1)


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def ordered(one: str, other: str) -> Pair:
    """A pair, whichever comes first."""
    return (one, other) if one < other else (other, one)


def random_pair(
    groups: Sequence[Sequence[str]], *, unlike: Collection[Pair], rng: Random
) -> Pair | None:
    """A pair within one of the groups, all equally likely but those in `unlike`; None: no such."""
    weights = [len(group) * (len(group) - 1) // 2 for group in groups]
    total = sum(weights)
    if total <= max(FEW_PAIRS, 2 * len(unlike)):
        pairs = [ordered(*pair) for group in groups for pair in combinations(group, 2)]
        left = [pair for pair in pairs if pair not in unlike]
        return rng.choice(left) if left else None
    while True:  # more than half of all pairs are new, so this ends soon
        [group] = rng.choices(groups, weights)
        pair = ordered(*rng.sample(group, 2))
        if pair not in unlike:
            return pair
