"""Members of a soak who stake on anchored pictures, as a wallet does."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from typing import Protocol

import requests
from eth_utils.crypto import keccak

from project.simulation.members import HttpMember, SiteRefused
from project.simulation.stakes import NodeRefused, Purse, refusal

STAKE = "1"  # tokens
REST_S = 1.0


class Walls(Protocol):
    """What hangs in open rounds."""

    digests: dict[int, list[str]]


class Stakers(threading.Thread):
    """Each stakes on some picture, again and again; what fails is tried with another.

    `acknowledged`: transactions that the chain said it had included, with the time it said so.
    """

    def __init__(self, site: str, node: str, count: int, walls: Walls) -> None:
        super().__init__(daemon=True)
        run = random.randrange(10**9)
        self.members = [
            HttpMember(site, keccak(text=f"soak {run} {number}")) for number in range(count)
        ]
        self.purses = [Purse(member, node) for member in self.members]
        self.walls = walls
        self.lock = threading.Lock()
        self.acknowledged: list[tuple[str, float]] = []
        self.refused: Counter[str] = Counter()
        self.done = threading.Event()

    def run(self) -> None:
        threads = [
            threading.Thread(target=self._work, args=(purse,), daemon=True) for purse in self.purses
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _work(self, purse: Purse) -> None:
        rng = random.Random(purse.member.address)
        ready = False
        while not self.done.wait(rng.uniform(0.5, 1.5) * REST_S):
            try:
                if not ready:
                    purse.member.sign_in()
                    purse.fill()
                    ready = True
                self._stake(purse, rng)
            except (SiteRefused, NodeRefused, requests.RequestException, ValueError) as error:
                with self.lock:
                    self.refused[refusal(error)] += 1

    def _stake(self, purse: Purse, rng: random.Random) -> None:
        rounds = list(self.walls.digests.items())
        if not rounds:
            return
        round_id, digests = rng.choice(rounds)
        digest = purse.stake(round_id, rng.choice(digests), STAKE)
        with self.lock:
            self.acknowledged.append((digest, time.time()))
