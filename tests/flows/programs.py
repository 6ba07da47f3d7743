"""Members who use a site as programs do: a wallet, a browser key and the API."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.cookiejar import CookieJar
from typing import Any

from curation.ballots.typed import BallotFields, Domain, ballot_digest
from tests.wallets import BrowserKey, Wallet

Known = Mapping[tuple[str, str], str]  # (lower digest, higher) → what a careful look chooses
PREFERENCE, TIE = 0, 1
AT_ONCE = 12  # pairs asked for


class Program:
    """One member; `ask` keeps cookies as a browser does."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.wallet, self.key = Wallet(), BrowserKey()
        cookies = urllib.request.HTTPCookieProcessor(CookieJar())
        self.opener = urllib.request.build_opener(cookies)

    def ask(self, path: str, body: object = None) -> tuple[int, Any]:
        """Status and JSON of an endpoint; with a body it is a POST."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/api/v1/{path}", data, headers)
        try:
            with self.opener.open(request, timeout=20) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def sign_in(self) -> None:
        """Sign one message, which lets the browser key vote from now on."""
        wanted = {"address": self.wallet.address, "did_key": self.key.did_key}
        status, asked = self.ask("sign-in-message", wanted)
        assert status == 200, asked
        signed = {
            "message": asked["message"],
            "signature": self.wallet.sign(asked["message"]),
            "delegation_proof": self.key.prove(asked["nonce"]),
        }
        status, answer = self.ask("sign-in", signed)
        assert status == 200, answer

    def pairs(self, round_id: int) -> dict[str, Any]:
        """What there is to judge now."""
        status, found = self.ask(f"rounds/{round_id}/pairs?count={AT_ONCE}")
        assert status == 200, found
        return found

    def vote(self, round_id: int, served: dict[str, Any], *, favourite: str, known: Known) -> int:
        """Judge served pairs: the favourite over all others, tests as they should be, else a tie.

        How many had the favourite in them.
        """
        nonce, domain = int(served["last_nonce"]), served["domain"]
        place = Domain(domain["chainId"], domain["verifyingContract"])
        met = 0
        for pair in served["pairs"]:
            low, high = sorted((pair["left"]["digest"], pair["right"]["digest"]))
            chosen = known.get((low, high), favourite if favourite in (low, high) else "")
            met += chosen == favourite
            nonce += 1
            fields = BallotFields(
                voter=self.wallet.address,
                round=round_id,
                chosen=chosen or low,
                rejected=low if chosen == high else high,
                outcome=PREFERENCE if chosen else TIE,
                nonce=nonce,
                issued_at=int(time.time()),
            )
            self._cast(fields, place)
        return met

    def _cast(self, fields: BallotFields, place: Domain) -> None:
        body = {
            "voter": fields.voter,
            "round": fields.round,
            "chosen": fields.chosen,
            "rejected": fields.rejected,
            "outcome": fields.outcome,
            "nonce": str(fields.nonce),
            "issuedAt": fields.issued_at,
            "signer": self.key.did_key,
            "signature": self.key.sign(ballot_digest(fields, place)).hex(),
        }
        while (answer := self.ask("ballots", body))[0] == 429:  # people do not vote that quickly
            time.sleep(1)
        assert answer[0] == 201, answer
