"""A visitor's browser, as far as the API sees it."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.test import Client

from tests.wallets import BrowserKey, Wallet


class Visitor:
    """Keeps a cookie jar and knows how to sign in."""

    def __init__(self) -> None:
        self.client = Client(headers={"User-Agent": "Tests/1.0"})

    @property
    def session_key(self) -> str:
        return self.client.cookies[settings.SESSION_COOKIE_NAME].value

    def post(self, path: str, body: Any, **headers: str) -> Any:
        return self.client.post(
            f"/api/v1/{path}", json.dumps(body), content_type="application/json", headers=headers
        )

    def message(self, wallet: Wallet, key: BrowserKey | None = None) -> dict[str, Any]:
        """A message of the site for a wallet, with its nonce."""
        answer = self.post(
            "sign-in-message",
            {"address": wallet.address, "did_key": key.did_key if key else ""},
        )
        assert answer.status_code == 200, answer.content
        return answer.json()

    def sign_in(self, wallet: Wallet, key: BrowserKey | None = None) -> Any:
        """The whole way."""
        asked = self.message(wallet, key)
        return self.present(
            asked["message"],
            wallet.sign(asked["message"]),
            key.prove(asked["nonce"]) if key else "",
        )

    def present(self, message: str, signature: str, proof: str = "") -> Any:
        """Hand in a signed message."""
        body = {"message": message, "signature": signature, "delegation_proof": proof}
        return self.post("sign-in", body)

    def whoami(self) -> str:
        """The address this browser is signed in as, or nothing."""
        answer = self.client.get("/api/v1/me")
        return answer.json()["address"] if answer.status_code == 200 else ""
