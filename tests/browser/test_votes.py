"""One's own votes: what was said, when, the receipt, and after the close what each counted."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from curation.ballots.models import Ballot
from curation.galleries.services import close_round
from curation.galleries.takedowns import hide_candidate
from curation.models import Candidate

from .judging import a_round, contracts, enter, judge, press, wait_ballots
from .sound import assert_sound
from .wallets import Fake

__all__ = ["contracts"]
pytestmark = pytest.mark.usefixtures("contracts")


def test_votes_are_sealed_with_receipts_while_the_round_is_open(gallery, visit) -> None:
    round_, fox = a_round(gallery), Fake()
    page = judge(visit, round_, fox)
    press(page, "ArrowLeft")
    press(page, "ArrowDown")
    cast = wait_ballots(page, fox, round_, 2)
    page.goto("/votes/")
    votes = page.locator(".vote-list li")
    expect(votes).to_have_count(2)
    expect(votes.first).to_contain_text("You could not decide.")
    expect(votes.last).to_contain_text("You chose the first over the second.")
    for vote in votes.all():
        expect(vote).to_contain_text("Sealed until the round has closed.")
        expect(vote).not_to_contain_text("Weight")
    with page.expect_download() as saved:
        votes.last.get_by_role("link", name="Receipt").click()
    mine = json.loads(saved.value.path().read_text())
    assert mine["receipt"]["digest"] == mine["ballot"]["digest"] == cast[0].digest
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download them all").click()
    kept = json.loads(saved.value.path().read_text())
    assert {one["receipt"]["digest"] for one in kept} == {ballot.digest for ballot in cast}
    assert mine["receipt"] in [one["receipt"] for one in kept]


def test_after_the_tally_each_vote_says_what_it_counted_and_why(gallery, visit) -> None:
    round_, fox = a_round(gallery), Fake()
    page = judge(visit, round_, fox)
    for _ in range(3):
        press(page, "ArrowLeft")
    counted, staked, gone = wait_ballots(page, fox, round_, 3)
    close_round(round_=round_)
    for ballot, why, weight in (
        (counted, "counted", 0.83),
        (staked, "staked", 0),
        (gone, "moderated", 0),
    ):
        Ballot.objects.filter(pk=ballot.pk).update(why=why, weight=weight)
    hide_candidate(candidate=Candidate.objects.get(digest=gone.chosen))
    page.goto("/votes/")
    newest, middle, oldest = page.locator(".vote-list li").all()
    expect(oldest).to_contain_text("Weight 0.83")
    expect(oldest).to_contain_text("It counted in full")
    expect(middle).to_contain_text("you had a stake on one of the two")
    expect(middle).not_to_contain_text("Weight")
    expect(newest.locator(".gone")).to_have_text("taken down")
    page.get_by_role("link", name="The result").click()
    assert page.url.endswith(f"{round_.get_absolute_url()}result/")


def test_the_votes_page_is_accessible_full_and_empty(gallery, visit) -> None:
    round_, fox = a_round(gallery), Fake()
    page = enter(visit, round_, fox, path="/activity/", reduced_motion="reduce")
    page.goto("/votes/")

    def look(what: str) -> None:
        assert_sound(page, what)

    expect(page.locator(".empty")).to_contain_text("Find a round to judge")
    expect(page.locator("[data-receipts]")).to_be_hidden()
    look("empty")
    page.goto(f"{round_.get_absolute_url()}judge/")
    for key in ("ArrowLeft", "ArrowDown"):
        press(page, key)
    wait_ballots(page, fox, round_, 2)
    page.goto("/votes/")
    look("votes")


def test_the_member_s_menu_leads_to_the_votes(gallery, visit) -> None:
    fox = Fake()
    page = enter(visit, a_round(gallery), fox, path="/activity/")
    page.click(".member-chip summary")
    page.get_by_role("link", name="Your votes").click()
    expect(page.get_by_role("heading", name="Your votes")).to_be_visible()
