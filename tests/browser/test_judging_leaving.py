"""Votes whose page is left, closed or killed before they are signed."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from curation.ballots.models import Ballot
from curation.ballots.selectors import counting

from .exchange import until
from .judging import (
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
from .test_judging_gestures import forget_key
from .wallets import Fake

__all__ = ["contracts"]
pytestmark = pytest.mark.usefixtures("contracts")
COUNT = "[data-part=count]"
WITHDRAWN = Ballot.Outcome.WITHDRAWN
# No lock with this name is asked for until `window.goOn()`: other tabs are not held up.
STALL = """(start) => {
    const { locks } = navigator;
    const request = locks.request.bind(locks);
    const held = [];
    locks.request = (name, ...rest) => name.startsWith(start)
        ? new Promise((done) => held.push(() => done(request(name, ...rest))))
        : request(name, ...rest);
    window.goOn = () => {
        delete locks.request;
        for (const go of held.splice(0)) go();
    };
}"""
NO_STORAGE = """Object.defineProperty(window, "localStorage", {
    get() { throw new DOMException("no", "SecurityError"); }
});"""
FULL_STORAGE = """Storage.prototype.setItem = () => {
    throw new DOMException("full", "QuotaExceededError");
};"""

BROKEN = ["", "{", "null", "[]", "7", '{"ballot": 1}', '{"ballot": {}, "domain": null}']
SPOILT = [
    ("ballot", "voter", "0x" + "ab" * 20),
    ("ballot", "voter", None),
    ("ballot", "round", 1),
    ("ballot", "round", "-1"),
    ("ballot", "chosen", ["0x" + "ab" * 32]),
    ("ballot", "rejected", "0x<img src=x onerror=alert(1)>"),
    ("ballot", "outcome", 3),
    ("ballot", "outcome", "0"),
    ("ballot", "issuedAt", -1),
    ("ballot", "issuedAt", 1e300),
    ("domain", "chainId", "31337"),
    ("domain", "verifyingContract", "0x"),
    ("domain", "name", {}),
]


def stall_signing(page: Page) -> None:
    """Let nothing be signed in this page from now on."""
    page.evaluate(STALL, "salon-sign-")


def intents(page: Page) -> dict[str, str]:
    """What this browser has noted of votes that are not signed."""
    found = page.evaluate("Object.entries(localStorage)")
    return {name: text for name, text in found if name.startswith("salon-intent:")}


def put_back(page: Page, noted: dict[str, str]) -> None:
    page.evaluate("noted => Object.assign(localStorage, noted)", noted)


def wait_carried_out(page: Page) -> None:
    """Wait until nothing is left to sign or to send."""
    until(page, lambda: not intents(page) and waiting(page) == 0, "all carried out")


@pytest.mark.parametrize("to", ["another page", "the pair view"])
def test_votes_whose_page_is_left_before_they_are_signed_arrive_once(gallery, visit, to) -> None:
    round_, fox = a_round(gallery), Fake()
    page = judge(visit, round_, fox)
    stall_signing(page)
    shown = [press(page, "ArrowLeft"), press(page, "ArrowRight")]
    expect(page.locator(COUNT)).to_contain_text("2 judged")
    assert waiting(page) == 0
    if to == "another page":
        page.goto("/activity/")
    else:
        cut(page.context)
        page.goto(judge_path(round_))
        expect_pair(page)
        assert set(hung(page)) not in [set(pair) for pair in shown]  # though the site offers them
        mend(page.context)
    cast = wait_ballots(page, fox, round_, 2)
    assert [(b.chosen, b.rejected) for b in cast] == [shown[0], shown[1][::-1]]
    assert all(ballot.pair is not None for ballot in cast)
    wait_carried_out(page)
    if to == "the pair view":
        expect(page.locator(COUNT)).to_have_text("2 judged · 58 to go")
    page.goto("/votes/")
    expect(page.locator(".vote-list li")).to_have_count(2)
    page.wait_for_timeout(300)
    assert len(ballots(fox, round_)) == 2


def test_a_vote_that_was_kept_just_before_its_page_ended_is_not_cast_again(gallery, visit) -> None:
    round_, fox = a_round(gallery), Fake()
    page = judge(visit, round_, fox)
    stall_signing(page)
    press(page, "ArrowLeft")
    noted = intents(page)
    assert len(noted) == 1
    page.evaluate("window.goOn()")
    wait_ballots(page, fox, round_, 1)
    wait_carried_out(page)
    page.goto("/activity/")
    for path in ("/activity/", judge_path(round_)):
        put_back(page, noted)
        page.goto(path)
        wait_carried_out(page)
        page.wait_for_timeout(300)
        assert len(ballots(fox, round_)) == 1
    expect(page.locator(COUNT)).to_have_text("1 judged · 59 to go")


def test_of_a_vote_undone_and_changed_only_the_last_word_arrives(gallery, visit) -> None:
    round_, fox = a_round(gallery), Fake()
    page = judge(visit, round_, fox)
    stall_signing(page)
    first = press(page, "ArrowLeft")
    press(page, "u")
    assert press(page, "ArrowRight") == first
    press(page, "ArrowLeft")
    press(page, "u")
    assert len(intents(page)) == 5
    page.goto("/activity/")
    [ballot] = wait_ballots(page, fox, round_, 1)
    assert ballot.chosen == first[1]
    wait_carried_out(page)
    assert len(ballots(fox, round_)) == 1


def test_a_sent_vote_undone_as_the_page_is_left_is_withdrawn(gallery, visit) -> None:
    round_, fox = a_round(gallery), Fake()
    page = judge(visit, round_, fox)
    press(page, "ArrowLeft")
    wait_ballots(page, fox, round_, 1)
    stall_signing(page)
    press(page, "u")
    noted = intents(page)
    page.goto("/activity/")
    for _ in range(2):  # again, as if it had ended just before it forgot
        assert wait_ballots(page, fox, round_, 2)[1].outcome == WITHDRAWN
        wait_carried_out(page)
        put_back(page, noted)
        page.goto("/activity/")
    wait_carried_out(page)
    assert len(ballots(fox, round_)) == 2
    assert not counting(round_.pk).exists()


def test_a_waiting_vote_undone_as_the_page_is_left_does_not_count(gallery, visit) -> None:
    round_, fox = a_round(gallery), Fake()
    page = judge(visit, round_, fox)
    page.evaluate(STALL, "salon-send-")
    press(page, "ArrowLeft")
    until(page, lambda: waiting(page) == 1, "it waits")
    stall_signing(page)
    press(page, "ArrowLeft")
    press(page, "u")
    press(page, "u")
    page.goto("/activity/")
    wait_carried_out(page)
    outcomes = [ballot.outcome for ballot in ballots(fox, round_)]
    assert outcomes in ([], [Ballot.Outcome.PREFERENCE, WITHDRAWN])  # taken back, or withdrawn
    assert not counting(round_.pk).exists()


def test_a_page_that_lives_keeps_its_votes_until_it_is_closed(gallery, visit) -> None:
    round_, fox = a_round(gallery), Fake()
    page = judge(visit, round_, fox)
    stall_signing(page)
    shown = press(page, "ArrowLeft")
    noted = intents(page)
    other = page.context.new_page()
    other.goto(judge_path(round_))
    expect_pair(other)
    assert set(hung(other)) != set(shown)
    other.wait_for_timeout(1000)
    assert intents(other) == noted
    assert waiting(other) == 0
    assert ballots(fox, round_) == []
    page.close()
    [ballot] = wait_ballots(other, fox, round_, 1)
    assert (ballot.chosen, ballot.rejected) == shown
    wait_carried_out(other)


def test_without_a_key_votes_are_left_until_one_signs_in_again(gallery, visit) -> None:
    round_, fox = a_round(gallery), Fake()
    page = judge(visit, round_, fox)
    stall_signing(page)
    shown = press(page, "ArrowLeft")
    noted = intents(page)
    forget_key(page)
    page.goto("/activity/")
    page.wait_for_timeout(500)
    assert intents(page) == noted
    page.goto(judge_path(round_))
    page.get_by_role("button", name="Sign in again").click()
    expect_pair(page)
    [ballot] = wait_ballots(page, fox, round_, 1)
    assert (ballot.chosen, ballot.rejected) == shown
    wait_carried_out(page)


def test_what_no_page_of_the_site_has_noted_does_no_harm_and_goes(gallery, visit) -> None:
    round_, fox = a_round(gallery), Fake()
    page = judge(visit, round_, fox)
    stall_signing(page)
    shown = press(page, "ArrowLeft")
    [[name, text]] = intents(page).items()
    whole = json.loads(text)
    changed = [
        json.dumps({**whole, part: {**whole[part], field: value}}) for part, field, value in SPOILT
    ]
    stem, number = name[:-6], name[-6:]
    garbage = {f"{stem}{n:06}": bad for n, bad in enumerate([*BROKEN, text[:-9], *changed], 100)}
    garbage |= {f"{stem}000099": text + " " * 3000}
    garbage |= dict.fromkeys([stem, f"{stem}1", f"{name}:1", f"{name[:-39]}../:{number}"], text)
    put_back(page, garbage)
    visit.console.clear()
    page.goto("/activity/")
    [ballot] = wait_ballots(page, fox, round_, 1)
    assert (ballot.chosen, ballot.rejected) == shown
    wait_carried_out(page)
    page.goto(judge_path(round_))
    press(page, "ArrowLeft")
    wait_ballots(page, fox, round_, 2)
    assert visit.console == []


def test_no_more_is_noted_than_a_browser_should_hold(gallery, visit) -> None:
    round_, fox = a_round(gallery), Fake()
    page = judge(visit, round_, fox)
    start = f"salon-intent:{fox.wallet.address.lower()}:"
    full = {f"{start}{number}": "" for number in range(200)}
    put_back(page, full)
    stall_signing(page)
    press(page, "ArrowLeft")
    assert intents(page) == full
    page.evaluate("window.goOn()")
    wait_ballots(page, fox, round_, 1)


@pytest.mark.parametrize("storage", [NO_STORAGE, FULL_STORAGE], ids=["none", "full"])
def test_where_nothing_can_be_noted_votes_are_cast_all_the_same(gallery, visit, storage) -> None:
    round_, fox = a_round(gallery), Fake()
    page = judge(visit, round_, fox, extra=storage)
    first = press(page, "ArrowLeft")
    press(page, "ArrowLeft")
    wait_ballots(page, fox, round_, 2)
    press(page, "u")
    wait_ballots(page, fox, round_, 3)
    assert [(b.chosen, b.rejected) for b in counting(round_.pk)] == [first]
    assert len(ballots(fox, round_)) == 3
