"""Ballots drawn at random for tests and benchmarks of standings."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

Votes: TypeAlias = list[tuple[int, int, float, bool]]  # chosen, rejected, weight, tie
Arrays: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def drawn(n: int, ballots: int, *, seed: int = 0) -> Arrays:
    """Chosen, rejected, weights and ties, of pairs at random."""
    rng = np.random.default_rng(seed)
    a = rng.integers(0, n, ballots)
    return _voted(rng, n, a, (a + rng.integers(1, n, ballots)) % n)


def served(n: int, ballots: int, *, seed: int = 0) -> Arrays:
    """The same, but half of the pairs share one of the prompts, which have four candidates."""
    rng = np.random.default_rng(seed)
    a = rng.integers(0, n, ballots)
    sibling = a // 4 * 4 + (a % 4 + rng.integers(1, 4, ballots)) % 4
    anyone = (a + rng.integers(1, n, ballots)) % n
    return _voted(rng, n, a, np.where(rng.random(ballots) < 0.5, sibling, anyone))


def _voted(rng: np.random.Generator, n: int, a: np.ndarray, b: np.ndarray) -> Arrays:
    scores = rng.normal(0, 1, n)
    first = rng.random(len(a)) < 1 / (1 + np.exp(scores[b] - scores[a]))
    weights = rng.uniform(0.1, 3, len(a))
    return np.where(first, a, b), np.where(first, b, a), weights, rng.random(len(a)) < 0.1
