"""Fingers, the mouse, the large picture, and who cannot use one or the other."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from playwright.sync_api import CDPSession, Page, expect

from curation.ballots.models import Ballot

from .exchange import until
from .judging import (
    PAIR,
    a_round,
    contracts,
    enter,
    expect_next,
    expect_pair,
    hung,
    judge,
    judge_path,
    press,
    wait_ballots,
)
from .looking import PATIENCE_MS
from .sound import NARROW, assert_sound, violations
from .wallets import Fake, asked, browse

__all__ = ["contracts"]
pytestmark = pytest.mark.usefixtures("contracts")
PATIENT = {"timeout": PATIENCE_MS}
PHONE = {"viewport": NARROW, "has_touch": True, "is_mobile": True}
ZOOM = "[data-zoom-dialog]"
SMALL = """all => all.filter(e => e.checkVisibility() && getComputedStyle(e).display !== "inline")
    .map(e => [e.outerHTML.slice(0, 90), e.getBoundingClientRect()])
    .filter(([, box]) => box.width > 1 && Math.min(box.width, box.height) < 24)
    .map(([html]) => html)"""


class Finger:
    """One finger on the page's glass."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.glass: CDPSession = page.context.new_cdp_session(page)

    def touch(self, kind: str, *points: tuple[float, float]) -> None:
        at = [{"x": x, "y": y} for x, y in points]
        self.glass.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    def middle(self, side: str) -> tuple[float, float]:
        box = self.page.locator(f"[data-frame={side}]").bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def swipe(self, side: str, by_px: float) -> None:
        x, y = self.middle(side)
        self.touch("touchStart", (x, y))
        for step in range(1, 9):
            self.touch("touchMove", (x + by_px * step / 8, y))
            self.page.wait_for_timeout(40)
        self.touch("touchEnd")


@pytest.fixture
def phone(gallery, visit) -> Iterator[tuple[Page, Finger, Fake, object]]:
    round_, fox = a_round(gallery), Fake()
    page = judge(visit, round_, fox, **PHONE)
    return page, Finger(page), fox, round_


def test_swipes_and_taps_choose_and_a_short_drag_does_not(phone) -> None:
    page, finger, fox, round_ = phone
    before = hung(page)
    finger.swipe("left", 30)
    page.wait_for_timeout(300)
    assert hung(page) == before
    finger.swipe("left", 140)
    expect_next(page, before)
    assert wait_ballots(page, fox, round_, 1)[0].chosen == before[0]
    page.wait_for_timeout(300)
    before = hung(page)
    finger.swipe("right", -140)
    expect_next(page, before)
    assert wait_ballots(page, fox, round_, 2)[1].chosen == before[1]
    page.wait_for_timeout(300)
    before = hung(page)
    page.touchscreen.tap(*finger.middle("right"))
    expect_next(page, before)
    assert wait_ballots(page, fox, round_, 3)[2].chosen == before[1]


def test_a_finger_that_rests_opens_the_large_picture(phone) -> None:
    page, finger, fox, round_ = phone
    before = hung(page)
    finger.touch("touchStart", finger.middle("right"))
    expect(page.locator(ZOOM)).to_be_visible()
    finger.touch("touchEnd")
    expect(page.locator("[data-zoom-label]")).to_have_text("The lower picture")
    assert before[1] in page.locator(f"{ZOOM} img").get_attribute("src")
    page.get_by_role("button", name="The other one").click()
    expect(page.locator("[data-zoom-label]")).to_have_text("The upper picture")
    page.locator(f"{ZOOM} [data-close]").click()
    expect(page.locator(ZOOM)).to_be_hidden()
    assert hung(page) == before
    wait_ballots(page, fox, round_, 0)


def test_a_finger_that_scrolls_chooses_nothing(phone) -> None:
    page, finger, fox, round_ = phone
    before = hung(page)
    x, y = finger.middle("left")
    finger.touch("touchStart", (x, y))
    for step in range(1, 6):
        finger.touch("touchMove", (x + 3, y - 30 * step))
    finger.touch("touchEnd")
    page.wait_for_timeout(300)
    assert hung(page) == before
    wait_ballots(page, fox, round_, 0)


def test_on_a_phone_all_of_it_is_on_the_screen_and_large_enough(phone) -> None:
    page, _, _, _ = phone
    for name in ("[data-frame=left]", "[data-frame=right]", "[data-act=left]", "[data-act=tie]"):
        box = page.locator(name).bounding_box()
        assert box["y"] >= 0, name
        assert box["y"] + box["height"] <= NARROW["height"], name
        assert min(box["width"], box["height"]) >= 44, name
    expect(page.get_by_role("button", name="Choose the upper picture")).to_be_visible()
    assert page.eval_on_selector_all("a[href], button, summary", SMALL) == []


def test_z_enlarges_arrows_compare_and_escape_leads_back(gallery, visit) -> None:
    round_, fox = a_round(gallery), Fake()
    page = judge(visit, round_, fox)
    right = page.get_by_role("button", name="Enlarge the right picture")
    right.focus()
    before = hung(page)
    page.keyboard.press("z")
    zoom, label = page.locator(ZOOM), page.locator("[data-zoom-label]")
    expect(zoom).to_be_visible()
    expect(label).to_have_text("The left picture")
    page.keyboard.press("ArrowRight")
    expect(label).to_have_text("The right picture")
    assert before[1] in zoom.locator("img").get_attribute("src")
    page.keyboard.press("Escape")
    expect(zoom).to_be_hidden()
    expect(right).to_be_focused()
    right.click()
    expect(label).to_have_text("The right picture")
    page.keyboard.press("u")
    page.keyboard.press("z")
    expect(zoom).to_be_hidden()
    wait_ballots(page, fox, round_, 0)


def test_letters_can_be_switched_off_and_arrows_still_choose(gallery, visit) -> None:
    round_, fox = a_round(gallery), Fake()
    page = judge(visit, round_, fox)
    page.click(".judge-help summary")
    page.get_by_label("Let the letters U and Z act").uncheck()
    page.keyboard.press("Escape")
    before = press(page, "ArrowLeft")
    after = hung(page)
    page.keyboard.press("u")
    page.keyboard.press("z")
    page.wait_for_timeout(200)
    expect(page.locator(ZOOM)).to_be_hidden()
    assert hung(page) == after != before
    page.reload()
    expect_pair(page)
    page.keyboard.press("z")
    expect(page.locator(ZOOM)).to_be_hidden()
    page.get_by_role("button", name="Enlarge the left picture").click()
    expect(page.locator(ZOOM)).to_be_visible()


def forget_key(page: Page) -> None:
    page.evaluate(
        """async () => {
            const { forget } = await import("/static/js/wallet/session-key.js");
            await forget(document.body.dataset.member);
        }"""
    )


def test_a_browser_without_a_key_gets_one_by_one_prompt(gallery, visit) -> None:
    round_, fox = a_round(gallery), Fake()
    page = enter(visit, round_, fox, path="/")
    forget_key(page)
    page.goto(judge_path(round_))
    expect(page.get_by_role("heading", name="This browser may not vote")).to_be_visible(**PATIENT)
    page.keyboard.press("ArrowLeft")
    signed = []
    page.context.expose_function("noteSigning", lambda: signed.append(1))
    page.evaluate(
        """() => {
            const { request } = window.fakes.Fox;
            window.fakes.Fox.request = (question) => {
                if (question.method === "personal_sign") window.noteSigning();
                return request.call(window.fakes.Fox, question);
            };
        }"""
    )
    page.get_by_role("button", name="Sign in again").click()
    expect_pair(page)
    press(page, "ArrowLeft")
    [ballot] = wait_ballots(page, fox, round_, 1)
    assert ballot.signer.startswith("did:key:")
    assert signed == [1]


def test_without_a_key_the_wallet_can_sign_each_vote(gallery, visit) -> None:
    round_ = a_round(gallery)
    fox = Fake(
        behave={
            "eth_signTypedData_v4": (
                "(p, [address, data]) => { if (window.sayNo) throw {code: 4001};"
                " return window.signTyped(data) }"
            )
        }
    )
    page = enter(visit, round_, fox, path="/")

    def sign(data: str) -> str:
        import json

        from eth_account.messages import encode_typed_data

        signable = encode_typed_data(full_message=json.loads(data))
        return "0x" + fox.wallet.account.sign_message(signable).signature.hex()

    page.context.expose_function("signTyped", sign)
    forget_key(page)
    page.goto(judge_path(round_))
    page.get_by_role("button", name="Sign each vote with the wallet").click()
    expect_pair(page)
    before = press(page, "ArrowLeft")
    [ballot] = wait_ballots(page, fox, round_, 1)
    assert (ballot.signer, ballot.chosen) == ("wallet", before[0])
    page.evaluate("window.sayNo = true")
    before = hung(page)
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-part=said]")).to_contain_text("You said no in Fox")
    assert hung(page) == before
    page.evaluate("window.sayNo = false")
    press(page, "ArrowRight")
    wait_ballots(page, fox, round_, 2)
    page.keyboard.press("u")
    until(page, lambda: hung(page) == before, "the pair is back")
    assert wait_ballots(page, fox, round_, 3)[2].outcome == Ballot.Outcome.WITHDRAWN
    assert asked(page, "Fox").count("eth_signTypedData_v4") == 4


def test_visitors_find_a_door_and_those_without_scripts_a_sentence(gallery, visit) -> None:
    round_ = a_round(gallery)
    page = visit(round_.get_absolute_url())
    page.click("text=Judge this round")
    expect(page.get_by_role("link", name="Sign in to judge")).to_be_visible()
    assert violations(page) == []
    plain = visit(judge_path(round_), java_script_enabled=False)
    expect(plain.locator("main")).to_contain_text("Voting needs JavaScript")
    plain.get_by_role("link", name="The wall of this round").click()
    assert plain.url.endswith(round_.get_absolute_url())


STEPS = ["loading", "unready", "few", "dry", "done", "key", "closed", "trouble"]


def test_every_state_is_accessible_wide_and_narrow_light_and_dark(gallery, visit) -> None:
    round_, fox = a_round(gallery, must="An oar.", palette=["navy"]), Fake()
    page = judge(visit, round_, fox, reduced_motion="reduce")
    page.keyboard.press("ArrowLeft")

    def look(what: str) -> None:
        assert_sound(page, what, {"width": 720, "height": 450})  # the last: 200%

    look("a pair")
    page.click(".judge-brief summary")
    look("the brief")
    page.click(".judge-help summary")
    look("help")
    page.keyboard.press("Escape")
    page.keyboard.press("z")
    look("the large picture")
    page.keyboard.press("Escape")
    for step in STEPS:
        page.evaluate(
            """([step, steps]) => {
                for (const one of document.querySelectorAll("[data-step]"))
                    one.toggleAttribute("hidden", one.dataset.step !== step);
            }""",
            [step, STEPS],
        )
        look(step)


def test_at_200_percent_nothing_lies_over_anything(gallery, visit) -> None:
    round_, fox = a_round(gallery), Fake()
    page = judge(visit, round_, fox, viewport={"width": 720, "height": 450})
    page.wait_for_timeout(200)
    boxes = [
        page.locator(name).bounding_box()
        for name in (".judge-head", "[data-frame=left]", ".says", ".judge-foot")
    ]
    for above, below in itertools.pairwise(boxes):
        assert above["y"] + above["height"] <= below["y"] + 1
    left, right = (
        page.locator(f"[data-frame={side}]").bounding_box() for side in ("left", "right")
    )
    assert left["x"] + left["width"] <= right["x"]
    assert left["width"] >= 160
    expect(page.locator(PAIR)).to_be_visible()


def test_browsing_without_voting_asks_nothing_of_the_wallet(gallery, visit) -> None:
    round_, fox = a_round(gallery), Fake()
    page = browse(visit, fox, path=judge_path(round_))
    page.wait_for_timeout(400)
    assert asked(page, "Fox") == []
