"""Kills every process of a stack in turn, at random moments, and times how long it is away."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.faults.salon import Salon
from tests.project.stack.helpers import status

EVERYTHING = (
    *("web", "generation", "training", "default", "scheduler", "indexer"),
    *("postgres", "valkey", "anvil"),
)
AWAY_AT_MOST_S = 90.0
NOTICED_S = 0.4  # by the supervisor, which looks every 0.1 s
PAGE = "/healthz"


@dataclass
class Kill:
    """One of them: what was hit, when (UNIX time), and how long until all was up again."""

    name: str
    hit: str
    at: float
    away_s: float | None = None  # None: not within AWAY_AT_MOST_S


@dataclass
class Killer:
    """Takes processes in random order, each as often as the others."""

    salon: Salon
    rng: random.Random
    kills: list[Kill] = field(default_factory=list)

    def deck(self) -> Iterator[str]:
        """Without end."""
        while True:
            yield from self.rng.sample(EVERYTHING, len(EVERYTHING))

    def strike(self, name: str) -> Kill:
        """Kill some or all of a process and wait until every process is up again."""
        at = time.time()
        begun = time.monotonic()
        kill = Kill(name, self.salon.kill(name, self.rng), at)
        self.kills.append(kill)
        time.sleep(NOTICED_S)
        while time.monotonic() - begun < AWAY_AT_MOST_S:
            if self.up(answers=name == "web"):
                kill.away_s = time.monotonic() - begun
                break
            time.sleep(0.1)
        return kill

    def up(self, *, answers: bool = True) -> bool:
        """Whether every process is up and, if so wished, the web process answers.

        It may be too busy to: that is told by how long ballots wait, and holds up no kill.
        """
        rows = {row["name"]: row for row in status(self.salon.data)["processes"]}
        # The supervisor asks the web process for a page that takes long under load.
        others = [rows[name] for name in EVERYTHING if name != "web"]
        every = rows["web"]["pid"] and all(r["pid"] and r["state"] == "ready" for r in others)
        return bool(every) and not (answers and self.salon.page(PAGE) is None)
