"""What attackers gain who hold half of the stake, counted in three ways on the same votes.

A fifth of 200 voters, who cast a fifth of 4,000 ballots on 100 candidates, push one candidate
whenever they are shown it. `benchmarks.attacks` says how everything is drawn.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import harness
from benchmarks.harness import Row, say

if TYPE_CHECKING:
    from benchmarks.attacks import Outcome, Setting

WALLETS = (1, 2, 4, 8, 16, 32, 64)
PAIRS = 60  # a wallet can judge in a round
Outcomes = list[dict[str, "Outcome"]]


def measure(quick: bool) -> Sequence[Row]:
    """All attacks, each with rounds of its own."""
    with harness.data_folder() as data:
        os.environ.update(SALON_DATA=str(data), DJANGO_SETTINGS_MODULE="project.settings")
        import django

        django.setup()
        from benchmarks.attacks import KINDS, Setting

        rounds = 6 if quick else 100
        outcomes = {kind: played(Setting(kind=kind), rounds) for kind in KINDS}
        later = {
            kind: played(Setting(kind=kind, earlier=3), max(3, rounds // 4)) for kind in KINDS[1:]
        }
        linked = played(Setting(kind="careful", linked=True), rounds)
        return [
            *gold_failed(outcomes["careless"]),
            gold_passed(outcomes, later, linked),
            splits(max(3, rounds // 2)),
        ]


def played(setting: Setting, rounds: int) -> Outcomes:
    """Outcomes of rounds that differ in everything drawn."""
    from benchmarks.attacks import attacked

    say(f"{setting.kind}, {setting.attackers} attackers, {setting.earlier} rounds before")
    return [attacked(setting, seed) for seed in range(rounds)]


def gold_failed(outcomes: Outcomes) -> list[Row]:
    """Attackers who flip a coin for whatever is not their candidate, gold pairs too."""
    others = "; ".join(
        f"{name}: {told(outcomes, name, 'gained')} places, tau {told(outcomes, name, 'tau')}"
        for name in ("plain", "linear")
    )
    alone = told(outcomes, "ours", "tau_without")
    return [
        Row(
            "robustness",
            told(outcomes, "ours", "gained"),
            "≤ 1",
            f"places of 100 gained by the target of attackers who fail gold pairs; {others}; "
            f"attackers' share of weight {mean(outcomes, 'ours', 'share'):.3f} with ours, "
            f"{len(outcomes)} rounds, intervals of 95%",
        ),
        Row(
            "robustness-tau",
            told(outcomes, "ours", "tau"),
            "≥ 0.80",
            f"Kendall's tau of the standings with the true order; the honest alone: {alone}",
        ),
    ]


def gold_passed(outcomes: dict[str, Outcomes], later: dict[str, Outcomes], linked: Outcomes) -> Row:
    """Attackers who pass every gold pair, whatever else they do."""
    does = {"knowing": "coins otherwise", "hostile": "the opposite", "careful": "honest otherwise"}
    first = [f"{does[kind]}: {both(outcomes[kind])}" for kind in does]
    after = [f"{does[kind]} {both(later[kind])}" for kind in does]
    return Row(
        "robustness-gold",
        told(outcomes["careful"], "ours", "gained"),
        "report",
        f"places gained by attackers who pass gold pairs and are honest otherwise; plain, linear, "
        f"ours as places (tau): {'; '.join(first)}; after three rounds: {'; '.join(after)}; "
        f"honest otherwise and known to have sent each other tokens: {both(linked)}",
    )


def splits(rounds: int) -> Row:
    """One careful attacker with half of the stake in k wallets, each judging all it is given."""
    from benchmarks.attacks import NEEDS, Setting

    found = {}
    for linked in (False, True):
        for wallets in WALLETS:
            setting = Setting(kind="careful", attackers=wallets, their_ballots=PAIRS, linked=linked)
            outcomes = played(setting, rounds)
            found[linked, wallets] = [
                mean(outcomes, "ours", "gained"),
                mean(outcomes, "ours", "on_target"),
            ]
    gains = found[False, WALLETS[-1]][1] / found[False, 1][1]
    lists = [
        ", ".join(f"{k}: {found[linked, k][0]:.1f} ({found[linked, k][1]:.1f})" for k in WALLETS)
        for linked in (False, True)
    ]
    return Row(
        "robustness-split",
        f"{gains:.0f}",
        f"≤ {WALLETS[-1]}",
        f"times the weight on the target from 64 wallets instead of one; wallets: places gained "
        f"(weight with the target), apart: {lists[0]}; joined by transfers: {lists[1]}; cost "
        f"of a wallet: {NEEDS.gold} gold pairs, {NEEDS.age.total_seconds() / 3600:.0f} h, "
        f"{PAIRS} pairs judged; {rounds} rounds each",
    )


def both(outcomes: Outcomes) -> str:
    """Places and tau by each way of counting."""
    return ", ".join(
        f"{mean(outcomes, name, 'gained'):.1f} ({mean(outcomes, name, 'tau'):.2f})"
        for name in ("plain", "linear", "ours")
    )


def values(outcomes: Outcomes, name: str, what: str) -> np.ndarray:
    return np.array([getattr(outcome[name], what) for outcome in outcomes])


def mean(outcomes: Outcomes, name: str, what: str) -> float:
    return float(values(outcomes, name, what).mean())


def told(outcomes: Outcomes, name: str, what: str) -> str:
    """A mean with its interval."""
    found = values(outcomes, name, what)
    return f"{found.mean():.2f} ± {1.96 * found.std(ddof=1) / len(found) ** 0.5:.2f}"


if __name__ == "__main__":
    harness.main(measure, __doc__)
