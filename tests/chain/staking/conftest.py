from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import settings as site
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.test import Client

from curation import rates
from curation.accounts.sessions import SessionStore
from curation.models import Member
from tests.chain.operating import Gallery, chain, contracts, curation, gallery, keys_folder

__all__ = ["chain", "contracts", "curation", "gallery", "keys_folder"]


@pytest.fixture(autouse=True)
def unspent_rates() -> None:
    rates._limiter().storage.reset()


class Guest:
    """A signed-in member as the API sees them."""

    def __init__(self, address: str) -> None:
        self.member, _ = Member.objects.get_or_create(address=address)
        session = SessionStore()
        session[SESSION_KEY] = str(self.member.pk)
        session[BACKEND_SESSION_KEY] = "curation.accounts.backends.AddressBackend"
        session[HASH_SESSION_KEY] = self.member.get_session_auth_hash()
        session.save()
        self.client = Client()
        self.client.cookies[site.SESSION_COOKIE_NAME] = session.session_key

    def ask(self, action: str, **wanted: Any) -> Any:
        """The answer to one wish."""
        body = json.dumps({"action": action, **wanted})
        path = "/api/v1/stakes/prepare"
        return self.client.post(path, body, content_type="application/json")

    def prepare(self, action: str, **wanted: Any) -> dict[str, Any]:
        answer = self.ask(action, **wanted)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def refused(self, action: str, **wanted: Any) -> tuple[int, str, str]:
        """Status, code and words of a refusal."""
        answer = self.ask(action, **wanted)
        assert answer["Content-Type"] == "application/problem+json", answer.content
        return answer.status_code, answer.json()["code"], answer.json()["detail"]


class Stakers:
    """A round that takes stakes, and a member with tokens of one's own key."""

    def __init__(self, gallery: Gallery, account: str) -> None:
        self.gallery = gallery
        self.chain = gallery.chain
        self.guest = Guest(account)
        self.place = {"round": gallery.round.pk, "candidate": gallery.candidates[0].digest}

    def send(self, prepared: dict[str, Any]) -> dict[str, Any]:
        """The receipt of what was prepared, sent as a wallet sends it."""
        sent = prepared["transaction"] | {"from": self.guest.member.address}
        node = self.chain.node
        receipt = None
        digest = node.call("eth_sendTransaction", sent)
        while receipt is None:
            receipt = node.call("eth_getTransactionReceipt", digest)
        return receipt

    def sign(self, prepared: dict[str, Any]) -> dict[str, Any]:
        """The permit that was asked for, signed."""
        address, data = self.guest.member.address, prepared["typed_data"]
        signature = self.chain.node.call("eth_signTypedData_v4", address, data)
        return {"deadline": int(data["message"]["deadline"]), "signature": signature}


@pytest.fixture
def stakers(gallery) -> Stakers:
    """Ada with 1,000 tokens and no allowance, and nine anchored candidates."""
    gallery.open()
    gallery.anchor()
    ada = gallery.chain.accounts[2]
    gallery.chain.act(ada, gallery.faucet, "Faucet", "give")
    gallery.index()
    return Stakers(gallery, ada)
