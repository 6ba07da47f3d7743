"""A browser key that may sign for an address: given, used, taken back."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from curation.accounts import errors
from curation.accounts.delegations import hold_key, revoke_delegation, verify_delegated
from curation.accounts.models import Delegation, Member, SessionKey
from tests.threads import at_once
from tests.wallets import BrowserKey, Wallet

from .visitor import Visitor

DIGEST = bytes(range(32))


@pytest.fixture
def delegation(visitor: Visitor, wallet: Wallet, browser_key: BrowserKey) -> Delegation:
    assert visitor.sign_in(wallet, browser_key).status_code == 200
    return Delegation.objects.get()


def check(
    key: BrowserKey,
    wallet: Wallet,
    *,
    at: datetime | None = None,
    digest: bytes = DIGEST,
    signature: bytes = b"",
) -> Delegation:
    return verify_delegated(
        did_key=key.did_key,
        address=wallet.address,
        digest=digest,
        signature=signature or key.sign(DIGEST),
        at=at or timezone.now(),
    )


def test_a_delegated_key_signs_for_its_address(delegation, wallet, browser_key) -> None:
    assert check(browser_key, wallet) == delegation


def test_the_delegation_keeps_all_that_proves_it(delegation, wallet, browser_key) -> None:
    assert browser_key.did_key in delegation.message
    assert wallet.sign(delegation.message) == delegation.signature
    assert len(bytes.fromhex(delegation.proof)) == 64
    assert delegation.kind == Delegation.Kind.EOA
    assert delegation.user_agent == "Tests/1.0"


def test_threat_31_a_revoked_key_is_refused(delegation, wallet, browser_key) -> None:
    before = timezone.now()
    member = Member.objects.get()
    revoke_delegation(member=member, delegation_id=delegation.pk)
    with pytest.raises(errors.KeyNotDelegated):
        check(browser_key, wallet)
    assert check(browser_key, wallet, at=before) == delegation  # ballots of then still count


def test_threat_31_an_expired_key_is_refused(delegation, wallet, browser_key) -> None:
    last = delegation.expires_at - timedelta(microseconds=1)
    assert check(browser_key, wallet, at=last) == delegation
    with pytest.raises(errors.KeyNotDelegated):
        check(browser_key, wallet, at=delegation.expires_at)


def test_threat_31_a_key_did_not_sign_before_it_was_delegated(
    delegation, wallet, browser_key
) -> None:
    with pytest.raises(errors.KeyNotDelegated):
        check(browser_key, wallet, at=delegation.accepted_at - timedelta(microseconds=1))


def test_threat_31_a_key_serves_no_other_address(delegation, wallet, browser_key) -> None:
    other = Wallet()
    assert Visitor().sign_in(other).status_code == 200
    with pytest.raises(errors.KeyNotDelegated):
        check(browser_key, other)
    stolen = Visitor().sign_in(other, browser_key)
    assert (stolen.status_code, stolen.json()["code"]) == (403, "key-taken")
    with pytest.raises(errors.KeyNotDelegated):
        check(browser_key, other)


def test_threat_31_a_banned_members_key_is_refused(delegation, wallet, browser_key) -> None:
    Member.objects.update(is_active=False)
    with pytest.raises(errors.KeyNotDelegated):
        check(browser_key, wallet)


def test_a_signature_is_over_this_digest_by_this_key(delegation, wallet, browser_key) -> None:
    for spoilt in (
        BrowserKey().sign(DIGEST),
        browser_key.sign(DIGEST[::-1]),
        browser_key.sign(DIGEST)[:-1],
        bytes(64),
        b"\xff" * 64,
    ):
        with pytest.raises(errors.KeySignatureInvalid):
            check(browser_key, wallet, signature=spoilt)
    with pytest.raises(errors.KeySignatureInvalid):
        check(browser_key, wallet, digest=DIGEST[:-1])


def test_both_halves_of_s_are_accepted_since_browsers_make_both(
    delegation, wallet, browser_key
) -> None:
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    raw = browser_key.sign(DIGEST)
    mirrored = raw[:32] + (order - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
    assert check(browser_key, wallet, signature=mirrored) == delegation


def test_the_same_key_can_be_delegated_again(delegation, visitor, wallet, browser_key) -> None:
    assert visitor.sign_in(wallet, browser_key).status_code == 200
    assert SessionKey.objects.count() == 1
    assert Delegation.objects.count() == 2


def test_revoking_one_delegation_of_a_key_revokes_the_key(
    delegation, visitor, wallet, browser_key
) -> None:
    visitor.sign_in(wallet, browser_key)
    revoke_delegation(member=Member.objects.get(), delegation_id=delegation.pk)
    with pytest.raises(errors.KeyNotDelegated):
        check(browser_key, wallet)


def test_nobody_revokes_for_somebody_else(delegation, wallet, browser_key) -> None:
    other = Member.objects.create_user(Wallet().address)
    revoke_delegation(member=other, delegation_id=delegation.pk)
    assert check(browser_key, wallet) == delegation


@pytest.mark.parametrize("proof", ["", "00" * 64, "zz" * 64, "00" * 63, "0x", "ff" * 64], ids=repr)
def test_a_key_that_does_not_prove_itself_is_not_delegated(
    visitor, wallet, browser_key, proof
) -> None:
    asked = visitor.message(wallet, browser_key)
    answer = visitor.present(asked["message"], wallet.sign(asked["message"]), proof)
    assert answer.status_code == 403
    assert answer.json()["code"].startswith("delegation-proof-")
    assert not SessionKey.objects.exists()


def test_a_proof_over_another_nonce_is_refused(visitor, wallet, browser_key) -> None:
    earlier = visitor.message(wallet, browser_key)
    asked = visitor.message(wallet, browser_key)
    proof = browser_key.prove(earlier["nonce"])
    answer = visitor.present(asked["message"], wallet.sign(asked["message"]), proof)
    assert answer.json()["code"] == "delegation-proof-invalid"


def test_a_proof_without_a_key_is_refused(visitor, wallet, browser_key) -> None:
    asked = visitor.message(wallet)
    proof = browser_key.prove(asked["nonce"])
    answer = visitor.present(asked["message"], wallet.sign(asked["message"]), proof)
    assert answer.json()["code"] == "delegation-proof-missing"


@pytest.mark.parametrize(
    "did_key",
    [
        "did:key:z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH",
        "did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU216",
        "did:key:zDn" + "1" * 46,
        "did:key:zDn",
        "did:web:evil.example",
        "zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv",
    ],
)
def test_what_is_no_p256_key_is_refused_when_the_message_is_asked_for(
    visitor, wallet, did_key
) -> None:
    answer = visitor.post("sign-in-message", {"address": wallet.address, "did_key": did_key})
    assert (answer.status_code, answer.json()["code"]) == (403, "key-invalid")


def test_the_published_example_key_is_understood() -> None:
    from curation.accounts.keys import did_key_of, public_key

    example = "did:key:zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv"
    assert did_key_of(public_key(example)) == example


@pytest.mark.django_db(transaction=True)
def test_threat_31_a_revocation_never_comes_between_an_answer_and_what_follows() -> None:
    wallet, key = Wallet(), BrowserKey()
    assert Visitor().sign_in(wallet, key).status_code == 200
    member, delegation = Member.objects.get(), Delegation.objects.get()
    held, moments = threading.Event(), {}

    def use(index: int) -> None:
        if index:
            assert held.wait(10)
            revoke_delegation(member=member, delegation_id=delegation.pk)
            return
        with transaction.atomic():
            hold_key(did_key=key.did_key)
            held.set()
            time.sleep(0.4)  # the other thread asks for the revocation meanwhile
            moments["at"] = timezone.now()
            check(key, wallet, at=moments["at"])

    assert at_once(2, use) == [None, None]
    delegation.refresh_from_db()
    assert delegation.allows(moments["at"])
    assert delegation.revoked_at > moments["at"]
