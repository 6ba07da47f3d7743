"""The stand-alone verifier: what it needs, and what it says of true bundles and of none."""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from datetime import timedelta

import pytest

from curation.ballots.receipts import as_json, receipt_of
from tests.curation.standings.full_round import Court, crowd, full_round
from tests.curation.standings.verifying import (
    PROGRAM,
    UNCONFIRMED,
    Verifier,
    alone,
    bent,
    opened,
    program,
    published,
    sealed,
    true_bundle,
)

pytestmark = pytest.mark.django_db
ALLOWED = {"numpy", "cryptography", "eth_abi", "eth_account", "eth_keys", "eth_utils"}


@pytest.fixture
def verify(tmp_path) -> Verifier:
    return Verifier(tmp_path)


def test_a_round_in_which_everything_happened_verifies_equal_without_the_project(tmp_path):
    (tmp_path / "bundle.json").write_bytes(true_bundle())
    code, said = alone(tmp_path / "bundle.json")
    assert code == UNCONFIRMED, said
    lines = said.splitlines()
    assert lines[-1] == "equal, but 2 signatures of contract wallets are unconfirmed"
    assert f"{len(opened(true_bundle())['ballots'])} ballots: equal" in lines


def test_the_full_round_has_every_reason_a_ballot_can_have():
    from curation.models import Ballot

    rows = opened(true_bundle())["ballots"]
    assert {row["why"] for row in rows} == set(Ballot.Why.values)
    assert {row["signer"] == "wallet" for row in rows} == {True, False}
    assert {row["wallet"] for row in rows} == {"", "eoa", "erc1271"}


def test_the_program_imports_nothing_but_what_a_stranger_can_install():
    imported = set()
    for node in ast.walk(ast.parse(PROGRAM.read_text())):
        if isinstance(node, ast.Import):
            imported |= {name.name.split(".")[0] for name in node.names}
        if isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").split(".")[0])
    assert imported <= ALLOWED | set(sys.stdlib_module_names)


def test_an_empty_round_verifies_equal(verify):
    court = Court(candidates=0)
    court.close()
    code, said = verify(published(court))
    assert code == 0, said


def test_a_round_without_ballots_verifies_equal(verify):
    court = Court(candidates=3)
    court.close()
    bundle = published(court)
    assert verify(bundle)[0] == 0
    assert opened(bundle)["no_winner"] == "No ballot counted."
    assert [row["score"] for row in opened(bundle)["standings"]] == [0.0, 0.0, 0.0]


def test_fewer_than_three_winners_share_everything(verify):
    court = Court(candidates=4)
    for juror in crowd(court, (1.0, 1.0)):
        juror.vote(court.digests[1], court.digests[0])
    court.close()
    bundle = published(court)
    assert verify(bundle)[0] == 0
    assert opened(bundle)["winners"] == [
        {"digest": court.digests[1], "share_bps": 7500},
        {"digest": court.digests[0], "share_bps": 2500},
    ]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b'"salon-bundle-1"',
        b'{"format":"salon-bundle-2"}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"format":"salon-bundle-1","round":' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_bundle_is_unreadable(verify, text):
    code, said = verify(text)
    assert code == 2
    assert said.startswith("unreadable: ")


def test_a_missing_file_is_unreadable(tmp_path):
    code, said = alone(tmp_path / "nothing.json")
    assert code == 2
    assert "nothing.json" in said


def test_nothing_but_a_format_is_not_equal(verify):
    code, said = verify(b'{"format":"salon-bundle-1"}')
    assert code == 1
    assert said.endswith("not equal\n")


def test_sections_of_the_wrong_kind_are_not_equal(verify):
    for name in opened(true_bundle()):
        if name == "format":
            continue
        for value in (None, 7, "x", [], {}, [7], [None], [[]], {"a": 1}):
            bundle = opened(true_bundle())
            if bundle[name] == value or name in ("code_version", "receipt_key"):
                continue
            bundle[name] = value
            code, said = verify(sealed(bundle, manifest=name != "manifest"))
            if name == "snapshot" and code == UNCONFIRMED:
                continue  # only a node knows better
            assert code == 1, (name, value, said)


def test_known_bundle_hash_is_compared(verify):
    found = hashlib.sha256(true_bundle()).hexdigest()
    assert verify(true_bundle(), "--bundle-hash", f"0x{found.upper()}")[0] == UNCONFIRMED
    code, said = verify(true_bundle(), "--bundle-hash", bent(found))
    assert code == 1
    assert found in said


class TestReceipts:
    @pytest.fixture
    def court(self) -> Court:
        return full_round()

    @pytest.fixture
    def ballot(self, court):
        return court.round.ballots.exclude(pair=None).select_related("voter").first()

    @pytest.fixture
    def receipt(self, ballot) -> dict:
        return as_json(receipt_of(ballot, voter=ballot.voter.address))

    @pytest.fixture
    def ask(self, court, verify, tmp_path):
        bundle = published(court)

        def asked(receipt: object) -> tuple[int, str]:
            (tmp_path / "receipt.json").write_text(json.dumps(receipt))
            return verify(bundle, "--receipt", tmp_path / "receipt.json")

        return asked

    def test_a_receipts_ballot_is_found(self, ask, receipt):
        assert ask(receipt)[0] == UNCONFIRMED
        assert "1 receipts: equal" in ask(receipt)[1]

    def test_receipts_come_as_the_site_hands_them_out_and_in_lists(self, ask, receipt):
        assert ask({"ballot": {}, "receipt": receipt})[0] == UNCONFIRMED
        assert ask([{"ballot": {}, "receipt": receipt}, receipt])[0] == UNCONFIRMED

    def test_a_dropped_ballot_is_missed(self, ask, ballot):
        ballot.digest = bent(ballot.digest)
        other = as_json(receipt_of(ballot, voter=ballot.voter.address))
        code, said = ask(other)
        assert code == 1
        assert f"{ballot.digest}: that is not in the bundle" in said

    def test_a_changed_acceptance_time_is_told(self, ask, ballot):
        ballot.accepted_at += timedelta(microseconds=1)
        code, said = ask(as_json(receipt_of(ballot, voter=ballot.voter.address)))
        assert code == 1
        assert "another accepted_at" in said

    def test_a_pair_said_not_to_have_been_served_is_told(self, ask, ballot):
        ballot.pair = None
        code, said = ask(as_json(receipt_of(ballot, voter=ballot.voter.address)))
        assert code == 1
        assert "another served" in said

    def test_a_receipt_of_somebody_else_is_told(self, ask, receipt):
        code, said = ask(receipt | {"signature": bent(receipt["signature"])})
        assert code == 1
        assert "the site did not sign it" in said

    @pytest.mark.parametrize("text", ["", "{", "[1]", "null", '{"digest": 7}', '"x"'])
    def test_what_is_no_receipt_is_not_equal_or_unreadable(self, verify, tmp_path, text):
        (tmp_path / "receipt.json").write_text(text)
        code, _ = verify(true_bundle(), "--receipt", tmp_path / "receipt.json")
        assert code in (1, 2)


def test_the_program_can_be_read_in_one_sitting():
    assert len(PROGRAM.read_text().splitlines()) <= 600
    assert program().__doc__
