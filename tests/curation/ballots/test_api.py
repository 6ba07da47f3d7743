"""Ballots over HTTP."""

from __future__ import annotations

from curation.models import Ballot


def test_a_ballot_by_browser_key_is_answered_with_a_receipt(site, voter, round_, digests) -> None:
    voter.serve(round_, digests[0], digests[1])
    ballot = voter.by_key(voter.fields(round_, digests[0], digests[1]))
    answer = site.cast(ballot)
    assert answer.status_code == 201, answer.content
    again = site.cast(ballot)
    assert (again.status_code, again.content) == (200, answer.content)
    assert Ballot.objects.count() == 1
    assert answer.json()["served"] is True


def test_a_ballot_by_wallet_is_answered_with_a_receipt(site, voter, round_, digests) -> None:
    answer = site.cast(voter.by_wallet(voter.fields(round_, digests[0], digests[1])))
    assert answer.status_code == 201, answer.content
    assert answer.json()["served"] is False
    assert Ballot.objects.get().wallet_kind == "eoa"
