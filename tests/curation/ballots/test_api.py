"""Ballots over HTTP, well and badly made."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from curation.models import Ballot, Member
from tests.curation.ballots.conftest import refusal
from tests.voters import as_body
from tests.wallets import Wallet


@pytest.fixture
def ballot(voter, round_, digests):
    voter.serve(round_, digests[0], digests[1])
    return voter.by_key(voter.fields(round_, digests[0], digests[1]))


def test_a_ballot_by_browser_key_is_answered_with_a_receipt(site, voter, round_, ballot) -> None:
    answer = site.cast(ballot)
    assert answer.status_code == 201, answer.content
    row = Ballot.objects.get()
    receipt = answer.json()
    assert (receipt["digest"], receipt["round"]) == (row.digest, round_.pk)
    assert (receipt["voter"], receipt["served"]) == (voter.wallet.address, True)
    assert (row.delegation, row.wallet_kind, row.pair.member) == (
        voter.delegation,
        "",
        voter.member,
    )


def test_the_same_ballot_again_has_the_same_receipt_byte_for_byte(site, ballot) -> None:
    first, again = site.cast(ballot), site.cast(ballot)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.content == again.content
    assert Ballot.objects.count() == 1


def test_a_ballot_by_wallet_is_answered_with_a_receipt(site, voter, round_, digests) -> None:
    answer = site.cast(voter.by_wallet(voter.fields(round_, digests[0], digests[1])))
    assert answer.status_code == 201, answer.content
    row = Ballot.objects.get()
    assert (row.signer, row.wallet_kind, row.delegation) == ("wallet", "eoa", None)
    assert (row.pair, answer.json()["served"]) == (None, False)


def test_every_spelling_of_the_fields_is_the_same_ballot(site, ballot) -> None:
    fields = ballot.fields
    assert site.cast(ballot).status_code == 201
    spelled = {
        "voter": fields.voter.lower(),
        "round": str(fields.round),
        "chosen": "0x" + fields.chosen.upper(),
        "outcome": "0",
        "nonce": fields.nonce,
        "issuedAt": str(fields.issued_at),
        "signature": "0x" + ballot.signature.upper(),
    }
    assert site.cast(ballot, **spelled).status_code == 200


def test_neither_cookies_nor_the_page_that_asks_make_a_difference(site, ballot) -> None:
    anonymous, stranger = Client(), Client()
    stranger.force_login(Member.objects.create_user(Wallet().address))
    body = json.dumps(as_body(ballot))
    for browser, status in ((stranger, 201), (anonymous, 200)):
        answer = browser.post(
            "/api/v1/ballots",
            body,
            content_type="application/json",
            headers={"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"},
        )
        assert (answer.status_code, answer.json()["voter"]) == (status, ballot.fields.voter)


WRONG = [
    {"round": 10**300},
    {"nonce": 10**300},
    {"issuedAt": "1" + "0" * 300},
    {"nonce": -1},
    {"round": -(10**30)},
    {"nonce": True},
    {"outcome": False},
    {"nonce": 1.0},
    {"issuedAt": 1e300},
    {"issuedAt": float("inf")},
    {"nonce": float("nan")},
    {"nonce": None},
    {"nonce": [1]},
    {"nonce": "0x01"},
    {"outcome": 3},
    {"outcome": 2**64},
    {"chosen": "zz" * 32},
    {"rejected": ""},
    {"voter": "0x0"},
    {"voter": "vitalik.eth"},
]


@pytest.mark.parametrize("changes", WRONG, ids=repr)
def test_what_no_ballot_can_say_is_refused_clearly(site, ballot, changes) -> None:
    answer = site.cast(ballot, **changes)
    assert refusal(answer) == (422, "ballot-malformed")
    assert next(iter(changes)) in answer.json()["detail"]
    assert not Ballot.objects.exists()


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"extra": 1}, "extra"),
        ({"issued_at": 5}, "issued_at"),
        ({"voter": 5}, "voter"),
        ({"signature": None}, "signature"),
        ({"signature": "ab" * 9000}, "signature"),
        ({"signer": "wallet" * 20}, "signer"),
        ({"chosen": "a" * 1000}, "chosen"),
    ],
    ids=repr,
)
def test_what_is_not_of_the_form_is_refused_and_named(site, ballot, changes, place) -> None:
    answer = site.cast(ballot, **changes)
    assert refusal(answer) == (422, "request-invalid")
    assert place in answer.json()["detail"]


def test_every_field_is_needed(site, ballot) -> None:
    for name in as_body(ballot):
        body = as_body(ballot)
        del body[name]
        assert refusal(site.post(body)) == (422, "request-invalid")


@pytest.mark.parametrize("signer", ["", "Wallet", "did:key:z6Mk", "did:web:x", "wallet\0", "☃"])
def test_a_signer_is_the_wallet_or_a_browser_key(site, ballot, signer) -> None:
    assert site.refused(ballot, signer=signer) == (403, "key-invalid")


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("", (422, "request-invalid")),
        ("{", (400, "request-unreadable")),
        ("[]", (422, "request-invalid")),
        ("null", (422, "request-invalid")),
        ('"ballot"', (422, "request-invalid")),
        ('{"nonce": ' + "9" * 5000 + "}", (400, "request-unreadable")),
        ("[" * 5000, (400, "request-unreadable")),
        ('{"a": "' + "a" * 30_000 + '"}', (413, "body-too-large")),
        ("{" + " " * 300_000 + "}", (413, "body-too-large")),
    ],
    ids=lambda v: repr(v)[:12],
)
def test_a_body_that_is_no_ballot_is_refused(site, body, wanted) -> None:
    assert refusal(site.post(body)) == wanted


def test_a_nonce_that_was_used_is_answered_with_the_last_one(site, voter, round_, digests) -> None:
    assert (
        site.cast(voter.by_key(voter.fields(round_, *digests[:2], nonce=2**60))).status_code == 201
    )
    answer = site.cast(voter.by_key(voter.fields(round_, *digests[2:4], nonce=2**60)))
    assert refusal(answer) == (409, "nonce-reused")
    assert answer.json()["last_nonce"] == str(2**60)


def test_reading_limits_of_a_household_do_not_stop_its_voters(site, ballot) -> None:
    from curation.apis import READS
    from curation.rates import TooMany, spend

    for _ in range(READS.times):
        spend(READS, "127.0.0.1")
    with pytest.raises(TooMany):
        spend(READS, "127.0.0.1")
    assert site.cast(ballot).status_code == 201
