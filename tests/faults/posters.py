"""Voters who cast ballots and insist on a receipt, whatever happens to the site meanwhile."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from itertools import combinations, count
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from curation.accounts.keys import did_key_of
from curation.ballots.typed import BallotFields, Domain, SignedBallot, ballot_digest
from tests.voters import as_body
from tests.wallets import BrowserKey

PATIENCE_S = 0.05


class Seat:
    """One voter of many, and the ballots they will cast: each on a pair of its own."""

    def __init__(self, facts: dict[str, Any], number: int) -> None:
        self.address, secret = facts["voters"][number]
        self.key = BrowserKey.__new__(BrowserKey)
        self.key.private = ec.derive_private_key(secret, ec.SECP256R1())
        self.key.did_key = did_key_of(self.key.private.public_key())
        self.domain = Domain(facts["chain_id"], facts["contract"])
        self.round = facts["round"]
        self.pairs = list(combinations(facts["digests"], 2))
        random.Random(number).shuffle(self.pairs)

    def ballots(self) -> Iterator[SignedBallot]:
        for nonce, (chosen, rejected) in zip(count(1), self.pairs, strict=False):
            fields = BallotFields(
                voter=self.address,
                round=self.round,
                chosen=chosen,
                rejected=rejected,
                outcome=0,
                nonce=nonce,
                issued_at=int(time.time()),
            )
            signature = self.key.sign(ballot_digest(fields, self.domain)).hex()
            yield SignedBallot(fields=fields, signer=self.key.did_key, signature=signature)


class Poster(threading.Thread):
    """Casts the ballots of some voters in turn, at a steady pace, until told to stop.

    `receipts`: acknowledged, by digest. `repeats`: how many of them were so only when asked
    again: the first answer was lost, or never came. `wrong`: what should not have happened.
    """

    def __init__(self, ports: list[int], seats: list[Seat], *, every_s: float) -> None:
        super().__init__(daemon=True)
        self.ports, self.every_s = ports, every_s
        self.turns = [seat.ballots() for seat in seats]
        self.receipts: dict[str, dict[str, Any]] = {}
        self.repeats = self.failures = 0
        self.wrong: list[str] = []
        self.done = threading.Event()
        self.connection: HTTPConnection | None = None
        self.port = 0

    def run(self) -> None:
        due = time.monotonic()
        while not self.done.is_set() and not self.wrong:
            for turn in self.turns:
                self._insist(as_body(next(turn)))
                due = max(due + self.every_s, time.monotonic() - 1)
                if self.done.wait(max(0.0, due - time.monotonic())):
                    break

    def _insist(self, body: dict[str, Any]) -> None:
        """Post until there is an answer; then, one time in ten, once more."""
        text = json.dumps(body)
        while (answer := self._post(text)) is None:
            self.failures += 1
            time.sleep(PATIENCE_S)
        status, receipt = answer
        if status not in (200, 201):
            self.wrong.append(f"{status}: {receipt}")
            return
        self.repeats += status == 200
        self.receipts[receipt["digest"]] = receipt
        if len(self.receipts) % 10 == 0 and (again := self._post(text)) not in (
            None,
            (200, receipt),
        ):
            self.wrong.append(f"{receipt} first, then {again}")

    def _post(self, text: str) -> tuple[int, dict[str, Any]] | None:
        """Status and JSON; None when nobody answered, or only to say that it is broken."""
        try:
            if self.connection is None:
                self.port = (self.port + 1) % len(self.ports)  # to the next one behind the proxy
                self.connection = HTTPConnection("127.0.0.1", self.ports[self.port], timeout=20)
            headers = {"Content-Type": "application/json"}
            self.connection.request("POST", "/api/v1/ballots", text, headers)
            answer = self.connection.getresponse()
            said = json.loads(answer.read())
        except (OSError, HTTPException, ValueError):
            said, answer = None, None
        if answer is None or answer.status >= 500:
            if self.connection is not None:
                self.connection.close()
            self.connection = None
            return None
        return answer.status, said
