"""A closed round with all that can happen in one: signed by real keys, anchored, staked on.

Rows are written as the services would have left them, at times of the story's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from chain.merkle.tree import MerkleTree
from curation.accounts import messages
from curation.ballots.models import Ballot, BallotAnchor
from curation.ballots.typed import BallotFields, Domain, ballot_digest
from curation.models import Candidate, Delegation, FrozenReputation, Round, ServedPair, SessionKey
from curation.standings.facts import ChainFacts, Snapshot
from tests.factories import RoundFactory
from tests.voters import CONTRACT, Voter, hang

ETHER = 10**18
DECOY = "d" * 64  # a picture that hangs in no round
TWIN = "e" * 64
STRANGERS = ("0x1111111111111111111111111111111111111111", "0x" + "22" * 20)


class Juror(Voter):
    """A member whose delegation says all that a verifier asks for."""

    def __init__(self, court: Court, *, kind: Delegation.Kind = Delegation.Kind.EOA) -> None:
        super().__init__(court.domain, delegated=False)
        self.court, self.kind = court, kind
        self.delegation = self.delegate(court.opened_at - timedelta(hours=1))

    @property
    def address(self) -> str:
        return self.wallet.address

    def delegate(self, at: datetime) -> Delegation:
        """Sign in and let the browser's key vote."""
        key, _ = SessionKey.objects.get_or_create(did_key=self.key.did_key, member=self.member)
        composed = messages.compose(
            address=self.wallet.address, nonce="n0nce1234", did_key=key.did_key, now=at
        )
        text = composed.prepare_message()
        is_eoa = self.kind == Delegation.Kind.EOA
        return Delegation.objects.create(
            key=key,
            message=text,
            signature=self.wallet.sign(text) if is_eoa else "0xC0FFEE",
            proof=self.key.prove("n0nce1234"),
            kind=self.kind,
            issued_at=at,
            accepted_at=at + timedelta(seconds=2),
            expires_at=messages.instant(composed.expiration_time or ""),
        )

    def trust(self, value: float) -> None:
        """Freeze a reputation when the round opened."""
        facts = {"value": value, "frozen_at": self.court.opened_at}
        FrozenReputation.objects.create(round=self.court.round, member=self.member, **facts)

    def vote(
        self,
        chosen: str,
        rejected: str,
        minute: float = 10,
        outcome: int = 0,
        kind: str = "preference",
        *,
        by: str = "key",
    ) -> Ballot:
        """A ballot as it was accepted some minutes after the round had opened."""
        at = self.court.opened_at + timedelta(minutes=minute)
        if outcome == 1:
            chosen, rejected = sorted((chosen, rejected))
        issued_at = int(at.timestamp()) - 3
        fields = self.fields(
            self.court.round, chosen, rejected, outcome=outcome, issued_at=issued_at
        )
        ballot = self.by_key(fields) if by == "key" else self.by_wallet(fields)
        signature = ballot.signature
        return self.court.accept(self, fields, signature=signature, at=at, kind=kind, by=by)


class Court:
    """An open round with candidates and jurors; `close` ends it."""

    def __init__(self, *, candidates: int = 8, minutes: int = 60, contract: str = CONTRACT) -> None:
        self.domain = Domain(settings.CHAIN_ID, contract)
        self.opened_at = timezone.now() - timedelta(minutes=minutes + 30)
        self.round: Round = RoundFactory(
            opened_at=self.opened_at, closes_at=self.opened_at + timedelta(minutes=minutes)
        )
        self.candidates: list[Candidate] = hang(self.round, candidates)
        self.digests = [row.digest for row in self.candidates]
        self.principal_wei: dict[str, int] = {}
        self.kin: list[tuple[str, str]] = []
        self.stakes: list[tuple[str, str, int]] = []
        self.unanchored: set[str] = set()
        self.jurors: dict[str, Juror] = {}

    def accept(
        self,
        juror: Juror,
        fields: BallotFields,
        *,
        signature: str,
        at: datetime,
        kind: str,
        by: str,
    ) -> Ballot:
        low, high = sorted((fields.chosen, fields.rejected))
        pair = None
        if kind:
            facts = {"kind": kind, "expected": low if kind == "gold" else ""}
            place = {"round": self.round, "member": juror.member, "low": low, "high": high}
            facts |= {"how": "random", "low_left": True}
            pair, _ = ServedPair.objects.get_or_create(**place, defaults=facts)
        return Ballot.objects.create(
            digest=ballot_digest(fields, self.domain).hex(),
            round=self.round,
            voter=juror.member,
            chosen=fields.chosen,
            rejected=fields.rejected,
            low=low,
            high=high,
            outcome=fields.outcome,
            nonce=fields.nonce,
            issued_at=fields.issued_at,
            signer=juror.key.did_key if by == "key" else "wallet",
            signature=signature.removeprefix("0x"),
            delegation=juror.delegation if by == "key" else None,
            wallet_kind="" if by == "key" else by,
            pair=pair,
            accepted_at=at,
        )

    def anchor(self, minute: float) -> BallotAnchor:
        """Put everything accepted by then under the next root."""
        until = self.opened_at + timedelta(minutes=minute)
        under = Ballot.objects.filter(round=self.round, accepted_at__lte=until)
        tree = MerkleTree(bytes.fromhex(ballot.digest) for ballot in under)
        index = self.round.ballot_anchors.count()
        facts = {"root": tree.root.hex(), "count": len(tree)}
        made = BallotAnchor.objects.create(round=self.round, index=index, **facts)
        under.filter(anchor=None).update(anchor=made)
        return made

    def close(self) -> None:
        """End the round, with a root over everything."""
        self.round.status = Round.Status.CLOSED
        self.round.closed_at = self.round.closes_at
        self.round.save()
        if self.round.ballots.filter(anchor=None).exists():
            self.anchor(24 * 60)

    @property
    def facts(self) -> ChainFacts:
        """What the chain would say of it."""
        at = self.opened_at.replace(microsecond=0) - timedelta(minutes=1)
        return ChainFacts(
            chain_id=self.domain.chain_id,
            contract=self.domain.contract,
            snapshot=Snapshot(block=77, hash="ab" * 32, at=at),
            principal_wei=self.principal_wei,
            kin=self.kin,
            stakes=self.stakes,
            pool_wei=1000 * ETHER + 7,
            anchored=frozenset(self.digests) - self.unanchored,
            roots=[row.root for row in self.round.ballot_anchors.order_by("index")],
        )


def crowd(court: Court, values: Iterable[float]) -> list[Juror]:
    """Jurors with these reputations."""
    jurors = []
    for value in values:
        jurors.append(Juror(court))
        jurors[-1].trust(value)
    return jurors


def full_round() -> Court:
    """Every reason a ballot can count for nothing, less, or in full; and all kinds of signers."""
    court = Court(candidates=10)
    d = court.digests
    plain, whale, staker, eager, *kin = crowd(court, (0.9, 0.7, 1.0, 1.0, 1.0, 1.0, 1.0))
    doubted, unknown = crowd(court, (0.0,))[0], Juror(court)
    safe = Juror(court, kind=Delegation.Kind.ERC1271)
    safe.trust(0.8)
    court.jurors = {"plain": plain, "whale": whale, "staker": staker, "eager": eager}
    court.principal_wei = {
        plain.address: 250 * ETHER,
        whale.address: 10**6 * ETHER,
        eager.address: 400 * ETHER + 1,
    }
    court.kin = [(kin[1].address, kin[0].address), (STRANGERS[0], kin[1].address)]
    court.kin.append((kin[2].address, STRANGERS[0]))  # who did not vote
    court.stakes = [
        (staker.address, d[0], 50 * ETHER),
        (STRANGERS[0], d[0], 33 * ETHER + 1),
        (STRANGERS[1], d[2], 10 * ETHER),
        (STRANGERS[1], d[0], 1),
    ]
    _votes_of_everybody(d, (plain, whale, *kin, safe))
    _votes_that_do_not_count(d, plain, staker, doubted, unknown)
    for other in range(1, 7):
        eager.vote(d[0], d[other], 20 + other)
    for number, juror in enumerate(kin):
        juror.vote(d[0], d[4], 27 + number)
        juror.vote(d[0], d[6], 28 + number)
    whale.vote(d[5], d[0], 31, by="eoa")
    safe.vote(d[3], d[4], 32, by="erc1271")
    court.anchor(25)
    whale.delegation.revoked_at = court.opened_at + timedelta(minutes=40)
    whale.delegation.save()
    court.unanchored = {d[6], d[8], d[9]}
    court.candidates[7].status = Candidate.Status.HIDDEN
    court.candidates[7].save()
    Candidate.objects.filter(digest__in=d[8:]).update(trial=True)
    court.close()
    return court


def _votes_of_everybody(d: list[str], jurors: Iterable[Juror]) -> None:
    for number, juror in enumerate(jurors):
        juror.vote(d[0], d[1], 5 + number)
        juror.vote(d[2], d[3], 6 + number)
        juror.vote(d[4], d[5], 7 + number, 1)
        juror.vote(d[2 + number % 4], d[0 if number % 2 else 6], 9 + number)
        juror.vote(d[1], d[7], 10 + number)


def _votes_that_do_not_count(
    d: list[str], plain: Juror, staker: Juror, doubted: Juror, unknown: Juror
) -> None:
    plain.vote(d[3], d[5], 15)
    plain.vote(d[5], d[3], 15.5)
    plain.vote(d[3], d[5], 15.9, 1)
    plain.vote(d[2], d[5], 17)
    plain.vote(d[2], d[5], 17.2, 2)
    plain.vote(d[4], d[6], 18, kind="")
    plain.vote(d[0], DECOY, 19, kind="gold")
    plain.vote(TWIN, DECOY, 19.5, kind="repeat")
    plain.vote(d[9], d[8], 19.7, kind="trial")
    staker.vote(d[0], d[4], 16)
    staker.vote(d[2], d[4], 16.5)
    doubted.vote(d[1], d[0], 16)
    unknown.vote(d[1], d[0], 16)
