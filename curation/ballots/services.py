"""Writes about ballots."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from curation.accounts import delegations
from curation.accounts.errors import KeyNotDelegated
from curation.accounts.models import Delegation, Member
from curation.ballots import holds, rules, signatures
from curation.ballots.errors import NonceReused, PairDecided, VoterUnknown, VotingUnready
from curation.ballots.models import GRACE_S, Ballot
from curation.ballots.pairs import find_pair
from curation.ballots.receipts import Receipt, receipt_of
from curation.ballots.typed import (
    WALLET,
    BallotFields,
    SignedBallot,
    ballot_digest,
    site_domain,
)
from curation.pairs.models import ServedPair
from curation.rates import Rate, spend
from curation.reputations.services import note_test

TESTS = (ServedPair.Kind.GOLD, ServedPair.Kind.REPEAT)  # of the voter, not of the pictures
# Two a second for as long as one likes, faster for a moment, as a queue from offline is.
PACE = Rate("ballots by voter", 30, 15, fails_open=True)


def cast_ballot(*, ballot: SignedBallot, client: str) -> Receipt:
    """Record one signed pairwise preference and hand back its receipt; again, the same receipt.

    The signature is the authority, and is checked before anything is looked up.

    Raises:
        BallotMalformed: it says something no ballot can say.
        VotingUnready: the site has no contracts yet.
        SignatureInvalid and its kin, KeyInvalid, KeySignatureInvalid: nobody signed this.
        NodeUnreachable: a contract wallet's signature cannot be checked now.
        KeyNotDelegated: the browser key may not sign for the voter: expired, revoked, foreign.
        VoterUnknown: the voter is no member, or banned.
        TooMany: the voter casts more than people can look at.
        RoundUnknown, RoundClosed: the round takes no ballots.
        BallotFromFuture, BallotStale: it is dated outside of the round.
        PairNotInRound: the digests are not two visible pictures to compare in this round.
        NonceReused: a ballot with this nonce or a higher one was accepted before.
        PairDecided: the pair was judged more than 60 s ago.
    """
    rules.check_fields(ballot.fields)
    if (domain := site_domain()) is None:
        raise VotingUnready("Voting begins once the site's contracts are deployed.")
    digest = ballot_digest(ballot.fields, domain)
    kind = signatures.verify(ballot, digest=digest, client=client)
    return _record(ballot, digest=digest.hex(), kind=kind)


@transaction.atomic
def _record(ballot: SignedBallot, *, digest: str, kind: str) -> Receipt:
    """Everything that depends on what is stored, while nothing of it can change."""
    fields = ballot.fields
    try:
        voter, delegation = _authority(ballot)
    except KeyNotDelegated:
        if known := Ballot.objects.filter(digest=digest, signer=ballot.signer).first():
            return receipt_of(known, voter=fields.voter, is_new=False)  # it was accepted earlier
        raise
    spend(PACE, voter.address)
    is_next = holds.advance_nonce(member_id=voter.pk, nonce=fields.nonce)
    if not is_next and (known := Ballot.objects.filter(digest=digest).first()):
        return receipt_of(known, voter=voter.address, is_new=False)
    round_ = holds.hold_open_round(round_id=fields.round, now=timezone.now())
    now = timezone.now()  # whatever could come in between waits from here on
    if delegation is not None and not delegation.allows(now):
        raise KeyNotDelegated("The browser's delegation has just expired. Sign in again.")
    rules.check_times(issued_at=fields.issued_at, opened_at=round_.opened_at, now=now)
    pair = find_pair(fields, member_id=voter.pk)
    if not is_next:
        raise NonceReused(holds.last_nonce(voter.pk))
    _check_grace(fields, voter=voter, now=now)
    row = Ballot.objects.create(
        digest=digest,
        round=round_,
        voter=voter,
        chosen=fields.chosen,
        rejected=fields.rejected,
        low=fields.low,
        high=fields.high,
        outcome=fields.outcome,
        nonce=fields.nonce,
        issued_at=fields.issued_at,
        signer=ballot.signer,
        signature=ballot.signature.removeprefix("0x").lower(),
        delegation=delegation,
        wallet_kind=kind,
        pair=pair,
        accepted_at=now,
    )
    if pair is not None and pair.kind in TESTS:
        note_test(member_id=voter.pk)
    return receipt_of(row, voter=voter.address)


def _authority(ballot: SignedBallot) -> tuple[Member, Delegation | None]:
    """The voter, and the delegation by which a browser key may sign for them.

    No revocation of that key can come before the end of the transaction.
    """
    address = ballot.fields.voter
    if ballot.signer == WALLET:
        found = Member.objects.filter(address=address, is_active=True).first()
        if found is None:
            raise VoterUnknown(f"{address} is no member here. Sign in with this wallet first.")
        return found, None
    delegations.hold_key(did_key=ballot.signer)
    delegation = delegations.delegation_at(
        did_key=ballot.signer, address=address, at=timezone.now()
    )
    return delegation.key.member, delegation


def _check_grace(fields: BallotFields, *, voter: Member, now: datetime) -> None:
    cast = Ballot.objects.filter(
        round_id=fields.round, voter=voter, low=fields.low, high=fields.high
    )
    first_at = cast.aggregate(at=Min("accepted_at"))["at"]
    if first_at is not None and rules.grace_is_over(first_at=first_at, now=now):
        raise PairDecided(
            f"This pair was judged already; a vote can be changed for {GRACE_S} seconds."
        )
