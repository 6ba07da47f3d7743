"""The same or contrary things at once: one of them happens."""

from __future__ import annotations

import threading
import time
from collections import Counter

import pytest
from django.db import connection, transaction
from django.utils import timezone

from curation import rates
from curation.accounts import errors as account_errors
from curation.accounts.delegations import hold_key
from curation.ballots import errors, holds
from curation.ballots.selectors import counting
from curation.ballots.services import cast_ballot
from curation.galleries.services import close_round
from curation.models import Ballot, Delegation, Round
from tests.factories import RoundFactory
from tests.threads import at_once
from tests.voters import Voter, deploy, hang

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def polling():
    """A voter, an open round, its digests."""
    rates._limiter().storage.reset()
    round_ = RoundFactory()
    return Voter(deploy()), round_, [candidate.digest for candidate in hang(round_, 10)]


def test_threat_30_fifty_copies_at_once_are_one_ballot_with_one_receipt(
    polling, monkeypatch
) -> None:
    voter, round_, digests = polling
    monkeypatch.setattr("curation.ballots.services.PACE", rates.Rate("fifty", 100, 15))
    ballot = voter.by_key(voter.fields(round_, *digests[:2]))
    receipts = at_once(50, lambda _: cast_ballot(ballot=ballot, client="test"))
    assert len(set(receipts)) == 1, set(receipts)
    assert Counter(receipt.is_new for receipt in receipts) == {True: 1, False: 49}
    assert Ballot.objects.count() == 1


def test_threat_30_of_fifty_ballots_with_one_nonce_one_is_taken(polling, monkeypatch) -> None:
    voter, round_, digests = polling
    monkeypatch.setattr("curation.ballots.services.PACE", rates.Rate("fifty", 100, 15))
    pairs = [(one, other) for one in digests for other in digests if one < other]
    ballots = [voter.by_key(voter.fields(round_, *pair, nonce=1)) for pair in pairs]
    results = at_once(len(ballots), lambda n: cast_ballot(ballot=ballots[n], client="test"))
    assert Counter(type(result).__name__ for result in results) == {
        "Receipt": 1,
        "NonceReused": len(pairs) - 1,
    }
    assert Ballot.objects.count() == 1


def test_both_orders_at_once_from_two_tabs_leave_one_that_stands(polling) -> None:
    """Each tab counts its nonces alone: the higher one stands, or was the only one taken."""
    voter, round_, (low, high, *_) = polling
    for turn in range(10):
        pair = [(low, high), (high, low)]
        ballots = [
            voter.by_key(voter.fields(round_, *said, nonce=10 * turn + 1 + tab))
            for tab, said in enumerate(pair)
        ]
        results = at_once(2, lambda tab, made=ballots: cast_ballot(ballot=made[tab], client="test"))
        assert not isinstance(results[1], Exception)
        if isinstance(results[0], Exception):
            assert isinstance(results[0], errors.NonceReused)
        [stands] = counting(round_.pk)
        assert (stands.chosen, stands.nonce) == (high, 10 * turn + 2)


def cast_while(polling, hold, change):
    """A ballot that is under way while `hold` holds it, and a change that is wanted meanwhile."""
    voter, round_, digests = polling
    held, moments = threading.Event(), {}
    ballot = voter.by_key(voter.fields(round_, *digests[:2]))

    def work(index: int):
        if index:
            assert held.wait(10)
            change()
            moments["changed"] = timezone.now()
            return None
        with transaction.atomic():
            hold()
            held.set()
            time.sleep(0.5)  # the change is asked for meanwhile
            receipt = cast_ballot(ballot=ballot, client="test")
            moments["cast"] = timezone.now()
            return receipt

    receipt, changed = at_once(2, work)
    assert changed is None, changed
    assert moments["changed"] > moments["cast"]
    return receipt


def test_closing_waits_for_a_ballot_under_way(polling) -> None:
    voter, round_, digests = polling
    receipt = cast_while(
        polling,
        lambda: holds.hold_ground(
            voter.fields(round_, *digests[:2], nonce=0),
            member_id=voter.member.pk,
            now=timezone.now(),
        ),
        lambda: close_round(round_=Round.objects.get(pk=round_.pk)),
    )
    assert receipt.is_new, receipt
    round_.refresh_from_db()
    assert round_.status == Round.Status.CLOSED
    assert Ballot.objects.get().accepted_at < round_.closed_at


def test_a_ballot_that_waits_for_the_close_is_refused(polling) -> None:
    voter, round_, digests = polling
    ballot = voter.by_key(voter.fields(round_, *digests[:2]))
    closing = threading.Event()

    def work(index: int):
        if index:
            assert closing.wait(10)
            return cast_ballot(ballot=ballot, client="test")
        with transaction.atomic():
            close_round(round_=round_)
            closing.set()
            time.sleep(0.5)  # the ballot finds the round still open, and held
        return None

    assert isinstance(at_once(2, work)[1], errors.RoundClosed)
    assert not Ballot.objects.exists()


def test_no_ballot_is_accepted_after_the_close(polling) -> None:
    """Many voters until somebody closes the round, without anybody waiting for anybody."""
    voter, round_, digests = polling
    voters = [voter, *(Voter(voter.domain) for _ in range(7))]

    def work(index: int):
        if index == len(voters):
            deadline = time.monotonic() + 30  # a busy machine takes its time before the first
            while not Ballot.objects.exists() and time.monotonic() < deadline:
                time.sleep(0.02)
            close_round(round_=round_)
            return []
        receipts = []
        for n in range(500):
            pair = digests[n % 9], digests[n % 9 + 1]
            ballot = voters[index].by_key(voters[index].fields(round_, *pair))
            try:
                receipts.append(cast_ballot(ballot=ballot, client="test"))
            except (errors.RoundClosed, rates.TooMany) as error:
                if isinstance(error, errors.RoundClosed):
                    return receipts
                rates._limiter().storage.reset()
        return receipts

    results = at_once(len(voters) + 1, work)
    receipts = [receipt for found in results for receipt in found]
    round_.refresh_from_db()
    accepted = dict(Ballot.objects.values_list("digest", "accepted_at"))
    assert {receipt.digest for receipt in receipts} == set(accepted)
    assert max(accepted.values()) < round_.closed_at


def test_threat_31_a_revocation_waits_for_a_ballot_under_way(polling) -> None:
    voter, _, _ = polling
    receipt = cast_while(polling, lambda: hold_key(did_key=voter.key.did_key), voter.revoke)
    assert receipt.is_new, receipt
    delegation, ballot = Delegation.objects.get(), Ballot.objects.get()
    assert delegation.allows(ballot.accepted_at)
    assert delegation.revoked_at > ballot.accepted_at


def test_threat_31_no_ballot_is_accepted_after_a_revocation(polling) -> None:
    voter, round_, digests = polling

    def work(index: int):
        if index:
            time.sleep(0.15)
            voter.revoke()
            return None
        for n in range(500):
            rates._limiter().storage.reset()
            pair = digests[n % 9], digests[n % 9 + 1]
            try:
                cast_ballot(ballot=voter.by_key(voter.fields(round_, *pair)), client="test")
            except account_errors.KeyNotDelegated as error:
                return error
        return None

    refused, _ = at_once(2, work)
    assert isinstance(refused, account_errors.KeyNotDelegated), refused
    delegation = Delegation.objects.get()
    for ballot in Ballot.objects.all():
        assert delegation.allows(ballot.accepted_at)


def test_ballots_of_different_voters_do_not_wait_for_each_other(polling) -> None:
    voter, round_, digests = polling
    other = Voter(voter.domain)
    with transaction.atomic():
        voter.cast(round_, *digests[:2])
        # What this one holds is the first voter's alone: the other's ballot goes through.
        [receipt, _] = at_once(2, lambda n: n or other.cast(round_, *digests[:2]))
        assert receipt.is_new
    assert connection.in_atomic_block is False
    assert Ballot.objects.count() == 2


def test_pictures_go_on_arriving_while_ballots_are_cast(polling) -> None:
    from curation.galleries.services import publish_candidate
    from tests.factories import provenance

    voter, round_, digests = polling
    with transaction.atomic():
        voter.cast(round_, *digests[:2])
        [candidate, _] = at_once(
            2,
            lambda n: (
                n
                or publish_candidate(
                    round_id=round_.pk, digest="77" * 32, size_bytes=1, provenance=provenance(77)
                )
            ),
        )
        assert candidate.digest == "77" * 32, candidate
