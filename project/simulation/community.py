"""Everybody at work: they sign in, post a brief, and judge its rounds as they open."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import requests
from eth_utils.crypto import keccak
from PIL import Image

from project.simulation.members import HttpMember, SiteRefused
from project.simulation.stakes import NodeRefused, Purse, refusal
from project.simulation.tastes import SCALES, TASTES, spoilt

ALIKE = 0.1  # of a taste's scale: less than that is decided by a coin
AT_ONCE = 4  # members who look at pictures at the same moment
PAIRS = 4  # asked for at a time
REST_S = 4.0  # between two looks when there is nothing to judge
STAKERS = 1 / 4  # of the members
STAKE = "5"  # tokens, once a round each
DONE_BY = 0.9  # of a round's time: who judges all at once misses the pictures that come later
LOOKS_BEFORE = 3  # at a round, before one stakes on what one likes best there
BUSY = {"too-many", "too-many-ballots", "round-closed", "ballot-stale"}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Who takes part, for how long, and what they like."""

    site: str
    members: int
    taste: str
    noise: float  # share of votes that go the other way
    minutes: float
    round_minutes: int
    candidates: int
    seed: int
    node: str = ""  # a development chain's JSON-RPC; without one nobody stakes


@dataclass
class Tally:
    """What the community did so far."""

    ballots: Counter[int] = field(default_factory=Counter)  # by round
    stakes: int = 0
    refused: Counter[str] = field(default_factory=Counter)


def _passed(round_: dict[str, Any]) -> float:
    """The share of a round's time by which a member's share of pairs is judged, [0, 1]."""
    opened, closes = (datetime.fromisoformat(round_[at]) for at in ("opened_at", "closes_at"))
    return min(1.0, (datetime.now(UTC) - opened) / (closes - opened) / DONE_BY)


class Eye:
    """A taste with some noise; never mistakes a spoilt picture for a whole one."""

    def __init__(self, taste: str, noise: float, rng: random.Random) -> None:
        self.score, self.scale = TASTES[taste], SCALES[taste]
        self.noise, self.rng = noise, rng

    def prefers_left(self, left: Image.Image, right: Image.Image) -> bool:
        """Which of two pictures is liked better."""
        if (bad := spoilt(left, right)) is not None:
            return bad == 1
        apart = (self.score(left) - self.score(right)) / self.scale
        if abs(apart) < ALIKE:
            return self.rng.random() < 0.5
        return (apart > 0) != (self.rng.random() < self.noise)


class Community:
    """Members in a few threads, until the time is up."""

    def __init__(self, plan: Plan, say: Callable[[str], None]) -> None:
        self.plan, self.say, self.did = plan, say, Tally()
        self.members = [
            HttpMember(plan.site, keccak(text=f"simulated member {plan.seed} {number}"))
            for number in range(plan.members)
        ]
        self.slug = ""
        stakers = self.members[: round(STAKERS * plan.members)] if plan.node else []
        self.purses = {member.address: Purse(member, plan.node) for member in stakers}
        self._shares: dict[tuple[str, int], tuple[int, int]] = {}  # may judge, and have judged
        self._looks: Counter[tuple[str, int]] = Counter()
        self._lock = threading.Lock()
        self._pictures: dict[str, Image.Image] = {}

    def gather(self) -> None:
        """Sign everybody in.

        Raises:
            SiteRefused, requests.RequestException: the site takes nobody in.
        """
        for number, member in enumerate(self.members, 1):
            self._patiently(member.sign_in)
            if number % 8 == 0 or number == len(self.members):
                self.say(f"signed in {number} of {len(self.members)}")

        self._fill_purses()

    def _fill_purses(self) -> None:
        for address, purse in list(self.purses.items()):
            try:
                purse.fill()
            except (SiteRefused, NodeRefused) as error:
                del self.purses[address]
                self.say(f"{address[:8]} will not stake: {error}")
        if self.purses:
            self.say(f"{len(self.purses)} of them have tokens to stake")

    def post_brief(self) -> str:
        """Have the first member post the brief that everybody judges; returns its slug."""
        plan = self.plan
        brief = self.members[0].ask(
            "briefs",
            {
                "title": "An emblem for a house of many hands",
                "purpose": "A made-up community teaches the designer what it likes, so that "
                "everyone can watch how that goes.",
                "rounds_planned": min(24, max(2, round(plan.minutes / plan.round_minutes) + 1)),
                "candidates_per_round": plan.candidates,
                "round_minutes": plan.round_minutes,
            },
        )
        self.slug = brief["slug"]
        return self.slug

    def work(self, until: float, over: threading.Event) -> None:
        """Judge what there is to judge until a time (`time.monotonic`)."""
        shares = [self.members[start::AT_ONCE] for start in range(AT_ONCE)]
        threads = [
            threading.Thread(target=self._take_turns, args=(share, until, over), daemon=True)
            for share in shares
            if share
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _take_turns(self, members: list[HttpMember], until: float, over: threading.Event) -> None:
        eyes = {
            member.address: Eye(
                self.plan.taste, self.plan.noise, random.Random(f"{self.plan.seed}{member.address}")
            )
            for member in members
        }
        while time.monotonic() < until and not over.is_set():
            judged = 0
            for member in members:
                if time.monotonic() >= until or over.is_set():
                    break
                judged += self._visit(member, eyes[member.address])
            if not judged:
                over.wait(REST_S)

    def _visit(self, member: HttpMember, eye: Eye) -> int:
        """Judge a few pairs of every open round of the brief; how many it was."""
        try:
            return self._look_around(member, eye)
        except SiteRefused as refused:
            with self._lock:
                self.did.refused[refused.code] += 1
            if refused.code not in BUSY:
                self.say(f"{member.address[:8]} was refused: {refused}")
        except requests.RequestException as error:
            self.say(f"the site does not answer: {type(error).__name__}")
            time.sleep(REST_S)
        return 0

    def _look_around(self, member: HttpMember, eye: Eye) -> int:
        rounds = member.ask(f"rounds?brief={self.slug}&status=open")["items"]
        judged = sum(self._judge(member, eye, round_) for round_ in rounds)
        if member.address in self.purses:
            for round_ in rounds:
                self._stake(member, eye, round_["id"])
        return judged

    def _judge(self, member: HttpMember, eye: Eye, round_: dict[str, Any]) -> int:
        """Judge a few pairs, unless the member is ahead of the round's pictures."""
        round_id = round_["id"]
        with self._lock:
            share, done = self._shares.get((member.address, round_id), (PAIRS, 0))
        if done >= share * _passed(round_):
            return 0
        found = member.pairs(round_id, PAIRS)
        with self._lock:
            self._shares[member.address, round_id] = (
                found["judged"] + found["remaining"],
                found["judged"] + len(found["pairs"]),
            )
        if not found["domain"]:
            return 0  # the contracts do not stand yet
        for pair in found["pairs"]:
            left, right = (self._picture(member, pair[side]) for side in ("left", "right"))
            sides = [pair["left"]["digest"], pair["right"]["digest"]]
            if not eye.prefers_left(left, right):
                sides.reverse()
            member.vote(found["domain"], round_id, sides[0], sides[1], int(time.time()))
            with self._lock:
                self.did.ballots[round_id] += 1
        return len(found["pairs"])

    def _stake(self, member: HttpMember, eye: Eye, round_id: int) -> None:
        """Stake once on the picture of a round that is liked best, after some looks around."""
        with self._lock:
            self._looks[member.address, round_id] += 1
            if self._looks[member.address, round_id] != LOOKS_BEFORE:
                return
        hung = member.ask(f"rounds/{round_id}/candidates")["items"]
        if not hung:
            with self._lock:
                self._looks[member.address, round_id] -= 1
            return
        try:
            best = max(hung, key=lambda one: eye.score(self._picture(member, one)))
            self.purses[member.address].stake(round_id, best["digest"], STAKE)
        except (SiteRefused, NodeRefused) as error:  # such as a picture not anchored yet
            with self._lock:
                self._looks[member.address, round_id] -= 1
                self.did.refused[refusal(error)] += 1
            return
        with self._lock:
            self.did.stakes += 1

    def _picture(self, member: HttpMember, side: dict[str, str]) -> Image.Image:
        with self._lock:
            known = self._pictures.get(side["digest"])
        if known is None:
            known = member.picture(side["picture"])
            with self._lock:
                self._pictures[side["digest"]] = known
        return known

    def _patiently(self, act: Callable[[], None]) -> None:
        """Do it, waiting a minute at a time while the site says that it is too often."""
        while True:
            try:
                return act()
            except SiteRefused as refused:
                if refused.code != "too-many":
                    raise
                self.say("the site asks to wait a minute")
                time.sleep(60)
