"""Which comparisons would teach most, by what a round's ballots say so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from curation.standings.bradley_terry import fit
from curation.standings.comparisons import Comparisons, Floats, Incidence

PRIOR_DEVIATION = 1.5
ENOUGH = 6.0  # comparisons, counted by weight, after which a candidate is no longer new
POOL_MOST, POOL_SHARE = 200, 0.25  # pairs of a pool, and at most this share of all there are
EACH = 8  # pairs of a pool with one candidate
SAMPLED = 20_000  # pairs looked at where there are more
Numbers = tuple[int, int]  # of two candidates


@dataclass(frozen=True)
class Estimate:
    """What is thought of each candidate so far, (n,) all three."""

    scores: Floats
    deviations: Floats
    compared: Floats  # Σ weights of the ballots with it


def estimate(n: int, comparisons: Comparisons) -> Estimate:
    """Provisional standings; deviations from the Hessian's diagonal, a little too small."""
    scores = fit(n, comparisons, prior_deviation=PRIOR_DEVIATION, tolerance=1e-6).scores
    pairs = Incidence(n, comparisons)
    p = 1 / (1 + np.exp(-pairs.apart(scores)))
    precision = pairs.touching(comparisons.weight * p * (1 - p)) + PRIOR_DEVIATION**-2
    return Estimate(scores, 1 / np.sqrt(precision), pairs.touching(comparisons.weight))


def expected_gains(known: Estimate, i: ArrayLike, j: ArrayLike) -> Floats:
    """½·log(1 + p(1 − p)(σᵢ² + σⱼ²)): what one comparison is expected to tell, in nats, (m,)."""
    first, second = np.asarray(i, dtype=np.int64), np.asarray(j, dtype=np.int64)
    p = 1 / (1 + np.exp(-(known.scores[first] - known.scores[second])))
    variance = known.deviations[first] ** 2 + known.deviations[second] ** 2
    return 0.5 * np.log1p(p * (1 - p) * variance)


def best_pairs(
    known: Estimate, groups: Sequence[Sequence[int]], rng: np.random.Generator
) -> list[Numbers]:
    """The pairs within groups that teach most, those with new candidates first."""
    total = sum(len(group) * (len(group) - 1) // 2 for group in groups)
    pairs = list(_pairs(groups, rng)) if total > SAMPLED else list(_all_pairs(groups))
    if not pairs:
        return []
    i, j = (np.array(side) for side in zip(*pairs, strict=True))
    missing = np.maximum(ENOUGH - known.compared, 0)
    news = np.maximum(missing[i], missing[j])
    order = np.lexsort((-expected_gains(known, i, j), -news))
    most = max(1, min(POOL_MOST, int(POOL_SHARE * total)))
    return _spread((pairs[place] for place in order), most)


def _all_pairs(groups: Sequence[Sequence[int]]) -> Iterator[Numbers]:
    for group in groups:
        yield from combinations(sorted(group), 2)


def _pairs(groups: Sequence[Sequence[int]], rng: np.random.Generator) -> Iterator[Numbers]:
    """Different pairs, drawn: large groups give most of them."""
    sizes = np.array([len(group) for group in groups], dtype=np.float64)
    chances = sizes * (sizes - 1)
    drawn = rng.choice(len(groups), SAMPLED, p=chances / chances.sum())
    seen: dict[Numbers, None] = {}
    for place in drawn:
        one, other = rng.choice(len(groups[place]), 2, replace=False)
        i, j = sorted((groups[place][one], groups[place][other]))
        seen[i, j] = None
    yield from seen


def _spread(pairs: Iterable[Numbers], most: int) -> list[Numbers]:
    """The first pairs, none of them with a candidate that has its share already."""
    taken: list[Numbers] = []
    uses: Counter[int] = Counter()
    for i, j in pairs:
        if len(taken) == most:
            break
        if max(uses[i], uses[j]) < EACH:
            taken.append((int(i), int(j)))
            uses.update((i, j))
    return taken
