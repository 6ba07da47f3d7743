"""Voters and stakers of a soak: they insist on an answer, and keep account of what they were told.

`python -m tests.faults.soak.roles voting SITE FACTS PER_S STAKERS` answers each JSON line with one:
`{"look": true}` with how far it got; `{"finish": true, "path": …}` with the same, once nobody waits
for an answer any more, and writes the ledger.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from collections import Counter
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from cryptography.hazmat.primitives.asymmetric import ec

from curation.accounts.keys import did_key_of
from curation.ballots.typed import BallotFields, Domain, SignedBallot, ballot_digest
from project.env import read_env
from tests.faults.soak.staking import Stakers
from tests.voters import as_body
from tests.wallets import BrowserKey

BOOTHS = 32
PATIENCE_S = 0.1
WAITS_S = 120.0  # for the last answers, once nobody casts any more
LOOK_EVERY_S = 3.0
UNTIL_CLOSE_S = 3.0
OPEN = """
SELECT r.id, c.digest FROM curation_round r JOIN curation_candidate c ON c.round_id = r.id
WHERE r.status = 'open' AND c.status = 'published' AND NOT c.trial
AND r.closes_at > now() + make_interval(secs => %s)
"""


class Walls(threading.Thread):
    """What hangs in open rounds, as far as was last seen."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.url = read_env().database_url
        self.digests: dict[int, list[str]] = {}
        self.done = threading.Event()

    def run(self) -> None:
        while not self.done.wait(LOOK_EVERY_S):
            try:
                with psycopg.connect(self.url, connect_timeout=5) as connection:
                    rows = connection.execute(OPEN, [UNTIL_CLOSE_S]).fetchall()
            except psycopg.Error:
                continue
            found: dict[int, list[str]] = {}
            for round_id, digest in rows:
                found.setdefault(round_id, []).append(digest)
            self.digests = found


class Ledger:
    """What voters were told; guarded by its lock."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.receipts: dict[str, dict[str, Any]] = {}
        self.refused: dict[str, str] = {}  # digest → why; none of these may be there
        self.unanswered: dict[str, str] = {}  # digest → voter; they may be there or not
        self.wrong: list[str] = []  # what should not have happened
        self.answered: list[tuple[float, float]] = []  # when (UNIX time), and after how long in ms
        self.sent = self.failures = self.repeats = 0


class Booth:
    """A connection to the site over which signed ballots are cast, again until answered."""

    def __init__(self, site: str, ledger: Ledger) -> None:
        self.place = urlsplit(site)
        self.ledger = ledger
        self.connection: HTTPConnection | None = None
        self.gives_up_at = float("inf")

    def insist(self, ballot: SignedBallot, digest: str) -> None:
        """Post until there is an answer; one time in twenty, once more after it."""
        ledger, text = self.ledger, json.dumps(as_body(ballot))
        begun = time.monotonic()
        with ledger.lock:
            ledger.sent += 1
        while (answer := self._post(text)) is None or answer[0] == 429:
            with ledger.lock:
                ledger.failures += answer is None
            if time.monotonic() > self.gives_up_at:
                with ledger.lock:
                    ledger.unanswered[digest] = ballot.fields.voter
                return
            time.sleep(PATIENCE_S if answer is None else 1)
        status, said = answer
        with ledger.lock:
            self._note(digest, ballot, status, said, 1000 * (time.monotonic() - begun))
            again = status == 201 and len(ledger.receipts) % 20 == 0
        if again and (second := self._post(text)) not in (None, (200, said)):
            with ledger.lock:
                ledger.wrong.append(f"{said} first, then {second}")

    def _note(
        self, digest: str, ballot: SignedBallot, status: int, said: dict[str, Any], took_ms: float
    ) -> None:
        ledger = self.ledger
        if status not in (200, 201):
            ledger.refused[digest] = str(said.get("code", status))
            return
        if said["digest"] != digest:
            ledger.wrong.append(f"{digest} was cast, the receipt is of {said['digest']}")
        ledger.repeats += status == 200
        ledger.answered.append((time.time(), took_ms))
        ledger.receipts[digest] = {
            "voter": said["voter"],
            "round": said["round"],
            "accepted_at": said["accepted_at"],
            "nonce": ballot.fields.nonce,
        }

    def _post(self, text: str) -> tuple[int, dict[str, Any]] | None:
        """Status and JSON; None when nobody answered, or only to say that it is broken."""
        try:
            if self.connection is None:
                self.connection = HTTPConnection(
                    str(self.place.hostname), self.place.port, timeout=20
                )
            headers = {"Content-Type": "application/json"}
            self.connection.request("POST", "/api/v1/ballots", text, headers)
            answer = self.connection.getresponse()
            said = json.loads(answer.read())
            if answer.status < 500:
                return answer.status, said
        except (OSError, HTTPException, ValueError):
            pass
        if self.connection is not None:
            self.connection.close()
        self.connection = None
        return None


class Voter:
    """One member's key and nonce, and which pairs they have judged."""

    def __init__(self, facts: dict[str, Any], number: int) -> None:
        self.address, secret = facts["voters"][number]
        self.key = BrowserKey.__new__(BrowserKey)
        self.key.private = ec.derive_private_key(secret, ec.SECP256R1())
        self.key.did_key = did_key_of(self.key.private.public_key())
        self.domain = Domain(facts["chain_id"], facts["contract"])
        self.rng = random.Random(number)
        self.judged: set[tuple[str, str]] = set()
        self.nonce = 0

    def next_ballot(self, walls: dict[int, list[str]]) -> tuple[SignedBallot, str] | None:
        """A ballot on a pair not judged before, with its digest; None when none is found."""
        rounds = [round_id for round_id, digests in walls.items() if len(digests) > 1]
        for _ in range(20 if rounds else 0):
            round_id = self.rng.choice(rounds)
            chosen, rejected = self.rng.sample(walls[round_id], 2)
            pair = (min(chosen, rejected), max(chosen, rejected))
            if pair not in self.judged:
                self.judged.add(pair)
                return self._signed(round_id, chosen, rejected)
        return None

    def _signed(self, round_id: int, chosen: str, rejected: str) -> tuple[SignedBallot, str]:
        self.nonce += 1
        fields = BallotFields(
            voter=self.address,
            round=round_id,
            chosen=chosen,
            rejected=rejected,
            outcome=0,
            nonce=self.nonce,
            issued_at=int(time.time()),
        )
        digest = ballot_digest(fields, self.domain)
        signature = self.key.sign(digest).hex()
        ballot = SignedBallot(fields=fields, signer=self.key.did_key, signature=signature)
        return ballot, digest.hex()


class Queue(threading.Thread):
    """Some of the voters in turn, at a steady pace as long as the site keeps up."""

    def __init__(self, booth: Booth, voters: list[Voter], walls: Walls, *, every_s: float) -> None:
        super().__init__(daemon=True)
        self.booth, self.voters, self.walls, self.every_s = booth, voters, walls, every_s
        self.done = threading.Event()

    def run(self) -> None:
        due = time.monotonic() + random.uniform(0, self.every_s)
        while not self.done.is_set():
            for voter in self.voters:
                if self.done.wait(max(0.0, due - time.monotonic())):
                    return
                if found := voter.next_ballot(self.walls.digests):
                    self.booth.insist(*found)
                due = max(due + self.every_s, time.monotonic() - 1)


def told(ledger: Ledger, stakes: Counter[str], staked: int) -> dict[str, Any]:
    """How far it got, for whoever watches."""
    with ledger.lock:
        now = time.time()
        recent = [ms for at, ms in ledger.answered[-5000:] if at > now - 10]
        return {
            "sent": ledger.sent,
            "acknowledged": len(ledger.receipts),
            "per_s": len(recent) / 10,
            "refused": dict(Counter(ledger.refused.values())),
            "stakes": staked,
            "stakes_refused": dict(stakes),
        }


def finish(ledger: Ledger, queues: list[Queue]) -> None:
    """Have nobody begin another ballot, and wait for those under way."""
    for queue in queues:
        queue.booth.gives_up_at = time.monotonic() + WAITS_S
        queue.done.set()
    for queue in queues:
        queue.join(WAITS_S + 30)
        if queue.is_alive():
            ledger.wrong.append("a voter still waits for an answer")


def main(site: str, path: Path, per_s: float, stakers: int) -> None:
    """Serve commands until stdin ends."""
    facts = json.loads(path.read_text())
    ledger, walls = Ledger(), Walls()
    walls.start()
    voters = [Voter(facts, number) for number in range(len(facts["voters"]))]
    booths = min(BOOTHS, len(voters))
    queues = [
        Queue(Booth(site, ledger), voters[n::booths], walls, every_s=booths / per_s)
        for n in range(booths)
    ]
    staking = Stakers(site, read_env().rpc_url, stakers, walls)
    for thread in (*queues, staking):
        thread.start()
    for line in sys.stdin:
        command = json.loads(line)
        if "finish" in command:
            staking.done.set()
            finish(ledger, queues)
            staking.join(60)
            walls.done.set()
            held = {name: value for name, value in vars(ledger).items() if name != "lock"}
            Path(command["path"]).write_text(json.dumps(held | {"stakes": staking.acknowledged}))
        print(json.dumps(told(ledger, staking.refused, len(staking.acknowledged))), flush=True)
