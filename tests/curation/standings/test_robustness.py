"""The attacks of `benchmarks.robustness`, fewer of them: what they gain stays what docs say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.attacks import Outcome, Setting, attacked, gather, ours, vote
from curation.reputations.rules import Record
from curation.standings.parameters import Parameters

ROUNDS = 8
PAIRS = 60  # a wallet can judge in a round
CAPS = Parameters()
UNCAPPED = replace(CAPS, candidate_cap=1e9, cluster_cap=1e9)


def outcomes(setting: Setting, counted: str = "ours", *, rounds: int = ROUNDS) -> list[Outcome]:
    return [attacked(setting, seed)[counted] for seed in range(rounds)]


def mean(found: list[Outcome], what: str) -> float:
    return float(np.mean([getattr(outcome, what) for outcome in found]))


def split(wallets: int, *, linked: bool, parameters: Parameters = CAPS) -> Setting:
    """One attacker who is careful everywhere else, and owns as much as all others together."""
    return Setting(
        kind="careful",
        attackers=wallets,
        their_ballots=PAIRS,
        linked=linked,
        parameters=parameters,
    )


@pytest.mark.parametrize("wallets", [1, 4, 16])
def test_threat_10_splitting_gains_no_more_than_stated(wallets):
    """Apart, wallets gain at most as many times what one does; joined, one cluster's cap."""
    apart = outcomes(split(wallets, linked=False))
    assert max(outcome.on_target for outcome in apart) <= wallets * CAPS.candidate_cap * (1 + 1e-9)
    joined = outcomes(split(wallets, linked=True))
    assert max(outcome.on_target for outcome in joined) <= CAPS.cluster_cap * (1 + 1e-9)
    assert mean(joined, "gained") <= 10
    assert mean(joined, "tau") >= 0.8


def test_threat_10_without_caps_splitting_would_gain_more_than_stated():
    """So that the test above can fail."""
    found = outcomes(split(16, linked=True, parameters=UNCAPPED))
    assert max(outcome.on_target for outcome in found) > CAPS.cluster_cap * 3


def test_threat_10_a_wallet_that_answered_no_gold_weighs_nothing():
    setting = split(64, linked=False)
    rng = np.random.default_rng(10)
    voters = gather(setting, rng)
    records = [Record(gold_answered=12, gold_passed=12)] * setting.honest + [Record()] * 64
    drawn = vote(setting, voters, rng)
    weights = ours(setting, drawn, voters, records)
    assert weights[drawn.voter < setting.honest].min() > 0
    assert weights[drawn.voter >= setting.honest].max() == 0


def test_half_of_the_stake_in_one_wallet_gains_little():
    one = split(1, linked=False)
    assert mean(outcomes(one), "gained") <= 5
    assert mean(outcomes(one, "linear"), "gained") >= 15


def test_attackers_who_fail_gold_are_held_down():
    found = [attacked(Setting(kind="careless"), seed) for seed in range(ROUNDS)]
    ours_, linear = ([outcome[name] for outcome in found] for name in ("ours", "linear"))
    assert mean(ours_, "gained") <= 2
    assert mean(ours_, "tau") >= 0.8
    assert mean(linear, "gained") >= 30
    assert mean(linear, "tau") <= 0.65


def test_attackers_who_vote_the_opposite_lose_their_weight_round_by_round():
    first, later = (
        outcomes(Setting(kind="hostile", earlier=earlier), rounds=3) for earlier in (0, 3)
    )
    assert mean(later, "share") < mean(first, "share") / 2
    assert mean(later, "tau") > mean(first, "tau") + 0.2
