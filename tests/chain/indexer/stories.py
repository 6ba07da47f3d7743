"""Random events that an honest pair of contracts could have said."""

from __future__ import annotations

import hashlib
import random
from typing import Any

from eth_utils.address import to_checksum_address

from tests.chain.indexer.model import Model
from tests.chain.indexer.scripted import ScriptedChain

NOBODY = "0x" + "0" * 40
MEMBERS = [to_checksum_address(f"0x{n:040x}") for n in range(0xA11CE, 0xA11CE + 12)]
DIGESTS = [hashlib.sha256(bytes([n])).digest() for n in range(6)]
ROUNDS = (1, 2, 3)
Event = tuple[Any, ...]


def _hash(rng: random.Random) -> bytes:
    return rng.randbytes(32)


class Story:
    """Goes on from where a chain stands."""

    def __init__(self, chain: ScriptedChain, rng: random.Random) -> None:
        self.rng = rng
        self.model = Model.of(chain.events())

    def events(self, count: int) -> list[Event]:
        """Some things that may happen next."""
        happened: list[Event] = []
        while len(happened) < count:
            for event in self._next():
                self.model.tell(*event)
                happened.append(event)
        return happened

    def _next(self) -> list[Event]:
        rng, number = self.rng, self.rng.choice(ROUNDS)
        found = self.model.rounds.get(number)
        member = rng.choice(MEMBERS)
        if found is None:
            times = [1_800_000_000 + rng.randrange(10**6) + n * 10**6 for n in range(3)]
            return [("RoundOpened", number, (*times, rng.randrange(60, 10**6)))]
        if rng.random() < 0.2:
            return [("Transfer", NOBODY, member, rng.randrange(1, 10**22))]
        if found["state"] == "open":
            return self._open(number, member)
        if found["state"] == "proposed":
            return self._proposed(number, member)
        return self._over(number)

    def _open(self, number: int, member: str) -> list[Event]:
        rng, amount = self.rng, self.rng.randrange(1, 10**20)
        kind = rng.choices(
            ("stake", "fund", "anchor", "ballots", "propose", "cancel"), (60, 15, 8, 8, 2, 1)
        )[0]
        if kind == "stake":
            paid = ("Transfer", member, MEMBERS[0], amount)
            return [("Staked", number, member, rng.choice(DIGESTS), amount), paid]
        if kind == "fund":
            return [("Funded", number, member, amount)]
        if kind == "anchor":
            uri = rng.choice(("https://salon.example/b", "", "ünïcode ✓"))
            anchored = (number, rng.randrange(2**30), _hash(rng), rng.randrange(1, 2048), uri)
            return [("CandidatesAnchored", *anchored)]
        if kind == "ballots":
            return [("BallotsAnchored", number, _hash(rng))]
        if kind == "cancel":
            return [("RoundCancelled", number, member)]
        winners = rng.sample(DIGESTS, rng.randint(1, 3))
        shares = {1: [10_000], 2: [7_000, 3_000], 3: [5_000, 3_000, 2_000]}[len(winners)]
        result = (number, winners, shares, rng.choice((_hash(rng), bytes(32))), _hash(rng))
        return [("ResultProposed", *result, 1_900_000_000)]

    def _proposed(self, number: int, member: str) -> list[Event]:
        if self.rng.random() < 0.3:
            return [("ResultVetoed", number, member)]
        pool = self.model.rounds[number]["pool_wei"]
        return [("RoundSettled", number, pool, pool // 3)]

    def _over(self, number: int) -> list[Event]:
        left = [k for k, v in self.model.stakes.items() if k[0] == number and v[1] < v[0]]
        if left and self.rng.random() < 0.8:
            _, member, digest = key = self.rng.choice(left)
            principal = self.model.stakes[key][0]
            return [("Withdrawn", number, member, bytes.fromhex(digest), principal, principal // 7)]
        unpaid = [k for k, v in self.model.fundings.items() if k[0] == number and not v[1]]
        if unpaid:
            _, funder = key = self.rng.choice(unpaid)
            return [("Refunded", number, funder, self.model.fundings[key][0] // 3)]
        return [("Transfer", NOBODY, self.rng.choice(MEMBERS), self.rng.randrange(1, 10**22))]


def grow(chain: ScriptedChain, rng: random.Random, blocks: int) -> None:
    """Mine blocks, two thirds of them with something in them."""
    story = Story(chain, rng)
    for _ in range(blocks):
        chain.mine(*(story.events(rng.randint(1, 4)) if rng.random() < 0.67 else ()))
