"""Voters for benchmarks: members with keys, and ballots signed beforehand."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations, islice
from random import Random
from typing import Any

PICTURES = 40


@dataclass(frozen=True)
class Ready:
    """A ballot on its way: what is posted, and what a bare loop checks and stores."""

    body: bytes
    voter: str
    member_id: int
    digest: bytes
    signer: str  # "wallet" or a did:key
    signature: bytes
    row: tuple[Any, ...]  # of `BARE_TABLE`


class Voters:
    """A round, its pictures, and members with a wallet and a delegated key each."""

    def __init__(self, count: int) -> None:
        from cryptography.hazmat.primitives.asymmetric import ec
        from django.utils import timezone
        from eth_account import Account

        from curation.accounts.keys import did_key_of
        from curation.ballots.typed import site_domain
        from curation.models import Brief, Delegation, Member, Round, SessionKey

        now = timezone.now()
        self.domain = site_domain()  # contracts were deployed when the database was prepared
        brief = Brief.objects.create(slug="votes", title="Votes", purpose="To be counted.")
        self.round = Round.objects.create(
            brief=brief,
            number=1,
            opened_at=now,
            closes_at=now + timedelta(days=1),
            candidates_wanted=PICTURES,
        )
        self.pairs = list(combinations(self._hang(), 2))
        self.wallets = [Account.create() for _ in range(count)]
        self.keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(count)]
        self.did_keys = [did_key_of(key.public_key()) for key in self.keys]
        self.members = Member.objects.bulk_create(
            Member(address=wallet.address) for wallet in self.wallets
        )
        rows = SessionKey.objects.bulk_create(
            SessionKey(did_key=did_key, member=member)
            for did_key, member in zip(self.did_keys, self.members, strict=True)
        )
        times = {"issued_at": now, "accepted_at": now, "expires_at": now + timedelta(days=7)}
        Delegation.objects.bulk_create(
            Delegation(key=row, message="", signature="", proof="", kind="eoa", **times)
            for row in rows
        )
        self.cast = [0] * count

    def _hang(self) -> list[str]:
        from curation.models import Candidate

        digests = sorted(hashlib.sha256(b"%d" % n).hexdigest() for n in range(PICTURES))
        made = {"easel": "", "agent": "Iris", "prompt": "anchor", "seed": 1, "scheduler": "s"}
        made |= {"steps": 1, "guidance": 1.0, "width": 8, "height": 8, "model_version": "v"}
        made |= {"base_hash": "", "worker": "w", "size_bytes": 1, "round": self.round}
        Candidate.objects.bulk_create(
            Candidate(digest=digest, job_key=digest, **made) for digest in digests
        )
        return digests

    def next_ballots(self, count: int) -> list[Ready]:
        """Ballots of all voters in turn, each on a pair served to its voter; half by wallets."""
        from curation.models import ServedPair

        total = len(self.members)
        wanted = [n % total for n in range(count)]
        made, served = [], []
        for number in wanted:
            low, high = self._pair(number)
            self.cast[number] += 1
            served.append(
                ServedPair(
                    round=self.round,
                    member=self.members[number],
                    low=low,
                    high=high,
                    low_left=True,
                    kind="preference",
                    how="random",
                )
            )
            made.append(self._sign(number, low, high, by_wallet=len(made) % 2 == 0))
        ServedPair.objects.bulk_create(served)
        return made

    def _pair(self, number: int) -> tuple[str, str]:
        start = Random(number).randrange(len(self.pairs)) + self.cast[number]
        return self.pairs[start % len(self.pairs)]

    def _sign(self, number: int, chosen: str, rejected: str, *, by_wallet: bool) -> Ready:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

        from curation.ballots.typed import BallotFields, ballot_digest

        wallet, signer = self.wallets[number], "wallet" if by_wallet else self.did_keys[number]
        issued_at = int(time.time())
        fields = BallotFields(
            voter=wallet.address,
            round=self.round.pk,
            chosen=chosen,
            rejected=rejected,
            outcome=0,
            nonce=self.cast[number],
            issued_at=issued_at,
        )
        digest = ballot_digest(fields, self.domain)
        if by_wallet:
            signature = bytes(wallet.unsafe_sign_hash(digest).signature)
        else:
            raw = self.keys[number].sign(digest, ec.ECDSA(hashes.SHA256()))
            signature = b"".join(part.to_bytes(32, "big") for part in decode_dss_signature(raw))
        said = {
            "voter": fields.voter,
            "round": fields.round,
            "chosen": chosen,
            "rejected": rejected,
            "outcome": 0,
            "nonce": str(fields.nonce),
            "issuedAt": issued_at,
            "signature": signature.hex(),
            "signer": signer,
        }
        member_id = self.members[number].pk
        row = (digest.hex(), fields.round, member_id, chosen, rejected, 0, fields.nonce, issued_at)
        return Ready(
            body=json.dumps(said).encode(),
            voter=wallet.address,
            member_id=member_id,
            digest=digest,
            signer=signer,
            signature=signature,
            row=(*row, signer, signature.hex()),
        )


def dealt(ballots: list[Ready], hands: int) -> list[list[Ready]]:
    """Ballots for several connections; those of one voter stay in order on one of them."""
    by_voter: dict[str, list[Ready]] = {}
    for ballot in ballots:
        by_voter.setdefault(ballot.voter, []).append(ballot)
    groups = list(by_voter.values())
    dealt_out: list[list[Ready]] = []
    for hand in range(hands):
        mine = groups[hand::hands]
        turns = max(map(len, mine), default=0)
        dealt_out.append(
            [b for turn in range(turns) for g in mine for b in islice(g, turn, turn + 1)]
        )
    return dealt_out
