"""Who may sign: wallets of every kind, delegated browser keys, and nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone
from eth_abi.abi import encode
from eth_account import Account
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from chain.wallets import WRAPPED
from curation.ballots.typed import SignedBallot, ballot_digest
from curation.models import Ballot, Delegation, Member
from tests.voters import Voter, delegate
from tests.wallets import BrowserKey, mirrored

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
OWNER = Account.from_key(keccak(text="the owner of a contract wallet that votes"))


def mirrored_p256(signature: str) -> str:
    raw = bytes.fromhex(signature)
    return (raw[:32] + (P256_ORDER - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")).hex()


def test_threat_06_a_malleated_copy_is_a_duplicate_with_the_same_receipt(
    site, voter, fields
) -> None:
    ballot = voter.by_key(fields)
    copy = replace(ballot, signature=mirrored_p256(ballot.signature))
    first, again = site.cast(ballot), site.cast(copy)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.content == again.content
    assert Ballot.objects.get().signature == ballot.signature


def test_threat_06_another_signature_of_the_same_ballot_is_a_duplicate_too(
    site, voter, fields
) -> None:
    """ECDSA signs the same thing differently each time, and the wallet may sign it as well."""
    first = site.cast(voter.by_key(fields))
    for ballot in (voter.by_key(fields), voter.by_wallet(fields)):
        again = site.cast(ballot)
        assert (again.status_code, again.content) == (200, first.content)
    assert Ballot.objects.count() == 1


def test_threat_06_a_malleated_wallet_signature_is_refused(site, voter, fields) -> None:
    ballot = voter.by_wallet(fields)
    copy = replace(ballot, signature=mirrored(ballot.signature))
    assert site.refused(copy) == (403, "signature-malleable")
    assert site.cast(ballot).status_code == 201
    assert site.refused(copy) == (403, "signature-malleable")
    assert Ballot.objects.count() == 1


@pytest.mark.parametrize("signature", ["", "0x", "zz", "ab", "ab" * 64, "ab" * 65, "0xab" * 20])
@pytest.mark.parametrize("signer", ["wallet", "key"])
def test_bytes_that_are_no_signature_are_refused(site, voter, fields, signer, signature) -> None:
    signer = voter.key.did_key if signer == "key" else "wallet"
    bad = SignedBallot(fields=fields, signer=signer, signature=signature)
    status, code = site.refused(bad)
    assert status in (400, 403)
    assert code in ("signature-malformed", "signature-invalid", "key-signature-invalid")


def test_threat_31_a_revoked_key_casts_no_more_ballots(site, voter, round_, digests) -> None:
    early = voter.by_key(voter.fields(round_, digests[0], digests[1]))
    receipt = site.cast(early)
    voter.revoke()
    late = voter.by_key(voter.fields(round_, digests[0], digests[2]))
    assert site.refused(late) == (403, "key-not-delegated")
    again = site.cast(early)  # what was accepted before stays so
    assert (again.status_code, again.content) == (200, receipt.content)
    assert Ballot.objects.count() == 1


def test_threat_31_an_expired_key_casts_no_ballots(site, voter, fields) -> None:
    Delegation.objects.update(
        issued_at=timezone.now() - timedelta(days=8),
        accepted_at=timezone.now() - timedelta(days=8),
        expires_at=timezone.now() - timedelta(microseconds=1),
    )
    assert site.refused(voter.by_key(fields)) == (403, "key-not-delegated")


def test_threat_31_a_key_that_was_never_delegated_casts_no_ballots(site, voter, fields) -> None:
    voter.key = BrowserKey()
    assert site.refused(voter.by_key(fields)) == (403, "key-not-delegated")


def test_threat_31_a_foreign_delegation_is_no_authority(
    site, domain, voter, round_, digests
) -> None:
    other = Voter(domain)
    fields = voter.fields(round_, digests[0], digests[1])
    assert site.refused(other.by_key(fields)) == (403, "key-not-delegated")
    assert site.cast(other.by_key(replace(fields, voter=other.wallet.address))).status_code == 201


def test_a_key_delegated_to_again_after_expiry_casts_ballots(site, voter, fields) -> None:
    voter.revoke()
    assert site.refused(voter.by_key(fields)) == (403, "key-not-delegated")
    fresh = delegate(voter.member, voter.key, wallet=voter.wallet)
    assert site.cast(voter.by_key(fields)).status_code == 201
    assert Ballot.objects.get().delegation == fresh


def test_a_banned_member_casts_no_ballots(site, voter, fields) -> None:
    Member.objects.filter(pk=voter.member.pk).update(is_active=False)
    assert site.refused(voter.by_key(fields)) == (403, "key-not-delegated")
    assert site.refused(voter.by_wallet(fields)) == (403, "voter-unknown")


def test_who_is_no_member_casts_no_ballots(site, domain, voter, round_, digests) -> None:
    fields = voter.fields(round_, digests[0], digests[1])
    voter.delegation.delete()
    voter.member.session_keys.all().delete()
    voter.member.delete()
    assert site.refused(voter.by_wallet(fields)) == (403, "voter-unknown")


def test_a_refusal_says_nothing_of_the_pair_to_who_has_no_authority(
    site, domain, voter, round_, digests
) -> None:
    """Whoever cannot sign for the voter is told so, whatever the voter did on the pair."""
    voter.cast(round_, digests[0], digests[1])
    thief = Voter(domain)
    for pair in (digests[:2], digests[2:4], ["00" * 32, "11" * 32]):
        fields = voter.fields(round_, *pair, nonce=1)
        assert site.refused(thief.by_key(fields)) == (403, "key-not-delegated")
        assert site.refused(thief.by_wallet(fields)) == (403, "signature-invalid")


class ContractVoter:
    """A member whose address is a contract wallet of the owner's."""

    def __init__(self, address: str, voter: Voter) -> None:
        self.address, self.voter = address, voter
        Member.objects.create_user(address)

    def ballot(self, round_, digests, wrap=lambda inner: inner) -> SignedBallot:
        fields = replace(self.voter.fields(round_, *digests[:2]), voter=self.address)
        digest = ballot_digest(fields, self.voter.domain)
        inner = bytes(OWNER.unsafe_sign_hash(digest).signature)
        return SignedBallot(fields=fields, signer="wallet", signature="0x" + wrap(inner).hex())


def test_a_contract_wallet_casts_ballots(site, anvil, voter, round_, digests) -> None:
    wallet = ContractVoter(anvil.deploy("OwnedWallet", OWNER.address), voter)
    ballot = wallet.ballot(round_, digests)
    answer = site.cast(ballot)
    assert answer.status_code == 201, answer.content
    assert Ballot.objects.get().wallet_kind == "erc1271"
    other = replace(ballot.fields, nonce=ballot.fields.nonce + 1)
    assert site.refused(replace(ballot, fields=other)) == (403, "signature-invalid")


def test_threat_07_a_wallets_ballot_is_not_good_for_a_twin_with_the_same_owner(
    site, anvil, voter, round_, digests
) -> None:
    """The voter is part of what is signed."""
    wallet = ContractVoter(anvil.deploy("OwnedWallet", OWNER.address), voter)
    twin = ContractVoter(anvil.deploy("OwnedWallet", OWNER.address), voter)
    ballot = wallet.ballot(round_, digests)
    stolen = replace(ballot, fields=replace(ballot.fields, voter=twin.address))
    assert site.refused(stolen) == (403, "signature-invalid")


def test_a_wallet_that_is_not_deployed_yet_casts_ballots(
    site, anvil, voter, round_, digests
) -> None:
    factory = anvil.deploy("WalletFactory")
    code, salt = anvil.creation_code("OwnedWallet", OWNER.address), keccak(text="a voter to be")
    call = anvil.encode("WalletFactory", "deployCode", code, salt)
    address = to_checksum_address(
        anvil.ask(factory, "WalletFactory", "foresee", keccak(code), salt)
    )

    def wrap(inner: bytes) -> bytes:
        return encode(["address", "bytes", "bytes"], [factory, call, inner]) + WRAPPED

    wallet = ContractVoter(address, voter)
    answer = site.cast(wallet.ballot(round_, digests, wrap))
    assert answer.status_code == 201, answer.content
    row = Ballot.objects.get()
    assert row.wallet_kind == "erc6492"
    assert bytes.fromhex(row.signature).endswith(WRAPPED)
    assert anvil.node.code_at(address) == b""


def test_without_a_node_accounts_vote_and_contracts_are_told_to_try_again(
    site, voter, fields, settings
) -> None:
    settings.RPC_URL = "http://127.0.0.1:9"
    assert site.refused(Voter(voter.domain).by_wallet(fields)) == (503, "node-unreachable")
    assert site.cast(voter.by_wallet(fields)).status_code == 201
