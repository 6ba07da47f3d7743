"""The closed loop without people: three hidden tastes, beside the plain research recipe.

Each taste has a site of its own (`benchmarks.taught`). After every round the version trained on the
votes so far draws fresh prompts, as the base does at the same seeds, and the taste says which it
prefers, without noise. The plain recipe (Diffusion-DPO with a LoRA, hard labels, a row for every
ballot, from the base) trains on the same ballots for as many steps of as many rows, and is asked
the same. Its pictures are not voted on: the votes are on ours.
"""

from __future__ import annotations

import json
from typing import Any

from benchmarks.harness import Row, main, module, process, say

TASTES = {"warm": "palette", "dark": "ground", "ornate": "frame"}
POISONED = (0.01, 0.05, 0.1)  # of a larger community's members
CROWD = {"members": 100, "pairs": 16}
ROUNDS = 3
# Of three βs and two rates, tried on a taste that is none of these, none did better.
PLAIN = {"beta": 200.0, "rate": 1e-3}
SMALL = {"members": 8, "pairs": 16, "candidates": 16, "steps": 10}


def measure(quick: bool) -> list[Row]:
    """A row for each taste, and for members who poison one of them."""
    rows = [_row(taste, taste, _play(taste, quick=quick)) for taste in TASTES]
    for share in POISONED:
        rounds = _play("warm", quick=quick, poisoned=share)
        rows.append(_row(f"warm-{share:.0%}-poisoned".replace("%", ""), "warm", rounds))
    return rows


def _play(taste: str, *, quick: bool, poisoned: float = 0.0) -> list[dict[str, Any]]:
    options = ["--rounds", 2 if quick else ROUNDS, "--plain", json.dumps(PLAIN)]
    size = SMALL if quick else CROWD if poisoned else {}
    options += ["--size", json.dumps(size | {"poisoned": poisoned})]
    found = []
    with process(module("benchmarks.taught", taste, *options), talk=True) as player:
        assert player.stdout is not None
        for line in player.stdout:
            found.append(json.loads(line))
            say(f"{taste}: {_told(found[-1])}")
        if player.wait() != 0:
            raise SystemExit(f"{taste} could not be played to its end.")
    return found


def _row(name: str, taste: str, rounds: list[dict[str, Any]]) -> Row:
    """The version trained last that passed its guards, against the base."""
    last = rounds[-1]
    passed = [found for found in rounds if found.get("ours") and found["run"] == "finished"]
    final = passed[-1]["ours"] if passed else None
    ratio = f"{final['rate']:.2f} ({final['low']:.2f} to {final['high']:.2f})" if final else "none"
    told = "; ".join(_told(found) for found in rounds)
    details = f"{TASTES[taste]}, {last['votes']:,} votes, {last['minutes']:.0f} min; {told}"
    return Row(f"closed-loop-{name}", ratio, "> .5", details)


def _told(found: dict[str, Any]) -> str:
    parts = [f"round {found['round']} ({found['votes']:,} votes)"]
    for name, title in (("ours", "trained"), ("plain", "plain recipe")):
        if one := found.get(name):
            parts.append(
                f"{title} {one['rate']:.2f} ({one['low']:.2f} to {one['high']:.2f}), "
                f"{one['change']:+.2f} sd"
            )
    if figures := found.get("figures"):
        known = ", ".join(f"{k} {v:.3f}" for k, v in figures.items() if v is not None)
        parts.append(f"{found['run']}: {known}")
    parts.append(f"draws: {found['live'] or 'the base'}")
    return ", ".join(parts)


if __name__ == "__main__":
    main(measure, __doc__)
