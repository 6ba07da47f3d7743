"""What a member's own list of votes says."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import F

from curation.accounts.selectors import export_of
from curation.ballots.lines import PAGE, votes_page
from curation.galleries.services import close_round
from curation.models import Ballot, Candidate, Decoy
from tests.voters import Voter, hang

pytestmark = pytest.mark.django_db


def whys(member) -> list[str]:
    return [vote.why for vote in votes_page(member).votes]


def test_votes_say_what_became_of_them(voter, round_, digests) -> None:
    voter.cast(round_, *digests[:2])
    voter.cast(round_, digests[1], digests[0])
    voter.cast(round_, digests[1], digests[0], outcome=2)
    voter.cast(round_, *digests[2:4], outcome=1)
    votes = votes_page(voter.member).votes
    assert [vote.says for vote in votes] == [
        "You could not decide.",
        "You took your vote back.",
        "You chose the first over the second.",
        "You chose the first over the second.",
    ]
    assert [vote.why.split(";")[0] for vote in votes] == [
        "Sealed until the round has closed.",
        "You took it back.",
        "You changed your mind",
        "You changed your mind",
    ]
    assert [vote.weight for vote in votes] == [None] * 4
    close_round(round_=round_)
    assert whys(voter.member)[0] == "The round has closed; its tally is being made."


def test_after_the_tally_each_says_its_weight_and_why(voter, round_, digests) -> None:
    voter.cast(round_, *digests[:2])
    for why in Ballot.Why:
        Ballot.objects.update(weight=0.5, why=why)
        [vote] = votes_page(voter.member).votes
        assert vote.weight == 0.5
        assert vote.why.endswith(".")


def test_pictures_are_shown_unless_they_were_taken_down(voter, round_, digests) -> None:
    voter.cast(round_, digests[1], digests[0])
    Candidate.objects.filter(digest=digests[1]).update(status="hidden")
    [vote] = votes_page(voter.member).votes
    assert vote.chosen is None
    assert vote.rejected.thumbnail.endswith(f"{digests[0]}.webp")


def test_a_test_pair_looks_like_any_other_while_its_round_is_open(voter, round_, digests) -> None:
    original = Candidate.objects.get(digest=digests[0])
    Decoy.objects.create(digest="0d" * 32, original=original, recipe="blur")
    voter.serve(round_, digests[0], "0d" * 32, kind="gold", how="test", expected=digests[0])
    voter.cast(round_, digests[0], "0d" * 32)
    voter.cast(round_, *digests[1:3])
    plain, gold = votes_page(voter.member).votes
    assert (plain.why, plain.says, plain.weight) == (gold.why, gold.says, gold.weight)
    assert gold.rejected.alt == original.prompt


def test_pages_go_on_where_the_last_one_ended(voter, round_) -> None:
    digests = [candidate.digest for candidate in hang(round_, 12)]
    pairs = [(one, other) for one in digests for other in digests if one < other][: PAGE + 3]
    cast = [voter.cast(round_, *pair).digest for pair in pairs]
    first = votes_page(voter.member)
    rest = votes_page(voter.member, cursor=first.next_cursor)
    found = [vote.ballot.digest for vote in (*first.votes, *rest.votes)]
    assert (found, rest.next_cursor) == (cast[::-1], "")


def test_a_page_costs_a_handful_of_queries(
    voter, round_, digests, django_assert_max_num_queries
) -> None:
    for n in range(5):
        voter.cast(round_, digests[n], digests[n + 1])
    with django_assert_max_num_queries(3):
        votes_page(voter.member)


def test_the_page_is_for_members_and_shows_their_own(pages, domain, voter, round_, digests) -> None:
    mine = voter.cast(round_, *digests[:2])
    theirs = Voter(domain).cast(round_, *digests[:2])
    assert pages.get("/votes/").headers["Location"] == "/sign-in/?next=%2Fvotes%2F"
    pages.force_login(voter.member)
    answer = pages.get("/votes/")
    assert answer.status_code == 200
    assert f"/api/v1/ballots/{mine.digest}" in answer.text
    assert theirs.digest not in answer.text
    assert answer.context["reputation"].reasons
    assert "no-store" in answer.headers["Cache-Control"]
    assert pages.get("/votes/", {"after": "nonsense"}).status_code == 400


def test_the_page_shows_what_stands_when_the_grace_is_over(voter, round_, digests) -> None:
    voter.cast(round_, *digests[:2])
    Ballot.objects.update(accepted_at=F("accepted_at") - timedelta(minutes=5))
    assert whys(voter.member) == ["Sealed until the round has closed."]


def test_the_export_has_every_ballot_and_keeps_tests_of_open_rounds_sealed(
    voter, round_, digests
) -> None:
    voter.serve(round_, *digests[:2], kind="gold", how="test", expected=digests[0])
    receipt = voter.cast(round_, *digests[:2])
    export = json.loads(json.dumps(export_of(voter.member), cls=DjangoJSONEncoder))
    [ballot], [pair] = export["ballots"], export["served_pairs"]
    assert (ballot["digest"], ballot["why"], ballot["weight"]) == (receipt.digest, "", None)
    assert "kind" not in pair
    assert set(pair) == {"round", "low", "high", "low_left", "served_at"}
    value = export["reputation"]["value"]
    close_round(round_=round_)
    later = export_of(voter.member)
    assert later["served_pairs"][0]["kind"] == "gold"
    assert value == 0
    assert later["reputation"]["reasons"]
