"""Voters for tests: members with a wallet and a browser key, who sign ballots."""

from __future__ import annotations

import hashlib
import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from eth_account.messages import encode_typed_data

from chain.operator.models import Deployment
from chain.operator.selectors import CURATION
from curation.accounts import delegations
from curation.ballots.receipts import Receipt
from curation.ballots.services import cast_ballot
from curation.ballots.typed import (
    BallotFields,
    Domain,
    SignedBallot,
    ballot_digest,
    forget_domain,
)
from curation.models import Candidate, Delegation, Member, Round, ServedPair, SessionKey
from tests.factories import provenance
from tests.wallets import BrowserKey, Wallet

CONTRACT = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
TYPES = {
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


def deploy(contract: str = CONTRACT) -> Domain:
    """Say that the site's contract is there; nothing is asked of a chain."""
    forget_domain()
    Deployment.objects.update_or_create(
        chain_id=settings.CHAIN_ID,
        name=CURATION,
        defaults={
            "address": contract,
            "block_number": 1,
            "tx_hash": "00" * 32,
            "code_hash": "00" * 32,
            "compiler": "0.8.30",
        },
    )
    return Domain(settings.CHAIN_ID, contract)


def hang(round_: Round, count: int) -> list[Candidate]:
    """Candidates on a round's wall, without files, in the order of their digests."""
    before = Candidate.objects.count()
    rows = []
    for number in range(before, before + count):
        digest = hashlib.sha256(f"picture {number}".encode()).hexdigest()
        facts = vars(provenance(number))
        rows.append(Candidate(round=round_, digest=digest, size_bytes=1, **facts))
    Candidate.objects.bulk_create(rows)
    Round.objects.filter(pk=round_.pk).update(candidates_count=count)
    return sorted(rows, key=lambda row: row.digest)


def typed_data(fields: BallotFields, domain: Domain, **changes: Any) -> dict[str, Any]:
    """A ballot as wallets are shown it."""
    return {
        "domain": {
            "name": "Salon",
            "version": "1",
            "chainId": domain.chain_id,
            "verifyingContract": domain.contract,
        },
        "types": TYPES,
        "primaryType": "Ballot",
        "message": {
            "voter": fields.voter,
            "round": fields.round,
            "chosen": bytes.fromhex(fields.chosen),
            "rejected": bytes.fromhex(fields.rejected),
            "outcome": fields.outcome,
            "nonce": fields.nonce,
            "issuedAt": fields.issued_at,
        },
    }


def delegate(member: Member, key: BrowserKey, *, wallet: Wallet, days: int = 7) -> Delegation:
    """A delegation as signing in would leave it, but for its message."""
    now = timezone.now()
    row, _ = SessionKey.objects.get_or_create(did_key=key.did_key, member=member)
    message = f"Resources:\n- {key.did_key}"
    return Delegation.objects.create(
        key=row,
        message=message,
        signature=wallet.sign(message),
        proof="00" * 64,
        kind=Delegation.Kind.EOA,
        issued_at=now,
        accepted_at=now,
        expires_at=now + timedelta(days=days),
    )


class Voter:
    """A member with a wallet and a browser key; remembers the nonce."""

    def __init__(self, domain: Domain, *, delegated: bool = True) -> None:
        self.domain = domain
        self.wallet, self.key = Wallet(), BrowserKey()
        self.member = Member.objects.create_user(self.wallet.address)
        self.nonce = 0
        if delegated:
            self.delegation = delegate(self.member, self.key, wallet=self.wallet)

    def serve(self, round_: Round, one: str, other: str, **facts: Any) -> ServedPair:
        """Show the voter a pair."""
        low, high = sorted((one, other))
        facts = {"kind": "preference", "how": "random", "low_left": True} | facts
        return ServedPair.objects.create(
            round=round_, member=self.member, low=low, high=high, **facts
        )

    def fields(self, round_: Round, chosen: str, rejected: str, **changes: Any) -> BallotFields:
        """The next ballot, unsigned."""
        if "nonce" not in changes:
            self.nonce += 1
        facts = {
            "voter": self.wallet.address,
            "round": round_.pk,
            "chosen": chosen,
            "rejected": rejected,
            "outcome": 0,
            "nonce": self.nonce,
            "issued_at": int(time.time()),
        }
        return BallotFields(**(facts | changes))

    def by_key(self, fields: BallotFields, domain: Domain | None = None) -> SignedBallot:
        """Signed with the browser's key."""
        digest = ballot_digest(fields, domain or self.domain)
        signature = self.key.sign(digest).hex()
        return SignedBallot(fields=fields, signer=self.key.did_key, signature=signature)

    def by_wallet(self, fields: BallotFields, domain: Domain | None = None) -> SignedBallot:
        """Signed with the wallet, by eth-account's own reading of EIP-712."""
        signable = encode_typed_data(full_message=typed_data(fields, domain or self.domain))
        signature = self.wallet.account.sign_message(signable).signature
        return SignedBallot(fields=fields, signer="wallet", signature="0x" + signature.hex())

    def cast(self, round_: Round, chosen: str, rejected: str, **changes: Any) -> Receipt:
        """The whole way, with the browser's key."""
        return cast_ballot(
            ballot=self.by_key(self.fields(round_, chosen, rejected, **changes)), client="test"
        )

    def revoke(self) -> None:
        """Take the delegation back."""
        delegations.revoke_delegation(member=self.member, delegation_id=self.delegation.pk)


def as_body(ballot: SignedBallot, **changes: Any) -> dict[str, Any]:
    """A ballot as it is posted."""
    fields = ballot.fields
    return {
        "voter": fields.voter,
        "round": fields.round,
        "chosen": fields.chosen,
        "rejected": fields.rejected,
        "outcome": fields.outcome,
        "nonce": str(fields.nonce),
        "issuedAt": fields.issued_at,
        "signature": ballot.signature,
        "signer": ballot.signer,
    } | changes
