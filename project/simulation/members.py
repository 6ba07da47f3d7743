"""A made-up member: a wallet, a session, and the site's public API."""

from __future__ import annotations

import io
from typing import Any

import requests
from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data
from PIL import Image

TIMEOUT_S = 30.0
PREFERENCE = 0
BALLOT = {
    "Ballot": [
        {"name": "voter", "type": "address"},
        {"name": "round", "type": "uint256"},
        {"name": "chosen", "type": "bytes32"},
        {"name": "rejected", "type": "bytes32"},
        {"name": "outcome", "type": "uint8"},
        {"name": "nonce", "type": "uint256"},
        {"name": "issuedAt", "type": "uint256"},
    ]
}


class SiteRefused(Exception):
    """The site answered with a problem; `code` is its word for it."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status, self.code = status, code


class HttpMember:
    """Signs in and votes as a script of anybody's would; holds the key of its own wallet."""

    def __init__(self, site: str, key: bytes) -> None:
        self.site = site
        self.account = Account.from_key(key)
        self.session = requests.Session()
        self.last_nonce = 0

    @property
    def address(self) -> str:
        return str(self.account.address)

    def ask(self, path: str, body: Any = None) -> Any:
        """The JSON at an address of the API; a `body` is posted.

        Raises:
            SiteRefused: the site answers with a problem.
            requests.RequestException: it does not answer.
        """
        url = f"{self.site}/api/v1/{path}"
        if body is None:
            answer = self.session.get(url, timeout=TIMEOUT_S)
        else:
            answer = self.session.post(url, json=body, timeout=TIMEOUT_S)
        if not answer.ok:
            raise _refusal(answer)
        return answer.json()

    def sign_in(self) -> None:
        """Sign the site's message with the wallet."""
        message = self.ask("sign-in-message", {"address": self.address})["message"]
        signed = self.account.sign_message(encode_defunct(text=message))
        self.ask("sign-in", {"message": message, "signature": f"0x{signed.signature.hex()}"})

    def pairs(self, round_id: int, count: int) -> dict[str, Any]:
        """The next pairs to judge, with what it takes to sign ballots on them."""
        found: dict[str, Any] = self.ask(f"rounds/{round_id}/pairs?count={count}")
        self.last_nonce = max(self.last_nonce, int(found["last_nonce"]))
        return found

    def picture(self, path: str) -> Image.Image:
        """A picture of the site's, in full size."""
        answer = self.session.get(f"{self.site}{path}", timeout=TIMEOUT_S)
        if not answer.ok:
            raise _refusal(answer)
        image = Image.open(io.BytesIO(answer.content), formats=("PNG", "WEBP"))
        image.load()
        return image

    def vote(
        self, domain: dict[str, Any], round_id: int, chosen: str, rejected: str, now: int
    ) -> dict[str, Any]:
        """Sign a preference and cast it; returns the receipt."""
        self.last_nonce += 1
        fields = {
            "voter": self.address,
            "round": round_id,
            "chosen": chosen,
            "rejected": rejected,
            "outcome": PREFERENCE,
            "nonce": self.last_nonce,
            "issuedAt": now,
        }
        message = fields | {"chosen": bytes.fromhex(chosen), "rejected": bytes.fromhex(rejected)}
        signable = encode_typed_data(domain, BALLOT, message)
        signature = self.account.sign_message(signable).signature.hex()
        body = fields | {"nonce": str(self.last_nonce), "signature": signature, "signer": "wallet"}
        receipt: dict[str, Any] = self.ask("ballots", body)
        return receipt


def _refusal(answer: requests.Response) -> SiteRefused:
    try:
        problem = answer.json()
        return SiteRefused(answer.status_code, problem["code"], problem["detail"])
    except (ValueError, KeyError, TypeError):
        return SiteRefused(answer.status_code, "unexpected", answer.text[:200])
