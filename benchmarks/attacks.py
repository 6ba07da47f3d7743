"""Rounds of voters who are simulated, some of whom push one candidate with half of the stake.

Votes are drawn here; reputations, weights, caps and standings are those of the site. Candidates
have true scores, drawn from a normal distribution, and careful voters choose by them as
Bradley–Terry says. What voters are shown is drawn as the site serves pairs: half of them within
prompts of four, and nobody can ask for a pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise

import numpy as np

from curation.reputations.rules import Needs, Record, value
from curation.standings.bradley_terry import deviations, fit
from curation.standings.comparisons import aggregated
from curation.standings.crowd_bt import Judged, reliability
from curation.standings.parameters import WEI, Parameters
from curation.standings.weights import Line, ballot_weights, base_weight, clusters

KINDS = ("careless", "knowing", "hostile", "careful")
NEEDS = Needs(age=timedelta(hours=24), gold=10)
OLD = timedelta(days=30)
CARELESS = 0.15  # of the honest; every other answer of theirs is a coin's
LAPSES = 0.03  # of a careful voter's answers are a coin's


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Sizes of a round and of the attack on it."""

    candidates: int = 100
    honest: int = 160
    attackers: int = 40
    ballots: int = 20  # by each voter
    their_ballots: int = 20  # by each attacker
    gold: int = 12  # pairs each has answered before the round
    stake: float = 0.5  # the attackers' share
    kind: str = "careless"
    linked: bool = False  # attackers have sent each other tokens
    earlier: int = 0  # rounds counted before, in each of which they pushed another candidate
    parameters: Parameters = field(default_factory=Parameters)


@dataclass(frozen=True)
class Voters:
    """Who votes: the honest first."""

    lapses: np.ndarray  # share of answers that are a coin's
    principal: np.ndarray  # tokens
    passed: np.ndarray  # gold pairs


@dataclass(frozen=True)
class Drawn:
    """A round: ballots (b,) of who chose which, and true scores (n,)."""

    truth: np.ndarray
    target: int
    voter: np.ndarray
    chosen: np.ndarray
    rejected: np.ndarray


def gather(setting: Setting, rng: np.random.Generator) -> Voters:
    """Voters with their tests and tokens; what attackers own is spread evenly over them."""
    honest, attackers = setting.honest, setting.attackers
    lapses = np.where(rng.random(honest) < CARELESS, 0.5, LAPSES)
    passed = rng.binomial(setting.gold, 1 - lapses / 2)
    share = 0.5 if setting.kind == "careless" else 1.0
    tokens = rng.lognormal(np.log(100), 1.2, honest)
    theirs = tokens.sum() * setting.stake / (1 - setting.stake) / max(attackers, 1)
    return Voters(
        np.concatenate([lapses, np.zeros(attackers)]),
        np.concatenate([tokens, np.full(attackers, theirs)]),
        np.concatenate([passed, rng.binomial(setting.gold, share, attackers)]),
    )


def vote(setting: Setting, voters: Voters, rng: np.random.Generator) -> Drawn:
    """One round."""
    n, everyone = setting.candidates, len(voters.lapses)
    truth = rng.normal(0, setting.parameters.prior_deviation, n)
    target = int(rng.integers(n))
    is_honest = np.arange(everyone) < setting.honest
    voter = np.repeat(
        np.arange(everyone), np.where(is_honest, setting.ballots, setting.their_ballots)
    )
    one = rng.integers(0, n, len(voter))
    sibling = one // 4 * 4 + (one % 4 + rng.integers(1, 4, len(voter))) % 4
    anyone = (one + rng.integers(1, n, len(voter))) % n
    other = np.where(rng.random(len(voter)) < 0.5, sibling, anyone)
    likely = 1 / (1 + np.exp(truth[other] - truth[one]))
    likely += voters.lapses[voter] * (0.5 - likely)
    luck = rng.random(len(voter))
    first = luck < likely
    otherwise = {"careful": first, "hostile": truth[one] < truth[other]}
    pushed = otherwise.get(setting.kind, luck < 0.5)
    pushed = np.where(one == target, True, np.where(other == target, False, pushed))
    first = np.where(voter >= setting.honest, pushed, first)
    return Drawn(truth, target, voter, np.where(first, one, other), np.where(first, other, one))


def plain(drawn: Drawn) -> np.ndarray:
    """One vote, one weight."""
    return np.ones(len(drawn.voter))


def linear(drawn: Drawn, voters: Voters) -> np.ndarray:
    """A vote weighs what its voter has staked; the mean is 1."""
    return voters.principal[drawn.voter] / voters.principal.mean()


def ours(setting: Setting, drawn: Drawn, voters: Voters, records: Sequence[Record]) -> np.ndarray:
    """Weights as the site has them."""
    names = [f"voter {number:06}" for number in range(len(records))]
    gang = names[setting.honest :] if setting.linked else []
    heads = clusters(names, pairwise(gang))
    bases = [
        base_weight(value(record, age=OLD, needs=NEEDS), int(tokens * WEI), setting.parameters)
        for record, tokens in zip(records, voters.principal, strict=True)
    ]
    lines = [
        Line(names[voter], heads[names[voter]], str(one), str(other), bases[voter])
        for voter, one, other in zip(
            drawn.voter.tolist(), drawn.chosen.tolist(), drawn.rejected.tolist(), strict=True
        )
    ]
    return np.array(ballot_weights(lines, setting.parameters))


def scores_of(drawn: Drawn, weights: np.ndarray) -> np.ndarray:
    n = len(drawn.truth)
    return fit(n, aggregated(drawn.chosen, drawn.rejected, weights)).scores


def learned(drawn: Drawn, weights: np.ndarray, records: Sequence[Record]) -> list[Record]:
    """Records after a tally."""
    n = len(drawn.truth)
    comparisons = aggregated(drawn.chosen, drawn.rejected, weights)
    scores = fit(n, comparisons).scores
    variance = deviations(n, comparisons, scores) ** 2
    judged: list[list[Judged]] = [[] for _ in records]
    for voter, one, other, weight in zip(
        drawn.voter, drawn.chosen, drawn.rejected, weights, strict=True
    ):
        apart, spread = scores[one] - scores[other], variance[one] + variance[other]
        judged[voter].append(Judged(float(apart), float(spread), float(weight)))
    after = []
    for record, ballots in zip(records, judged, strict=True):
        agreed, disagreed = reliability(record.agreed, record.disagreed, ballots)
        after.append(replace(record, agreed=agreed, disagreed=disagreed))
    return after


def agreement(scores: np.ndarray, truth: np.ndarray) -> float:
    """Kendall's tau (no ties)."""
    upper = np.triu_indices(len(truth), 1)
    signs = [np.sign(values[:, None] - values[None, :])[upper] for values in (scores, truth)]
    return float((signs[0] * signs[1]).mean())


def place(scores: np.ndarray, candidate: int) -> int:
    """From 0, the best."""
    return int((scores > scores[candidate]).sum())


@dataclass(frozen=True)
class Outcome:
    """What an attack did to one way of counting."""

    gained: float  # places of the target, per 100, against the same round without them
    tau: float  # of the standings with the true scores
    tau_without: float  # the same without the attackers
    share: float  # the attackers', of all weight
    on_target: float  # Σ weights of their ballots with the target


def attacked(setting: Setting, seed: int) -> dict[str, Outcome]:
    """One round counted in three ways, with and without the attack."""
    rng = np.random.default_rng([seed, 10])
    voters = gather(setting, rng)
    records = [Record(gold_answered=setting.gold, gold_passed=int(p)) for p in voters.passed]
    for number in range(setting.earlier):
        before = vote(setting, voters, np.random.default_rng([seed, 11, number]))
        records = learned(before, ours(setting, before, voters, records), records)
    drawn = vote(setting, voters, np.random.default_rng([seed, 12]))
    honest = drawn.voter < setting.honest
    counts = {
        "plain": plain(drawn),
        "linear": linear(drawn, voters),
        "ours": ours(setting, drawn, voters, records),
    }
    found = {}
    for name, weights in counts.items():
        now, then = scores_of(drawn, weights), scores_of(drawn, weights * honest)
        gained = place(then, drawn.target) - place(now, drawn.target)
        with_target = (drawn.chosen == drawn.target) | (drawn.rejected == drawn.target)
        found[name] = Outcome(
            gained=gained * 100 / setting.candidates,
            tau=agreement(now, drawn.truth),
            tau_without=agreement(then, drawn.truth),
            share=float(weights[~honest].sum() / weights.sum()),
            on_target=float(weights[~honest & with_target].sum()),
        )
    return found
