from __future__ import annotations

import re

import pytest
from django.urls import reverse

from curation.ballots.judging import live_keys
from curation.galleries.services import close_round

pytestmark = pytest.mark.django_db


def page_of(client, round_) -> str:
    answer = client.get(reverse("judge", args=[round_.pk]))
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    return answer.content.decode()


def test_visitors_find_a_door_and_two_pictures_of_the_wall(pages, round_, candidates) -> None:
    page = page_of(pages, round_)
    assert "Sign in to judge" in page
    assert len(re.findall(r"<span><img src=\"/media/thumbnails/", page)) == 2
    assert "data-judge" not in page


def test_members_find_their_pairs_address_and_the_keys_that_may_vote(
    pages, round_, candidates, voter
) -> None:
    pages.force_login(voter.member)
    page = page_of(pages, round_)
    assert f'data-pairs="/api/v1/rounds/{round_.pk}/pairs"' in page
    assert f'data-keys="{voter.key.did_key}"' in page
    voter.revoke()
    assert 'data-keys=""' in page_of(pages, round_)


def test_only_delegations_that_stand_let_a_key_vote(voter) -> None:
    assert live_keys(voter.member) == [voter.key.did_key]
    voter.revoke()
    assert live_keys(voter.member) == []


def test_the_page_tells_nothing_of_what_is_sealed(pages, round_, candidates, voter) -> None:
    pages.force_login(voter.member)
    page = page_of(pages, round_)
    for candidate in candidates:
        assert candidate.digest not in page
        assert candidate.model_version not in page


def test_a_closed_round_leads_to_its_result(pages, round_, candidates, voter) -> None:
    close_round(round_=round_)
    pages.force_login(voter.member)
    page = page_of(pages, round_)
    assert reverse("result", args=[round_.pk]) in page
    assert "data-judge" not in page


def test_there_is_nothing_to_judge_in_a_round_that_is_none(pages) -> None:
    assert pages.get(reverse("judge", args=[987_654])).status_code == 404
