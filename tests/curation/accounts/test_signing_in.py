"""Signing in over HTTP, as a browser or a script does it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from curation.accounts import nonces
from curation.accounts.known_keys import WELL_KNOWN
from curation.accounts.models import Delegation, Member, MemberSession, SignInNonce
from tests.threads import at_once
from tests.wallets import BrowserKey, Wallet, mirrored

from .visitor import Visitor


def code(answer) -> tuple[int, str]:
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["detail"]
    return answer.status_code, problem["code"]


def test_a_wallet_signs_in_and_becomes_a_member(visitor: Visitor, wallet: Wallet) -> None:
    answer = visitor.sign_in(wallet)
    assert (answer.status_code, answer.json()) == (200, {"address": wallet.address})
    assert visitor.whoami() == wallet.address
    assert Member.objects.get().address == wallet.address
    assert Member.objects.get().last_login is not None


def test_signing_in_again_makes_no_second_member(visitor: Visitor, wallet: Wallet) -> None:
    visitor.sign_in(wallet)
    Visitor().sign_in(wallet)
    assert Member.objects.count() == 1
    assert MemberSession.objects.filter(member__isnull=False).count() == 2


def test_the_session_ends_with_the_message(visitor: Visitor, wallet: Wallet) -> None:
    visitor.sign_in(wallet)
    row = MemberSession.objects.get(member__isnull=False)
    ahead = row.expire_date - timezone.now()
    assert timedelta(days=6, hours=23) < ahead <= timedelta(days=7)


def test_threat_01_a_message_is_good_once(visitor: Visitor, wallet: Wallet) -> None:
    asked = visitor.message(wallet)
    signature = wallet.sign(asked["message"])
    before = visitor.session_key
    assert visitor.present(asked["message"], signature).status_code == 200
    assert code(visitor.present(asked["message"], signature)) == (403, "nonce-unknown")
    thief = Visitor()
    thief.client.cookies["sessionid"] = before
    assert code(thief.present(asked["message"], signature)) == (403, "nonce-unknown")
    assert MemberSession.objects.filter(member__isnull=False).count() == 1


@pytest.mark.django_db(transaction=True)
def test_threat_01_fifty_at_once_make_one_session(wallet: Wallet) -> None:
    visitor = Visitor()
    asked = visitor.message(wallet)
    signature = wallet.sign(asked["message"])
    copies = [Visitor() for _ in range(50)]
    for copy in copies:
        copy.client.cookies["sessionid"] = visitor.session_key

    def present(copy: Visitor) -> int:
        try:
            return copy.present(asked["message"], signature).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(present, copies))
    assert sorted(statuses) == [200] + [403] * 49
    assert MemberSession.objects.filter(member__isnull=False).count() == 1


def test_threat_01_a_nonce_belongs_to_one_session(visitor: Visitor, wallet: Wallet) -> None:
    asked = visitor.message(wallet)
    other = Visitor()
    other.message(wallet)
    answer = other.present(asked["message"], wallet.sign(asked["message"]))
    assert code(answer) == (403, "nonce-unknown")
    bare = Visitor()
    answer = bare.present(asked["message"], wallet.sign(asked["message"]))
    assert code(answer) == (403, "nonce-unknown")


def test_threat_01_a_nonce_lasts_five_minutes(visitor: Visitor, wallet: Wallet) -> None:
    asked = visitor.message(wallet)
    SignInNonce.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    answer = visitor.present(asked["message"], wallet.sign(asked["message"]))
    assert code(answer) == (403, "nonce-unknown")
    nonces.forget_old_nonces()
    assert not SignInNonce.objects.exists()


def test_a_session_holds_few_nonces(visitor: Visitor, wallet: Wallet) -> None:
    for _ in range(20):
        last = visitor.message(wallet)
    assert SignInNonce.objects.count() == nonces.PER_SESSION
    assert visitor.present(last["message"], wallet.sign(last["message"])).status_code == 200


def test_threat_05_the_session_key_changes_and_nothing_is_carried_over(
    visitor: Visitor, wallet: Wallet
) -> None:
    visitor.message(wallet)
    fixed = visitor.session_key
    session = visitor.client.session
    session["planted"] = "by whoever was here before"
    session.save()
    visitor.message(wallet)
    assert visitor.sign_in(wallet).status_code == 200
    assert visitor.session_key != fixed
    assert "planted" not in visitor.client.session
    assert not SignInNonce.objects.exists()
    victim = Visitor()
    victim.client.cookies["sessionid"] = fixed
    assert victim.whoami() == ""


def test_threat_05_switching_accounts_flushes(visitor: Visitor, wallet: Wallet) -> None:
    visitor.sign_in(wallet)
    first = visitor.session_key
    session = visitor.client.session
    session["draft"] = "mine"
    session.save()
    other = Wallet()
    assert visitor.sign_in(other).status_code == 200
    assert visitor.whoami() == other.address
    assert visitor.session_key != first
    assert "draft" not in visitor.client.session
    assert not MemberSession.objects.filter(session_key=first).exists()


def test_signing_out_ends_session_nonces_and_delegation(
    visitor: Visitor, wallet: Wallet, browser_key: BrowserKey
) -> None:
    visitor.sign_in(wallet, browser_key)
    visitor.message(wallet)
    key = visitor.session_key
    assert visitor.post("sign-out", {}).status_code == 204
    assert visitor.whoami() == ""
    assert not MemberSession.objects.filter(session_key=key).exists()
    assert not SignInNonce.objects.exists()
    assert Delegation.objects.get().revoked_at is not None
    assert visitor.post("sign-out", {}).status_code == 204


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (mirrored, (403, "signature-malleable")),
        (lambda s: s[2:], (400, "signature-malformed")),
        (lambda s: s + "0", (400, "signature-malformed")),
        (lambda s: "0x" + "zz" * 65, (400, "signature-malformed")),
        (lambda s: "0x" + "00" * 8193, (400, "signature-malformed")),
    ],
)
def test_spoilt_signatures_are_refused(visitor, wallet, spoil, expected) -> None:
    asked = visitor.message(wallet)
    answer = visitor.present(asked["message"], spoil(wallet.sign(asked["message"])))
    assert code(answer) == expected
    assert not Member.objects.exists()


def test_a_refused_attempt_leaves_the_nonce_for_the_right_one(
    visitor: Visitor, wallet: Wallet
) -> None:
    asked = visitor.message(wallet)
    signature = wallet.sign(asked["message"])
    assert code(visitor.present(asked["message"], mirrored(signature)))[0] == 403
    assert visitor.present(asked["message"], signature).status_code == 200


def test_both_spellings_of_the_recovery_byte_are_accepted(visitor: Visitor, wallet: Wallet) -> None:
    asked = visitor.message(wallet)
    raw = bytes.fromhex(wallet.sign(asked["message"])[2:])
    signature = "0x" + (raw[:64] + bytes([raw[64] - 27])).hex()
    assert visitor.present(asked["message"], signature).status_code == 200


def test_a_banned_member_stays_out(visitor: Visitor, wallet: Wallet) -> None:
    Member.objects.create(address=wallet.address, is_active=False)
    assert code(visitor.sign_in(wallet)) == (403, "member-barred")


def test_threat_33_well_known_keys_are_members_of_the_embedded_site_only(
    visitor: Visitor, settings
) -> None:
    known = Wallet("0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
    assert known.address in WELL_KNOWN
    settings.DEMO_WALLET = False
    assert code(visitor.sign_in(known)) == (403, "address-refused")
    settings.DEMO_WALLET = True
    assert visitor.sign_in(known).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://testserver"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
def test_other_sites_pages_sign_nobody_in(visitor, wallet, headers, status) -> None:
    asked = visitor.message(wallet)
    body = {"message": asked["message"], "signature": wallet.sign(asked["message"])}
    assert visitor.post("sign-in", body, **headers).status_code == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 400),
        (b"[]", 422),
        (b"null", 422),
        (b'{"message": 7, "signature": "0x"}', 422),
        (b'{"message": "\\ud800", "signature": "0x"}', 400),
        (b"[" * 20_000, 400),
        (b'{"message": "' + b"x" * 1_000_000 + b'"}', 413),
        (b'{"message": "' + b"x" * 3_000 + b'", "signature": "0x"}', 413),
        ('{"message": "ü", "signature": "0x"}'.encode("utf-16"), 400),
    ],
)
def test_threat_04_unusable_bodies_are_refused_in_words(visitor, body, status) -> None:
    answer = visitor.client.post("/api/v1/sign-in", body, content_type="application/json")
    assert code(answer)[0] == status


@pytest.mark.django_db(transaction=True)
@hypothesis_settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_mutated_messages_never_sign_in(data: st.DataObject) -> None:
    from curation import rates

    rates._limiter().storage.reset()
    visitor, wallet = Visitor(), Wallet()
    asked = visitor.message(wallet)
    text = asked["message"]
    at = data.draw(st.integers(0, len(text) - 1))
    put = data.draw(st.text(min_size=1, max_size=30).filter(lambda t: t != text[at]))
    mutated = text[:at] + put + text[at + 1 :]
    answer = visitor.present(mutated, wallet.sign(text))
    assert answer.status_code in (400, 403, 413, 429, 503)
    assert not Member.objects.filter(address=wallet.address).exists()


def test_threat_05_switching_accounts_takes_back_what_the_first_delegated(
    visitor: Visitor, wallet: Wallet, browser_key: BrowserKey
) -> None:
    visitor.sign_in(wallet, browser_key)
    visitor.sign_in(Wallet())
    assert Delegation.objects.get().revoked_at is not None


def test_signing_in_again_with_the_same_key_leaves_the_new_delegation(
    visitor: Visitor, wallet: Wallet, browser_key: BrowserKey
) -> None:
    visitor.sign_in(wallet, browser_key)
    visitor.sign_in(wallet, browser_key)
    newest, first = Delegation.objects.order_by("-pk")
    assert (newest.revoked_at, first.revoked_at is None) == (None, False)


def test_nobody_is_kept_out_by_what_others_try_in_their_name(
    visitor: Visitor, wallet: Wallet, settings
) -> None:
    settings.PROXY_COUNT = 1
    stranger = Wallet()
    for number in range(3):
        attacker = Visitor()
        attacker.client.defaults["HTTP_X_FORWARDED_FOR"] = f"198.51.100.{number}"
        for _ in range(22):
            asked = attacker.message(wallet)
            answer = attacker.present(asked["message"], stranger.sign(asked["message"]))
        assert answer.status_code == 429
    visitor.client.defaults["HTTP_X_FORWARDED_FOR"] = "203.0.113.5"
    assert visitor.sign_in(wallet).status_code == 200


def test_browsers_that_never_sign_in_leave_little_and_not_for_long(
    visitor: Visitor, wallet: Wallet
) -> None:
    refused = visitor.post("sign-in-message", {"address": "0x12"})
    assert refused.status_code == 422
    elsewhere = visitor.client.get("/api/v1/nonce", headers={"Sec-Fetch-Site": "cross-site"})
    assert elsewhere.status_code == 403
    assert not MemberSession.objects.exists()
    visitor.message(wallet)
    left = MemberSession.objects.get().expire_date - timezone.now()
    assert left <= timedelta(minutes=15)


@pytest.mark.django_db(transaction=True)
def test_two_nonces_of_one_session_at_once_sign_in_once_and_never_deadlock() -> None:
    for _ in range(6):
        visitor, wallet = Visitor(), Wallet()
        asked = [visitor.message(wallet) for _ in range(2)]
        copies = [Visitor() for _ in asked]
        for copy in copies:
            copy.client.cookies["sessionid"] = visitor.session_key

        def present(index: int) -> int:
            message = asked[index]["message"]  # noqa: B023 - used before the next round
            return copies[index].present(message, wallet.sign(message)).status_code  # noqa: B023

        assert sorted(at_once(2, present)) == [200, 403]
