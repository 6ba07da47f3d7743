"""A round's ballots: told to nobody before its tally, to everybody after it."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from curation.ballots.models import BallotAnchor
from curation.ballots.services import cast_ballot
from curation.ballots.typed import BallotFields, ballot_digest
from curation.galleries.services import close_round
from curation.models import Ballot, Round, Tally
from tests.curation.ballots.conftest import refusal
from tests.voters import Voter


def publish(round_: Round) -> None:
    """The rows a tally leaves, as far as ballots are concerned."""
    close_round(round_=round_)
    anchor = BallotAnchor.objects.create(round=round_, index=0, root="ab" * 32, count=9)
    Ballot.objects.filter(round=round_).update(anchor=anchor, weight=0.25, why="capped")
    Tally.objects.create(
        round=round_,
        published_at=timezone.now(),
        parameters={},
        code_version="test",
        ballots_count=3,
        counted_count=3,
        voters_count=2,
        weight_total=0.75,
        effective_count=3,
        bundle_digest="cd" * 32,
        bundle_bytes=1,
    )


@pytest.fixture
def path(round_) -> str:
    return f"/api/v1/rounds/{round_.pk}/ballots"


def test_threat_11_ballots_are_sealed_until_the_tally_is_published(
    client, voter, round_, digests, path
) -> None:
    voter.cast(round_, *digests[:2])
    readers = {"visitor": None, "voter": voter.member, "staff": Voter(voter.domain).member}
    readers["staff"].is_staff = readers["staff"].is_superuser = True
    readers["staff"].save()
    for who in readers.values():
        if who:
            client.force_login(who)
        assert refusal(client.get(path)) == (409, "ballots-sealed")
    close_round(round_=round_)
    assert refusal(client.get(path)) == (409, "ballots-sealed")


def test_a_round_that_never_was_has_no_ballots(client, round_, path) -> None:
    assert refusal(client.get(path.replace(str(round_.pk), "10000"))) == (404, "not-found")


def test_published_ballots_can_be_checked_by_anybody(client, voter, round_, digests, path) -> None:
    voter.serve(round_, *digests[:2])
    by_key = voter.cast(round_, *digests[:2], nonce=2**120)
    publish(round_)
    [row] = client.get(path).json()["items"]
    names = ("voter", "round", "chosen", "rejected", "outcome")
    fields = BallotFields(
        **{name: row[name] for name in names},
        nonce=int(row["nonce"]),
        issued_at=row["issuedAt"],
    )
    assert ballot_digest(fields, voter.domain).hex() == row["digest"] == by_key.digest
    assert (row["accepted_at"], row["served"]) == (by_key.accepted_at, True)
    assert (row["weight"], row["why"], row["anchor"]) == (0.25, "capped", 0)


def test_a_page_carries_the_delegations_its_ballots_lean_on(
    client, voter, round_, digests, path
) -> None:
    other = Voter(voter.domain)
    voter.cast(round_, *digests[:2])
    voter.cast(round_, *digests[2:4])
    cast_ballot(ballot=other.by_wallet(other.fields(round_, *digests[:2])), client="test")
    voter.revoke()
    publish(round_)
    first = client.get(path, {"limit": 1}).json()
    assert (first["items"][0]["signer"], first["items"][0]["wallet_kind"]) == ("wallet", "eoa")
    assert (first["items"][0]["delegation"], first["delegations"]) == (None, [])
    rest = client.get(path, {"cursor": first["next_cursor"]}).json()
    [given] = rest["delegations"]
    assert {row["delegation"] for row in rest["items"]} == {given["id"]}
    assert (given["did_key"], given["kind"]) == (voter.key.did_key, "eoa")
    assert given["revoked_at"] is not None
    assert voter.wallet.sign(given["message"]) == given["signature"]
    assert rest["next_cursor"] == ""


def test_a_page_costs_the_same_however_many_delegations(
    client, domain, round_, digests, path
) -> None:
    for somebody in [Voter(domain) for _ in range(5)]:
        somebody.cast(round_, *digests[:2])
    publish(round_)
    with CaptureQueriesContext(connection) as queries:
        assert len(client.get(path).json()["delegations"]) == 5
    assert len(queries) <= 4
