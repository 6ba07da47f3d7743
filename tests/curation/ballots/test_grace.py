"""A minute to change one's mind, and nothing after it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F

from curation.ballots import errors
from curation.ballots.selectors import counting, judged_count, votes_of
from curation.models import Ballot

pytestmark = pytest.mark.django_db
TIE, WITHDRAWN = 1, 2


def pass_time(seconds: float) -> None:
    """Let all that was accepted have been accepted earlier."""
    Ballot.objects.update(accepted_at=F("accepted_at") - timedelta(seconds=seconds))


def standing(round_) -> list[tuple[str, int]]:
    return [(ballot.chosen, ballot.outcome) for ballot in counting(round_.pk)]


def test_within_the_minute_the_latest_ballot_on_a_pair_stands(voter, round_, digests) -> None:
    low, high = digests[:2]
    voter.cast(round_, low, high)
    pass_time(30)
    voter.cast(round_, high, low)
    assert standing(round_) == [(high, 0)]
    pass_time(25)
    voter.cast(round_, low, high, outcome=TIE)
    assert standing(round_) == [(low, TIE)]
    assert Ballot.objects.count() == 3


def test_the_minute_begins_with_the_first_ballot_not_the_last(voter, round_, digests) -> None:
    voter.cast(round_, *digests[:2])
    pass_time(40)
    voter.cast(round_, digests[1], digests[0])
    pass_time(25)  # 65 s after the first, 25 s after the second
    with pytest.raises(errors.PairDecided, match="60 seconds"):
        voter.cast(round_, *digests[:2])
    assert standing(round_) == [(digests[1], 0)]


def test_undo_takes_a_vote_back_and_leaves_room_for_another(voter, round_, digests) -> None:
    voter.cast(round_, *digests[:2])
    voter.cast(round_, *digests[:2], outcome=WITHDRAWN)
    assert standing(round_) == []
    assert judged_count(voter.member, round_) == 0
    pass_time(50)
    voter.cast(round_, digests[1], digests[0])
    assert standing(round_) == [(digests[1], 0)]
    assert judged_count(voter.member, round_) == 1


def test_what_was_taken_back_stays_so_after_the_minute(voter, round_, digests) -> None:
    voter.cast(round_, *digests[:2])
    voter.cast(round_, *digests[:2], outcome=WITHDRAWN)
    pass_time(61)
    for outcome in (0, WITHDRAWN):
        with pytest.raises(errors.PairDecided):
            voter.cast(round_, *digests[:2], outcome=outcome)
    assert standing(round_) == []


def test_a_vote_that_was_never_cast_can_be_taken_back_too(voter, round_, digests) -> None:
    """The undo may arrive although the vote was lost; the grace begins with it."""
    voter.cast(round_, *digests[:2], outcome=WITHDRAWN)
    assert standing(round_) == []
    pass_time(61)
    with pytest.raises(errors.PairDecided):
        voter.cast(round_, *digests[:2])


def test_every_pair_has_a_minute_of_its_own(voter, domain, round_, digests) -> None:
    from tests.voters import Voter

    voter.cast(round_, *digests[:2])
    pass_time(61)
    voter.cast(round_, digests[0], digests[2])
    Voter(domain).cast(round_, *digests[:2])
    with pytest.raises(errors.PairDecided):
        voter.cast(round_, digests[1], digests[0])


def test_the_same_ballot_after_the_minute_still_has_its_receipt(voter, round_, digests, site):
    ballot = voter.by_key(voter.fields(round_, *digests[:2]))
    first = site.cast(ballot)
    voter.cast(round_, digests[1], digests[0])
    pass_time(61)
    accepted_at = site.cast(ballot).json()["accepted_at"]
    assert accepted_at < first.json()["accepted_at"]  # of the row, which the test has moved
    assert standing(round_) == [(digests[1], 0)]


def test_votes_of_a_member_are_their_own_latest_first(voter, domain, round_, digests) -> None:
    from tests.voters import Voter

    first = voter.cast(round_, *digests[:2])
    second = voter.cast(round_, digests[1], digests[0])
    Voter(domain).cast(round_, *digests[:2])
    found = list(votes_of(voter.member, round_.pk))
    assert [ballot.digest for ballot in found] == [second.digest, first.digest]
    assert [ballot.is_replaced for ballot in found] == [False, True]
    assert not votes_of(voter.member, round_.pk + 1).exists()


def test_counting_keeps_one_ballot_per_voter_and_pair(voter, domain, round_, digests) -> None:
    from tests.voters import Voter

    voters = [voter, Voter(domain), Voter(domain)]
    for somebody in voters:
        somebody.cast(round_, *digests[:2])
        somebody.cast(round_, digests[1], digests[0])
        somebody.cast(round_, *digests[2:4])
    voters[2].cast(round_, *digests[2:4], outcome=WITHDRAWN)
    found = counting(round_.pk)
    assert sorted(found.values_list("voter", "low")) == sorted(
        [(somebody.member.pk, digests[0]) for somebody in voters]
        + [(somebody.member.pk, digests[2]) for somebody in voters[:2]]
    )
