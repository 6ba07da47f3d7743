"""Ballots on their way: lost connections, refusals, other tabs and other browsers."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from curation.ballots.models import Voter
from curation.ballots.selectors import counting
from curation.galleries.services import close_round

from .exchange import until
from .judging import (
    POSTS,
    a_round,
    ballots,
    contracts,
    cut,
    expect_pair,
    hung,
    judge,
    judge_path,
    mend,
    press,
    wait_ballots,
    waiting,
)
from .looking import PATIENCE_MS
from .wallets import Fake

__all__ = ["contracts"]
pytestmark = pytest.mark.usefixtures("contracts")
PATIENT = {"timeout": PATIENCE_MS}
WAY, SAID = "[data-part=way]", "[data-part=said]"


def test_votes_made_offline_are_sent_in_order_once_the_connection_is_back(gallery, visit) -> None:
    round_, fox = a_round(gallery), Fake()
    page = judge(visit, round_, fox)
    page.wait_for_timeout(500)  # the next pictures are loaded
    page.context.set_offline(True)
    shown = [press(page, "ArrowLeft") for _ in range(3)]
    expect(page.locator(WAY)).to_have_text("3 votes wait for the connection")
    assert ballots(fox, round_) == []
    page.context.set_offline(False)
    cast = wait_ballots(page, fox, round_, 3)
    assert [(b.chosen, b.rejected) for b in cast] == shown
    expect(page.locator(WAY)).to_have_text("")
    assert waiting(page) == 0


def test_a_vote_undone_before_it_was_sent_never_was(gallery, visit) -> None:
    round_, fox = a_round(gallery), Fake()
    page = judge(visit, round_, fox)
    page.wait_for_timeout(500)
    page.context.set_offline(True)
    first = press(page, "ArrowLeft")
    press(page, "u")
    assert hung(page) == first
    press(page, "ArrowRight")
    page.context.set_offline(False)
    [ballot] = wait_ballots(page, fox, round_, 1)
    assert ballot.chosen == first[1]


def test_waiting_votes_survive_a_reload_and_are_sent_from_any_page(gallery, visit) -> None:
    round_, fox = a_round(gallery), Fake()
    page = judge(visit, round_, fox)
    cut(page.context)
    shown = {frozenset(press(page, "ArrowLeft")) for _ in range(2)}
    expect(page.locator(WAY)).to_have_text("2 votes wait for the connection")
    page.reload()
    expect_pair(page)
    assert frozenset(hung(page)) not in shown  # though the site offers them again
    assert ballots(fox, round_) == []
    mend(page.context)
    page.goto("/activity/")
    cast = wait_ballots(page, fox, round_, 2)
    assert {frozenset((b.low, b.high)) for b in cast} == shown


def test_votes_that_come_after_the_close_are_refused_clearly(gallery, visit) -> None:
    round_, fox = a_round(gallery), Fake()
    page = judge(visit, round_, fox)
    press(page, "ArrowLeft")
    wait_ballots(page, fox, round_, 1)
    cut(page.context)
    for key in ("ArrowLeft", "ArrowRight", "ArrowDown"):
        press(page, key)
    expect(page.locator(WAY)).to_have_text("3 votes wait for the connection")
    close_round(round_=round_)
    expect(page.get_by_role("heading", name="This round has closed")).to_be_visible(**PATIENT)
    mend(page.context)
    expect(page.locator(SAID)).to_have_text(
        "3 of your votes came too late: the round has closed.", **PATIENT
    )
    assert waiting(page) == 0
    assert len(ballots(fox, round_)) == 1


def test_another_page_says_that_votes_came_too_late(gallery, visit) -> None:
    round_, fox = a_round(gallery), Fake()
    page = judge(visit, round_, fox)
    cut(page.context)
    press(page, "ArrowLeft")
    expect(page.locator(WAY)).to_have_text("1 vote waits for the connection")
    page.goto("about:blank")  # where nothing is sent
    close_round(round_=round_)
    mend(page.context)
    page.goto("/activity/")
    expect(page.locator("#notice")).to_contain_text("1 of your votes came too late", **PATIENT)


def test_a_site_that_stumbles_is_asked_again_and_has_the_vote_once(gallery, visit) -> None:
    round_, fox = a_round(gallery), Fake()
    page = judge(visit, round_, fox)
    posts = []

    def stumble(route: Route) -> None:
        posts.append(route.request.post_data_json)
        if len(posts) == 1:
            route.fulfill(status=503, json={"code": "rates-unknown", "detail": "Not now."})
        elif len(posts) == 2:
            route.fetch()  # it arrives, but its answer does not
            route.abort()
        else:
            route.continue_()

    page.context.route(POSTS, stumble)
    press(page, "ArrowLeft")
    wait_ballots(page, fox, round_, 1)
    until(page, lambda: waiting(page) == 0, "a receipt")
    assert posts == [posts[0]] * 3  # the very same ballot
    wait_ballots(page, fox, round_, 1)


def test_too_many_at_once_wait_as_long_as_the_site_says(gallery, visit) -> None:
    round_, fox = a_round(gallery), Fake()
    page = judge(visit, round_, fox)
    times = []

    def slow(route: Route) -> None:
        times.append(page.evaluate("performance.now()"))
        route.fulfill(status=429, headers={"Retry-After": "2"}, json={"code": "too-many"})
        page.context.unroute(POSTS)

    page.context.route(POSTS, slow)
    press(page, "ArrowLeft")
    wait_ballots(page, fox, round_, 1)
    assert page.evaluate("performance.now()") - times[0] > 1900


def test_a_refusal_is_said_and_not_repeated(gallery, visit) -> None:
    round_, fox = a_round(gallery), Fake()
    page = judge(visit, round_, fox)
    posts = []

    def refuse(route: Route) -> None:
        posts.append(route.request.url)
        detail = "These are not two pictures that hang in this round."
        route.fulfill(status=422, json={"code": "pair-not-in-round", "detail": detail})

    page.context.route(POSTS, refuse)
    press(page, "ArrowLeft")
    expect(page.locator(SAID)).to_contain_text("One of your votes was not taken. These are not")
    page.wait_for_timeout(1500)
    assert len(posts) == 1
    assert waiting(page) == 0
    expect(page.locator("[data-part=count]")).to_have_text("60 to go")
    page.context.unroute(POSTS)
    press(page, "ArrowLeft")
    wait_ballots(page, fox, round_, 1)


def test_a_number_used_by_another_browser_is_passed_over(gallery, visit) -> None:
    round_, fox = a_round(gallery), Fake()
    page = judge(visit, round_, fox)
    press(page, "ArrowLeft")
    [first] = wait_ballots(page, fox, round_, 1)
    far = int(first.nonce) + 2**100  # as if its clock were years ahead
    Voter.objects.filter(member=first.voter).update(last_nonce=far)
    shown = [press(page, "ArrowLeft") for _ in range(3)]
    cast = wait_ballots(page, fox, round_, 4)[1:]
    assert [(ballot.chosen, ballot.rejected) for ballot in cast] == shown
    nonces = [int(ballot.nonce) for ballot in cast]
    assert far < nonces[0] < nonces[1] < nonces[2]
    expect(page.locator(SAID)).to_have_text("")


def test_two_tabs_share_one_queue_and_never_judge_a_pair_twice(gallery, visit) -> None:
    round_, fox = a_round(gallery), Fake()
    page = judge(visit, round_, fox)
    other = page.context.new_page()
    other.goto(judge_path(round_))
    expect_pair(other)
    judged = set()
    for tab in (page, other, page, other, other, page):
        before = frozenset(hung(tab))
        assert before not in judged
        judged.add(before)
        press(tab, "ArrowLeft")
        for one in (page, other):
            until(one, lambda one=one: frozenset(hung(one)) not in judged, "both went on")
    cast = wait_ballots(page, fox, round_, 6)
    assert {frozenset((b.low, b.high)) for b in cast} == judged
    assert counting(round_.pk).count() == 6


def test_a_key_that_was_taken_back_keeps_the_vote_until_one_signs_in_again(gallery, visit) -> None:
    round_, fox = a_round(gallery), Fake()
    page = judge(visit, round_, fox)
    press(page, "ArrowLeft")
    [first] = wait_ballots(page, fox, round_, 1)
    type(first.delegation).objects.filter(pk=first.delegation_id).update(
        revoked_at=first.accepted_at
    )
    before = hung(page)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", name="This browser may not vote")).to_be_visible(**PATIENT)
    expect(page.locator(WAY)).to_have_text("1 vote waits for you to sign in again")
    page.get_by_role("button", name="Sign in again").click()
    expect_pair(page)
    second = wait_ballots(page, fox, round_, 2)[1]
    assert (second.chosen, second.rejected) == (before[1], before[0])
    assert frozenset(hung(page)) != frozenset(before)
    press(page, "ArrowLeft")
    wait_ballots(page, fox, round_, 3)


def test_votes_of_one_member_are_never_sent_for_another(gallery, visit) -> None:
    round_, fox = a_round(gallery), Fake()
    page = judge(visit, round_, fox)
    cut(page.context)
    press(page, "ArrowLeft")
    expect(page.locator(WAY)).to_have_text("1 vote waits for the connection")
    page.goto("/account/")
    page.get_by_role("button", name="Sign out", exact=True).last.click()
    expect(page.locator("a[data-sign-in]").first).to_be_visible()
    mend(page.context)
    page.goto("/activity/")
    page.wait_for_timeout(500)
    assert ballots(fox, round_) == []
