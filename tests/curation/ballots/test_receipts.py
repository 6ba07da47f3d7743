"""Receipts: anybody can check one with the site's key alone."""

from __future__ import annotations

import json

import base58
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from curation.ballots.receipts import receipt_of
from curation.models import Ballot
from project.env import EnvironmentInvalid, read_env


@pytest.fixture
def cast(site, voter, round_, digests) -> dict:
    """A receipt as it was handed out."""
    return site.cast(voter.by_key(voter.fields(round_, *digests[:2]))).json()


def check(receipt: dict) -> None:
    """As a stranger would, who has read docs/ballots.md."""
    said = {name: value for name, value in receipt.items() if name != "signature"}
    raw = base58.b58decode(receipt["key"].removeprefix("did:key:z"))
    assert raw[:2] == b"\xed\x01"
    text = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    Ed25519PublicKey.from_public_bytes(raw[2:]).verify(bytes.fromhex(receipt["signature"]), text)


def test_a_receipt_is_signed_by_the_key_it_names(cast) -> None:
    check(cast)
    assert cast["key"].startswith("did:key:z6Mk")
    assert sorted(cast) == [
        *("accepted_at", "digest", "key", "round", "served", "signature", "voter"),
    ]


@pytest.mark.parametrize(
    ("name", "value"), [("served", True), ("accepted_at", "x"), ("round", 0), ("digest", "00" * 32)]
)
def test_a_changed_receipt_is_none(cast, name, value) -> None:
    with pytest.raises(InvalidSignature):
        check(cast | {name: value})


def test_acceptance_is_written_with_microseconds_always(cast, voter) -> None:
    row = Ballot.objects.get()
    row.accepted_at = row.accepted_at.replace(microsecond=0)
    written = receipt_of(row, voter=voter.wallet.address).accepted_at
    assert written.endswith(".000000Z")
    assert len(written) == len(cast["accepted_at"])


def test_a_key_of_ones_own_takes_the_place_of_the_derived_one(cast, settings, voter) -> None:
    row = Ballot.objects.get()
    derived = receipt_of(row, voter=voter.wallet.address)
    settings.RECEIPT_KEY = "01" * 32
    own = receipt_of(row, voter=voter.wallet.address)
    assert own.key != derived.key == cast["key"]
    settings.SECRET_KEY = "another"
    assert receipt_of(row, voter=voter.wallet.address) == own
    settings.RECEIPT_KEY = ""
    assert receipt_of(row, voter=voter.wallet.address).key not in (own.key, derived.key)


def test_environment_takes_a_seed_and_never_tells_a_wrong_one() -> None:
    assert read_env({"RECEIPT_KEY": "0x" + "AB" * 32, "SECRET_KEY": "s"}).receipt_key == "ab" * 32
    assert read_env({"SECRET_KEY": "s"}).receipt_key == ""
    with pytest.raises(EnvironmentInvalid, match="RECEIPT_KEY is no key") as refused:
        read_env({"RECEIPT_KEY": "half-a-secret", "SECRET_KEY": "s"})
    assert "half-a-secret" not in str(refused.value)


def test_ones_own_receipt_can_be_fetched_again_and_nobody_elses(cast, voter, client) -> None:
    from curation.models import Member
    from tests.wallets import Wallet

    path = f"/api/v1/ballots/{cast['digest']}"
    assert client.get(path).status_code == 401
    client.force_login(Member.objects.create_user(Wallet().address))
    assert client.get(path).status_code == 404
    client.force_login(voter.member)
    answer = client.get(path)
    assert answer.json()["receipt"] == cast
    assert answer.json()["ballot"]["digest"] == cast["digest"]
    assert answer.headers["Cache-Control"] == "private, no-store"
