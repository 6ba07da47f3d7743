"""Writes about ballots."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from curation.accounts import delegations
from curation.accounts.errors import KeyNotDelegated
from curation.accounts.models import Delegation, Member
from curation.ballots import rules, signatures
from curation.ballots.errors import (
    NonceReused,
    NonceTooFar,
    PairDecided,
    PairNotInRound,
    RoundClosed,
    RoundUnknown,
    TooManyBallots,
    VoterUnknown,
    VotingUnready,
)
from curation.ballots.holds import LARGEST_ID, Ground, accepted, hold_ground, last_nonce
from curation.ballots.models import GRACE_S, Ballot
from curation.ballots.receipts import Receipt, receipt_of
from curation.ballots.typed import (
    WALLET,
    BallotFields,
    SignedBallot,
    ballot_digest,
    site_domain,
)
from curation.galleries.models import Candidate, Round
from curation.pairs.models import Decoy, ServedPair
from curation.rates import Rate, spend
from curation.reputations.services import note_test

TESTS = (ServedPair.Kind.GOLD, ServedPair.Kind.REPEAT)  # of the voter, not of the pictures
# Two a second for as long as one likes, faster for a moment, as a queue from offline is.
PACE = Rate("ballots by voter", 30, 15, fails_open=True)
MOST_A_PAIR = 5  # ballots, on average: minds are changed within the grace time


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
        NonceTooFar: the nonce is so high that few could come after it.
        TooManyBallots: the voter has cast five for each pair they may be asked in the round.
        PairDecided: the pair was judged more than 60 s ago.
    """
    rules.check_fields(ballot.fields)
    if (domain := site_domain()) is None:
        raise VotingUnready("Voting begins once the site's contracts are deployed.")
    digest = ballot_digest(ballot.fields, domain)
    if ballot.signer == WALLET:  # else any address would do to have the node asked about it
        _member_id(ballot.fields.voter)
    kind = signatures.verify(ballot, digest=digest, client=client)
    # Before all else: ballots are public one day, and whoever sends an old one again, years after
    # or a thousand times, neither spends its voter's pace nor waits for its voter's row.
    if known := accepted(digest.hex(), signer=ballot.signer):
        return receipt_of(known, voter=ballot.fields.voter, is_new=False)
    return _record(ballot, digest=digest.hex(), kind=kind)


@transaction.atomic
def _record(ballot: SignedBallot, *, digest: str, kind: str) -> Receipt:
    """Everything that depends on what is stored, while nothing of it can change."""
    fields = ballot.fields
    member_id, delegation = _authority(ballot)
    spend(PACE, fields.voter)
    ground = hold_ground(fields, member_id=member_id, now=timezone.now())
    if not ground.is_next and (known := accepted(digest)):
        return receipt_of(known, voter=fields.voter, is_new=False)
    now = timezone.now()  # whatever could come in between waits from here on
    if delegation is not None and not delegation.allows(now):
        raise KeyNotDelegated("The browser's delegation has just expired. Sign in again.")
    pair_id = _check(fields, ground, member_id=member_id, now=now)
    row = Ballot.objects.create(
        digest=digest,
        round_id=fields.round,
        voter_id=member_id,
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
        pair_id=pair_id,
        accepted_at=now,
    )
    if ground.pair is not None and ground.pair[1] in TESTS:
        note_test(member_id=member_id)
    return receipt_of(row, voter=fields.voter)


def _authority(ballot: SignedBallot) -> tuple[int, Delegation | None]:
    """The voter's id, and the delegation by which a browser key may sign for them.

    No revocation of that key can come before the end of the transaction.
    """
    address = ballot.fields.voter
    if ballot.signer != WALLET:
        delegation = delegations.hold_delegation(did_key=ballot.signer, address=address)
        return delegation.key.member_id, delegation
    return _member_id(address), None


def _member_id(address: str) -> int:
    members = Member.objects.filter(address=address, is_active=True)
    if (member_id := members.values_list("pk", flat=True).first()) is None:
        raise VoterUnknown(f"{address} is no member here. Sign in with this wallet first.")
    return member_id


def _check(fields: BallotFields, ground: Ground, *, member_id: int, now: datetime) -> int | None:
    """Make sure a ballot may stand on this ground; the id of the pair as it was served, if so."""
    if ground.times is None and not Round.objects.filter(pk=min(fields.round, LARGEST_ID)).exists():
        raise RoundUnknown("There is no such round.")
    if ground.times is None or now >= ground.times[1]:
        raise RoundClosed("This round has closed; the vote was not counted.")
    rules.check_times(issued_at=fields.issued_at, opened_at=ground.times[0], now=now)
    _check_pictures(fields, ground)
    if not ground.is_next:
        last = last_nonce(member_id)
        raise NonceTooFar(last) if fields.nonce > last else NonceReused(last)
    if ground.cast >= settings.PAIRS_PER_ROUND * MOST_A_PAIR:
        raise TooManyBallots("You have cast as many ballots as one member may in a round.")
    if ground.first_at is not None and rules.grace_is_over(first_at=ground.first_at, now=now):
        raise PairDecided(
            f"This pair was judged already; a vote can be changed for {GRACE_S} seconds."
        )
    return ground.pair[0] if ground.pair is not None else None


def _check_pictures(fields: BallotFields, ground: Ground) -> None:
    """Make sure both pictures are on show: in the round, or in a pair the site has served."""
    if ground.pair is None:
        if ground.shown_in != [fields.round, fields.round]:
            raise PairNotInRound("These are not two pictures that hang in this round.")
    elif len(ground.shown_in) < 2:  # one is a degraded twin, or was taken down
        decoys = Decoy.objects.filter(
            digest__in=(fields.low, fields.high), original__status=Candidate.Status.PUBLISHED
        )
        if len(ground.shown_in) + decoys.count() < 2:
            raise PairNotInRound("One of the two pictures was taken down meanwhile.")
