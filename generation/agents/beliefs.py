"""What the places of pictures say of the primitives in them: a Bayesian linear bandit.

A picture's score is taken to be the sum of its primitives' effects, plus the luck of its seed, plus
the error of its score. Effects have a Gaussian prior, so the posterior is exact; drawing from it
and then choosing by what was drawn is Thompson sampling (Thompson 1933; Agrawal and Goyal 2013,
arXiv 1209.3352): what is not known yet is tried, what is known to be liked is chosen more.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

PRIOR_SD = 0.7  # of a primitive's effect, log-odds: two in three change a win rate by at most 17%
LUCK_SD = 0.6  # of what a seed adds, log-odds
Array = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Seen:
    """A picture that was judged."""

    round: int
    prompt: str
    primitives: Sequence[str]
    score: float  # log-odds among the pictures of its round
    deviation: float  # of the score, > 0
    believed: bool = False  # its prompt was composed by beliefs, not to explore


class Interval:
    """What is known of an effect, log-odds."""

    mean: float
    deviation: float

    @property
    def low(self) -> float:
        """The effect is above this in 97.5 of 100 cases."""
        return self.mean - 1.96 * self.deviation

    @property
    def high(self) -> float:
        """The effect is below this in 97.5 of 100 cases."""
        return self.mean + 1.96 * self.deviation


@dataclass(frozen=True)
class Belief(Interval):
    """What is thought of one primitive."""

    name: str  # kind:name
    mean: float  # effect on a picture's score, log-odds
    deviation: float
    pictures: int  # it was in


@dataclass(frozen=True)
class Beliefs:
    """A Gaussian over the effects of all primitives seen."""

    names: tuple[str, ...] = ()
    means: Array = field(default_factory=lambda: np.zeros(0))
    factor: Array = field(default_factory=lambda: np.zeros((0, 0)))  # Cholesky, of the precision
    pictures: Mapping[str, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.names)

    def draw(self, rng: random.Random) -> dict[str, float]:
        """One possible truth about the primitives that were seen, log-odds by name."""
        noise = np.array([rng.gauss(0, 1) for _ in self.names])
        drawn = self.means + np.linalg.solve(self.factor.T, noise)
        return dict(zip(self.names, drawn.tolist(), strict=True))

    def listed(self) -> list[Belief]:
        """All beliefs, the most liked first."""
        inverse = np.linalg.inv(self.factor) if self.names else self.factor
        deviations = np.sqrt((inverse**2).sum(axis=0))
        found = [
            Belief(name, float(mean), float(deviation), self.pictures[name])
            for name, mean, deviation in zip(self.names, self.means, deviations, strict=True)
        ]
        return sorted(found, key=lambda belief: (-belief.mean, belief.name))


def learn(seen: Iterable[Seen]) -> Beliefs:
    """The posterior over effects, given judged pictures.

    Scores are taken from the mean of their round first. All pictures of a round come from one
    version of the model, so what an adapter adds to all of them is nobody's merit here.
    """
    pictures = _centred(seen)
    counts = Counter(name for picture in pictures for name in set(picture.primitives))
    names = tuple(sorted(counts))
    place = {name: index for index, name in enumerate(names)}
    precision = np.eye(len(names)) / PRIOR_SD**2
    pull = np.zeros(len(names))
    for picture in pictures:
        at = sorted({place[name] for name in picture.primitives})
        weight = _certainty(picture)
        precision[np.ix_(at, at)] += weight
        pull[at] += weight * picture.score
    if not names:
        return Beliefs()
    return Beliefs(names, np.linalg.solve(precision, pull), np.linalg.cholesky(precision), counts)


@dataclass(frozen=True)
class Effect(Interval):
    """By how much prompts composed by beliefs scored above those of the same round that explored.

    Adapters have no part in it: a round is drawn by one version of the model.
    """

    mean: float  # log-odds
    deviation: float
    believed: int  # prompts
    explored: int


def effect(seen: Iterable[Seen]) -> Effect | None:
    """What beliefs brought; None while it cannot be told.

    Prompts are the units, as the pictures of one are alike; rounds with both kinds count by how
    many they have of the rarer.
    """
    prompts: dict[tuple[int, bool, str], list[float]] = defaultdict(list)
    for picture in seen:
        prompts[picture.round, picture.believed, picture.prompt].append(picture.score)
    sides: dict[int, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    for (number, believed, _), scores in prompts.items():
        sides[number][believed].append(sum(scores) / len(scores))
    both = [(explored, believed) for explored, believed in sides.values() if explored and believed]
    residuals = [score - sum(side) / len(side) for pair in both for side in pair for score in side]
    freedom = len(residuals) - 2 * len(both)
    if freedom < 1:
        return None
    variance = sum(residual**2 for residual in residuals) / freedom
    shares = [1 / (1 / len(explored) + 1 / len(believed)) for explored, believed in both]
    differences = [sum(b) / len(b) - sum(e) / len(e) for e, b in both]
    total = sum(shares)
    mean = sum(s * d for s, d in zip(shares, differences, strict=True)) / total
    return Effect(
        mean=mean,
        deviation=float(np.sqrt(variance / total)),
        believed=sum(len(believed) for _, believed in both),
        explored=sum(len(explored) for explored, _ in both),
    )


def _certainty(picture: Seen) -> float:
    return 1 / (picture.deviation**2 + LUCK_SD**2)


def _centred(seen: Iterable[Seen]) -> list[Seen]:
    rounds: dict[int, list[Seen]] = defaultdict(list)
    for picture in seen:
        rounds[picture.round].append(picture)
    found = []
    for pictures in rounds.values():
        weights = [_certainty(picture) for picture in pictures]
        weighted = zip(weights, pictures, strict=True)
        mean = sum(w * picture.score for w, picture in weighted) / sum(weights)
        found += [
            Seen(p.round, p.prompt, p.primitives, p.score - mean, p.deviation, p.believed)
            for p in pictures
        ]
    return found
