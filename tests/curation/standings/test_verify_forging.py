"""An operator who edits, drops or adds ballots, or lets a thief vote, fools no verifier."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from eth_abi.abi import encode
from eth_account import Account
from eth_utils.crypto import keccak

from chain.operator.calls import call
from chain.operator.following import wait
from chain.operator.selectors import CURATION
from chain.operator.transactions import submit
from chain.wallets import WRAPPED
from curation.ballots.models import BallotAnchor
from curation.ballots.receipts import as_json, receipt_of
from curation.standings.bundle import bundle_name
from curation.standings.facts import ChainFacts, Snapshot
from curation.standings.services import publish_tally
from tests.chain.operating import chain, contracts, curation, keys_folder
from tests.curation.standings.full_round import ETHER, Court, crowd, full_round
from tests.curation.standings.verifying import Verifier, opened, program, published, sealed

__all__ = ["chain", "contracts", "curation", "keys_folder"]
pytestmark = pytest.mark.django_db
OWNER = Account.from_key(keccak(text="an owner"))


@pytest.fixture
def verify(tmp_path) -> Verifier:
    return Verifier(tmp_path)


def small(court: Court) -> Court:
    """Three jurors and four ballots each, under two roots; nothing but ballots."""
    jurors = crowd(court, (0.9, 0.8, 1.0))
    for number, juror in enumerate(jurors):
        juror.vote(court.digests[0], court.digests[1], 10 + number)
        juror.vote(court.digests[2], court.digests[0], 12 + number)
        if number == 1:
            court.anchor(25)
        juror.vote(court.digests[1], court.digests[2], 30 + number, 1)
        juror.vote(court.digests[0], court.digests[3], 31 + number)
    court.jurors = dict(zip("abc", jurors, strict=True))
    court.close()
    return court


def edit(court: Court) -> None:
    """Have a juror who is in on it prefer the other one, after everything was anchored."""
    ballot = court.round.ballots.filter(voter=court.jurors["a"].member, outcome=0).first()
    chosen, rejected, minute = ballot.rejected, ballot.chosen, 11
    ballot.delete()
    court.jurors["a"].vote(chosen, rejected, minute)


def drop(court: Court) -> None:
    court.round.ballots.filter(voter=court.jurors["b"].member).first().delete()


def add(court: Court) -> None:
    court.jurors["c"].vote(court.digests[3], court.digests[2], 40)


FORGERIES: dict[str, Callable[[Court], None]] = {"edited": edit, "dropped": drop, "late": add}


def forged(court: Court, forge: Callable[[Court], None]) -> dict:
    """The bundle of a count after a forgery; roots, weights, standings, all is made anew."""
    forge(court)
    court.round.ballots.update(anchor=None)
    BallotAnchor.objects.filter(round=court.round).delete()
    court.anchor(25)
    court.anchor(24 * 60)
    return opened(published(court))


@pytest.mark.parametrize("forgery", FORGERIES)
def test_threat_32_an_edited_dropped_or_late_ballot_does_not_fit_the_roots_of_the_chain(
    verify, forgery
):
    court = small(Court(candidates=4))
    roots = list(court.facts.roots)
    bundle = forged(court, FORGERIES[forgery])
    bundle["chain"]["roots"] = roots
    code, said = verify(sealed(bundle))
    assert code == 1
    assert "the chain's last root does not cover all ballots" in said
    assert f"chain root {roots[-1]} is no anchor's" in said


@pytest.mark.parametrize("forgery", ["edited", "dropped"])
def test_threat_32_whoever_kept_a_receipt_proves_that_their_ballot_is_gone(
    verify, tmp_path, forgery
):
    court = small(Court(candidates=4))
    receipts = [
        as_json(receipt_of(ballot, voter=ballot.voter.address))
        for ballot in court.round.ballots.select_related("voter")
    ]
    bundle = sealed(forged(court, FORGERIES[forgery]))
    (tmp_path / "receipts.json").write_text(json.dumps(receipts))
    assert verify(bundle)[0] == 0  # which is why one keeps receipts, and asks a node
    code, said = verify(bundle, "--receipt", tmp_path / "receipts.json")
    assert code == 1
    assert said.count("that is not in the bundle") == 1


class OnChain:
    """A small round whose roots are on a real chain."""

    def __init__(self, chain, curation: str) -> None:
        self.chain, self.curation = chain, curation
        self.court = small(Court(candidates=4, contract=curation))
        self.snapshot = self.newest()
        chain.go_on(2)  # anvil mines several blocks in a second, and principal is asked for by time
        now = int(time.time())
        number = self.court.round.pk
        self.do("openRound", number, (now + 900, now + 900, now + 1800, 300))
        for root in self.court.facts.roots:
            self.do("anchorBallots", number, bytes.fromhex(root))

    def do(self, function: str, *arguments: object) -> None:
        data = call(CURATION, function, *arguments)
        wait(submit(purpose=f"{function} {arguments}"[:100], to=self.curation, data=data))

    @property
    def facts(self) -> ChainFacts:
        """Nobody staked or funded."""
        return replace(
            self.court.facts, pool_wei=0, stakes=(), principal_wei={}, snapshot=self.snapshot
        )

    def newest(self) -> Snapshot:
        block = self.chain.node.call("eth_getBlockByNumber", "latest", False)
        at = datetime.fromtimestamp(int(block["timestamp"], 16), tz=UTC)
        return Snapshot(block=int(block["number"], 16), hash=block["hash"][2:], at=at)


@pytest.fixture
def on_chain(chain, curation) -> OnChain:
    return OnChain(chain, curation)


def bundle_of(facts: ChainFacts, court: Court) -> bytes:
    from django.core.files.storage import default_storage

    tally = publish_tally(round_id=court.round.pk, facts=facts)
    with default_storage.open(bundle_name(tally.bundle_digest)) as file:
        return file.read()


def test_a_node_confirms_a_true_bundle(verify, on_chain):
    bundle = bundle_of(on_chain.facts, on_chain.court)
    code, said = verify(bundle, "--rpc", on_chain.chain.url, "--contract", on_chain.curation)
    assert code == 0, said
    assert "chain: equal" in said
    assert "not compared" not in said


def test_threat_32_ballots_that_came_under_a_root_late_are_counted(verify, on_chain):
    bundle = bundle_of(on_chain.facts, on_chain.court)  # accepted an hour before it was anchored
    said = verify(bundle, "--rpc", on_chain.chain.url)[1]
    assert "\n12 ballots came under a root only up to " in said
    assert "an operator who anchors late could add ballots" in said


def test_roots_of_a_chain_whose_clock_is_ahead_are_not_called_late(verify, on_chain):
    bundle = bundle_of(on_chain.facts, on_chain.court)
    on_chain.chain.go_on(7200)
    code, said = verify(bundle, "--rpc", on_chain.chain.url)
    assert code == 0, said
    assert "late roots not looked for: the chain's clock is 120 minutes ahead" in said
    assert "came under a root" not in said


SNAPSHOTS = {
    "another block": ({"hash": "ab" * 32}, "it has another block"),
    "another time": ({"at": "2020-01-01T00:00:00.000000Z"}, "it has another block"),
    "none": (None, "it has another block 99999"),
    "after the opening": ({}, "does not lie before the round was opened there"),
}


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_threat_08_a_snapshot_is_a_block_of_the_chain_before_the_opening(verify, on_chain, name):
    if name == "after the opening":
        on_chain.snapshot = on_chain.newest()
    bundle, (change, words) = opened(bundle_of(on_chain.facts, on_chain.court)), SNAPSHOTS[name]
    bundle["snapshot"] |= {"block": 99999} if change is None else change
    code, said = verify(sealed(bundle), "--rpc", on_chain.chain.url)
    assert code == 1
    assert words in said


@pytest.mark.parametrize("forgery", FORGERIES)
def test_threat_32_a_node_tells_a_bundle_in_which_everything_was_made_anew(
    verify, on_chain, forgery
):
    bundle = sealed(forged(on_chain.court, FORGERIES[forgery]) | {"pool_wei": "0"})
    code, said = verify(bundle, "--rpc", on_chain.chain.url)
    assert code == 1
    assert "it has the ballots roots ['" in said


def test_threat_08_a_node_tells_principal_that_was_not_there_at_the_snapshot(verify, on_chain):
    whale = on_chain.court.jurors["a"].address
    facts = replace(on_chain.facts, principal_wei={whale: 10**6 * ETHER})
    bundle = bundle_of(facts, on_chain.court)
    assert verify(bundle)[0] == 0
    code, said = verify(bundle, "--rpc", on_chain.chain.url)
    assert code == 1
    assert f"it has [0] wei as principal of {whale}" in said


def test_a_node_tells_stakes_pool_contract_and_bundle_of_another(verify, on_chain):
    court, facts = on_chain.court, on_chain.facts
    stakes = [(court.jurors["a"].address, court.digests[0], 5 * ETHER)]
    bundle = bundle_of(replace(facts, stakes=stakes, pool_wei=7), court)
    code, said = verify(bundle, "--rpc", on_chain.chain.url)
    assert code == 1
    assert f"it has 0 wei of {stakes[0][0]} staked on {court.digests[0]}, not {5 * ETHER}" in said
    assert "it has 0 wei in the pool" in said
    other = on_chain.chain.accounts[3]
    code, said = verify(bundle, "--rpc", on_chain.chain.url, "--contract", other)
    assert code == 1
    assert f"the ballots are for the contract {on_chain.curation}" in said


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "nonsense", "file:///etc/passwd"])
def test_a_node_that_does_not_answer_makes_nothing_equal(verify, url):
    court = small(Court(candidates=4))
    code, said = verify(published(court), "--rpc", url)
    assert code == 2, said
    assert said.splitlines()[-1].startswith("unreadable: ")


def test_contract_wallets_are_asked_whether_they_signed(anvil):
    digest, url = keccak(text="what was signed"), anvil.node.url
    wallet = anvil.deploy("OwnedWallet", OWNER.address)
    signed, verdict = bytes(OWNER.unsafe_sign_hash(digest).signature), program().wallet_signed
    assert verdict(digest, signed.hex(), wallet, "erc1271", url)
    assert verdict(keccak(digest), signed.hex(), wallet, "erc1271", url) is None
    wrapped = encode(["address", "bytes", "bytes"], [wallet, b"", signed]) + WRAPPED
    assert verdict(digest, wrapped.hex(), wallet, "erc6492", url)
    assert verdict(digest, signed.hex(), OWNER.address, "erc1271", url) is None  # has no code
    assert verdict(digest, signed.hex(), wallet, "erc1271", "") is None  # nobody was asked
    assert verdict(digest, signed.hex(), wallet, "", "") is False


def test_wallets_that_were_never_deployed_stay_unconfirmed(anvil):
    digest, verdict = keccak(text="what was signed"), program().wallet_signed
    wrapped = encode(["address", "bytes", "bytes"], [OWNER.address, b"", b"x"]) + WRAPPED
    assert verdict(digest, wrapped.hex(), OWNER.address, "erc6492", anvil.node.url) is None


@pytest.mark.parametrize("way", range(11))
def test_wallets_that_misbehave_confirm_nothing_and_break_nothing(anvil, way):
    digest, wallet = keccak(text="what was signed"), anvil.deploy("MisbehavingWallet", way)
    said = program().wallet_signed(digest, "00" * 65, wallet, "erc1271", anvil.node.url)
    assert said is None


def test_threat_31_a_revoked_key_is_refused(verify):
    court = full_round()
    whale = court.jurors["whale"]
    whale.delegation.revoked_at = court.opened_at + timedelta(minutes=8)
    whale.delegation.save()
    after = court.round.ballots.filter(
        voter=whale.member, signer=whale.key.did_key, accepted_at__gte=whale.delegation.revoked_at
    )
    code, said = verify(published(court))
    assert code == 1
    assert said.count("its key was revoked") == after.count() == 3
    for ballot in after:
        assert f"{ballot.digest}: its key was revoked" in said


def test_threat_31_an_expired_key_is_refused(verify):
    court = Court(candidates=3)
    (juror,) = crowd(court, (1.0,))
    juror.delegation = juror.delegate(court.opened_at - timedelta(days=7) + timedelta(minutes=15))
    juror.vote(court.digests[0], court.digests[1], 10)
    late = juror.vote(court.digests[2], court.digests[1], 20)
    court.close()
    code, said = verify(published(court))
    assert code == 1
    assert f"{late.digest}: its key was not delegated to yet, or no longer" in said
    assert said.count("not delegated to") == 1


def test_threat_31_a_key_that_nobody_delegated_to_is_refused(verify):
    court = Court(candidates=3)
    victim, thief = crowd(court, (1.0, 1.0))
    victim.key = thief.key  # whose delegation is the thief's own
    stolen = victim.vote(court.digests[0], court.digests[1], 10)
    court.close()
    code, said = verify(published(court))
    assert code == 1
    assert f"{stolen.digest}: {thief.key.did_key} has another delegation" in said
