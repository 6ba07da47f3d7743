"""Which ballots a round takes: in time, on two of its pictures, in order."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from curation.ballots import errors
from curation.galleries.services import close_round
from curation.models import (
    Ballot,
    Candidate,
    Decoy,
    FrozenReputation,
    Member,
    Reputation,
    Round,
    Voter,
)
from tests.factories import RoundFactory
from tests.voters import hang

pytestmark = pytest.mark.django_db


def test_a_ballot_is_kept_with_all_that_proves_it(voter, round_, digests) -> None:
    before = timezone.now()
    receipt = voter.cast(round_, digests[1], digests[0], nonce=2**127)
    row = Ballot.objects.get()
    assert (row.digest, row.round, row.voter) == (receipt.digest, round_, voter.member)
    assert (row.chosen, row.rejected) == (digests[1], digests[0])
    assert (row.low, row.high) == (digests[0], digests[1])
    assert (row.outcome, row.nonce, row.signer) == (0, 2**127, voter.key.did_key)
    assert len(bytes.fromhex(row.signature)) == 64
    assert before <= row.accepted_at <= timezone.now()
    assert row.delegation.allows(row.accepted_at)
    assert (row.weight, row.why, row.anchor) == (None, "", None)
    assert Voter.objects.get().last_nonce == 2**127


def test_without_contracts_nobody_votes_yet(voter, round_, digests) -> None:
    from chain.operator.models import Deployment

    Deployment.objects.all().delete()
    with pytest.raises(errors.VotingUnready):
        voter.cast(round_, *digests[:2])


@pytest.mark.parametrize("status", ["closed", "cancelled"])
def test_a_round_that_is_over_takes_no_ballots(voter, round_, digests, status) -> None:
    Round.objects.update(status=status)
    with pytest.raises(errors.RoundClosed):
        voter.cast(round_, *digests[:2])
    assert not Ballot.objects.exists()
    assert not Voter.objects.exists()


def test_a_round_whose_time_is_up_takes_no_ballots_though_nobody_closed_it_yet(
    voter, round_, digests
) -> None:
    Round.objects.update(closes_at=timezone.now())
    with pytest.raises(errors.RoundClosed, match="not counted"):
        voter.cast(round_, *digests[:2])


def test_a_ballot_that_was_accepted_keeps_its_receipt_after_the_close(
    voter, round_, digests, site
) -> None:
    ballot = voter.by_key(voter.fields(round_, *digests[:2]))
    first = site.cast(ballot)
    close_round(round_=round_)
    again = site.cast(ballot)
    assert (again.status_code, again.content) == (200, first.content)


@pytest.mark.parametrize("number", [0, 10**6, 2**63, 2**256 - 1])
def test_a_round_that_never_was_is_unknown(voter, round_, digests, number) -> None:
    with pytest.raises(errors.RoundUnknown):
        voter.cast(round_, *digests[:2], round=number)


def test_a_ballot_from_the_future_is_refused(voter, round_, digests) -> None:
    now = int(time.time())
    with pytest.raises(errors.BallotFromFuture, match="clock"):
        voter.cast(round_, *digests[:2], issued_at=now + 65)
    with pytest.raises(errors.BallotFromFuture):
        voter.cast(round_, *digests[:2], issued_at=now * 1000)  # milliseconds
    voter.cast(round_, *digests[:2], issued_at=now + 50)


def test_a_ballot_from_before_the_round_is_refused_and_an_old_one_of_it_is_not(
    voter, round_, digests
) -> None:
    """A phone in the underground keeps its votes and sends them when it comes up."""
    opened = timezone.now() - timedelta(minutes=50)
    Round.objects.update(opened_at=opened)
    with pytest.raises(errors.BallotStale):
        voter.cast(round_, *digests[:2], issued_at=int(opened.timestamp()) - 62)
    voter.cast(round_, *digests[:2], issued_at=int(opened.timestamp()) - 58)


@pytest.mark.parametrize("status", ["hidden", "disqualified"])
def test_a_picture_that_was_taken_down_is_in_no_pair(voter, round_, digests, status) -> None:
    voter.serve(round_, *digests[:2])
    for taken_down in digests[:2]:
        Candidate.objects.filter(digest=taken_down).update(status=status)
        for pair in (digests[:2], [taken_down, digests[2]]):  # the site had shown the first
            with pytest.raises(errors.PairNotInRound):
                voter.cast(round_, *pair)
        Candidate.objects.update(status="published")
    assert not Ballot.objects.exists()


def test_a_picture_that_nobody_knows_is_in_no_pair(voter, round_, digests) -> None:
    with pytest.raises(errors.PairNotInRound):
        voter.cast(round_, digests[0], "00" * 32)


def test_a_picture_is_not_compared_with_itself(voter, round_, digests) -> None:
    with pytest.raises(errors.BallotMalformed, match="itself"):
        voter.cast(round_, digests[0], digests[0])


def test_a_tie_lists_the_lower_digest_first(voter, round_, digests) -> None:
    with pytest.raises(errors.BallotMalformed, match="lower digest"):
        voter.cast(round_, digests[1], digests[0], outcome=1)
    voter.cast(round_, digests[0], digests[1], outcome=1)


def test_a_receipt_says_whether_the_site_had_asked_this_voter(
    voter, domain, round_, digests
) -> None:
    from tests.voters import Voter as Somebody

    somebody = Somebody(domain)
    somebody.serve(round_, digests[0], digests[1])
    pair = voter.serve(round_, digests[2], digests[3])
    assert not voter.cast(round_, digests[0], digests[1]).served  # the other was asked
    assert voter.cast(round_, digests[3], digests[2]).served
    assert list(Ballot.objects.order_by("pk").values_list("pair", flat=True)) == [None, pair.pk]


def test_pairs_of_another_round_are_taken_where_they_were_served(voter, round_, digests) -> None:
    """A repeat shows pictures of an earlier round."""
    earlier = RoundFactory(status="closed")
    old = [candidate.digest for candidate in hang(earlier, 2)]
    with pytest.raises(errors.PairNotInRound):
        voter.cast(round_, *old)
    voter.serve(round_, *old, kind="repeat", how="test")
    assert voter.cast(round_, *old).served
    assert Reputation.objects.get().member == voter.member


def test_a_gold_pair_is_noted_in_the_same_breath(voter, round_, digests) -> None:
    twin = "0d" * 32
    original = Candidate.objects.get(digest=digests[0])
    Decoy.objects.create(digest=twin, original=original, recipe="blur")
    voter.serve(round_, digests[0], twin, kind="gold", how="test", expected=digests[0])
    assert voter.cast(round_, digests[0], twin).served
    found = Reputation.objects.get()
    assert (found.member, found.gold_answered, found.gold_passed) == (voter.member, 1, 1)


def test_a_twin_hangs_no_longer_than_its_original(voter, round_, digests) -> None:
    twin = "0d" * 32
    original = Candidate.objects.get(digest=digests[0])
    Decoy.objects.create(digest=twin, original=original, recipe="blur")
    voter.serve(round_, digests[1], twin, kind="gold", how="test", expected=digests[1])
    Candidate.objects.filter(pk=original.pk).update(status="hidden")
    with pytest.raises(errors.PairNotInRound):
        voter.cast(round_, digests[1], twin)


def test_nonces_rise_over_all_rounds(voter, round_, digests) -> None:
    other = RoundFactory()
    there = [candidate.digest for candidate in hang(other, 2)]
    voter.cast(round_, *digests[:2], nonce=7)
    for nonce in (0, 1, 6, 7):
        with pytest.raises(errors.NonceReused) as refused:
            voter.cast(other, *there, nonce=nonce)
        assert refused.value.members == {"last_nonce": "7"}
    voter.cast(other, *there, nonce=8)


def test_the_first_nonce_is_above_zero(voter, round_, digests) -> None:
    with pytest.raises(errors.NonceReused, match="above 0"):
        voter.cast(round_, *digests[:2], nonce=0)
    voter.cast(round_, *digests[:2], nonce=1)


def test_a_refused_ballot_takes_no_nonce(voter, round_, digests) -> None:
    with pytest.raises(errors.PairNotInRound):
        voter.cast(round_, digests[0], "00" * 32, nonce=9)
    voter.cast(round_, *digests[:2], nonce=9)


def test_a_closed_round_is_told_before_a_used_nonce(voter, round_, digests) -> None:
    """Else a browser would sign again, for nothing."""
    voter.cast(round_, *digests[:2], nonce=5)
    close_round(round_=round_)
    with pytest.raises(errors.RoundClosed):
        voter.cast(round_, *digests[2:4], nonce=5)


def test_whoever_posted_the_brief_or_works_here_votes_like_everybody(
    voter, round_, digests
) -> None:
    Member.objects.update(is_staff=True)
    round_.brief.posted_by = voter.member
    round_.brief.save()
    voter.cast(round_, *digests[:2])
    assert not FrozenReputation.objects.exists()


def test_no_nonce_can_use_up_all_that_come_after_it(voter, round_, digests) -> None:
    with pytest.raises(errors.NonceTooFar) as refused:
        voter.cast(round_, *digests[:2], nonce=2**256 - 1)
    assert refused.value.members == {"last_nonce": "0"}
    voter.cast(round_, *digests[:2], nonce=2**128)
    with pytest.raises(errors.NonceTooFar):
        voter.cast(round_, *digests[1:3], nonce=2**129 + 1)
    voter.cast(round_, *digests[1:3], nonce=2**129)


def test_a_member_casts_no_more_ballots_in_a_round_than_anybody_needs(
    voter, round_, digests, settings
) -> None:
    settings.PAIRS_PER_ROUND = 1
    for nonce in range(1, 6):
        voter.cast(round_, *digests[:2], nonce=nonce)
    with pytest.raises(errors.TooManyBallots):
        voter.cast(round_, *digests[:2], nonce=6)
    assert Ballot.objects.count() == 5
