"""Signing in through the dialog, with wallets of every temper."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from curation.models import Member
from tests.wallets import Wallet

from .sound import assert_fits, looks, violations
from .wallets import (
    Fake,
    asked,
    browse,
    choose,
    expect_signed_in,
    expect_trouble,
    open_dialog,
    sign_in,
)

OTHER = Wallet().address.lower()


def test_two_clicks_sign_a_demo_member_in(visit):
    page = visit("/")
    page.click("a[data-sign-in]")
    first = page.locator("[data-demo]").first
    address = first.get_attribute("data-demo")
    first.click()
    expect(page.locator("body")).to_have_attribute("data-member", address)
    member = Member.objects.get(address=address)
    assert member.session_keys.latest("pk").delegations.count() == 1


def test_of_two_wallets_the_chosen_one_signs(visit):
    fox, rabbit = Fake("Fox"), Fake("Rabbit")
    page = browse(visit, fox, rabbit)
    open_dialog(page)
    assert page.locator(".wallet").all_inner_texts() == ["Fox", "Rabbit"]
    choose(page, "Rabbit")
    explanation = page.locator("[data-part=explanation] li")
    expect(explanation.first).to_contain_text(rabbit.wallet.address)
    assert explanation.count() == 4
    message = page.locator("[data-part=message]").text_content()
    assert "did:key:zDn" in message
    assert asked(page, "Fox") == []
    assert asked(page, "Rabbit") == ["eth_requestAccounts", "eth_chainId"]
    page.click("[data-part=sign]")
    expect_signed_in(page, rabbit.wallet)
    delegation = Member.objects.get(address=rabbit.wallet.address).session_keys.get().delegations
    assert delegation.get().message == message


def test_the_old_way_of_injecting_is_a_fallback(visit):
    old = Fake("Old", legacy=True)
    page = browse(visit, old)
    open_dialog(page)
    page.click(".wallet:has-text('Browser wallet')")
    page.click("[data-part=sign]")
    expect_signed_in(page, old.wallet)


def test_a_wallet_that_announces_itself_makes_the_fallback_needless(visit):
    page = browse(visit, Fake("Old", legacy=True), Fake("Fox"))
    open_dialog(page)
    page.wait_for_timeout(400)
    assert page.locator(".wallet").all_inner_texts() == ["Fox"]


def test_without_a_wallet_the_dialog_says_what_to_do(visit):
    page = visit("/")
    open_dialog(page)
    expect(page.locator("[data-part=no-wallet]")).to_contain_text("Install a wallet extension")


def test_after_a_no_one_can_try_again(visit):
    once = "(p) => { if (!p.said) { p.said = 1; throw {code: 4001} } return p.accounts }"
    fox = Fake(behave={"eth_requestAccounts": once})
    page = browse(visit, fox)
    open_dialog(page)
    choose(page, "Fox")
    expect_trouble(page, "You said no in Fox")
    page.click("[data-part=again]")
    page.click("[data-part=sign]")
    expect_signed_in(page, fox.wallet)


def test_a_signature_by_another_key_is_refused_in_the_words_of_the_site(visit):
    fox = Fake(accounts=[OTHER])
    page = browse(visit, fox)
    open_dialog(page)
    choose(page, "Fox")
    page.click("[data-part=sign]")
    expect_trouble(page, "The site did not accept this")
    expect(page.locator("[data-part=trouble-text]")).to_contain_text("did not sign this message")


@pytest.mark.parametrize("path", ["sign-in-message", "sign-in"])
def test_a_site_out_of_reach_is_said(visit, path):
    page = browse(visit, Fake())
    page.route(f"**/api/v1/{path}", lambda route: route.abort())
    open_dialog(page)
    choose(page, "Fox")
    if path == "sign-in":
        page.click("[data-part=sign]")
    expect_trouble(page, "The site did not answer")


def test_a_wallet_that_never_answers_can_be_given_up(visit):
    silent = Fake(behave={"eth_requestAccounts": "() => new Promise(() => {})"})
    page = browse(visit, silent, Fake("Rabbit"))
    open_dialog(page)
    choose(page, "Fox")
    expect(page.locator("[data-part=wait-title]")).to_have_text("Look into Fox")
    page.click("[data-part=cancel]")
    choose(page, "Rabbit")
    expect(page.locator("[data-part=sign]")).to_have_text("Sign in with Rabbit")


def test_an_answer_after_cancelling_changes_nothing(visit):
    late = Fake(behave={"eth_requestAccounts": "(p) => new Promise(done => { p.done = done })"})
    page = browse(visit, late)
    open_dialog(page)
    choose(page, "Fox")
    page.click("[data-part=cancel]")
    page.evaluate("window.fakes.Fox.done(window.fakes.Fox.accounts)")
    page.wait_for_timeout(300)
    expect(page.locator(".wallet")).to_be_visible()
    assert asked(page, "Fox") == ["eth_requestAccounts"]


def test_a_signature_after_cancelling_signs_nobody_in(visit):
    late = Fake(behave={"personal_sign": "(p) => new Promise(done => { p.done = done })"})
    page = browse(visit, late)
    handed_in = []
    page.on("request", lambda request: handed_in.append(request.url))
    open_dialog(page)
    choose(page, "Fox")
    page.click("[data-part=sign]")
    expect(page.locator("[data-part=wait-title]")).to_have_text("Look into Fox")
    page.click("[data-part=cancel]")
    page.evaluate("window.fakes.Fox.done('0x' + 'ab'.repeat(65))")
    page.wait_for_timeout(300)
    assert [url for url in handed_in if url.endswith("/sign-in-message")]
    assert not [url for url in handed_in if url.endswith("/sign-in")]


def test_another_account_before_signing_begins_again(visit):
    fox = Fake()
    page = browse(visit, fox)
    open_dialog(page)
    choose(page, "Fox")
    expect(page.locator("[data-part=sign]")).to_be_visible()
    page.evaluate(
        "a => { window.fakes.Fox.accounts = [a]; window.fakes.Fox.tell('accountsChanged', [a]) }",
        OTHER,
    )
    expect(page.locator("[data-part=review-title]")).to_contain_text(OTHER[-4:], ignore_case=True)


def test_escape_gives_up_and_gives_the_focus_back(visit):
    silent = Fake(behave={"eth_requestAccounts": "() => new Promise(() => {})"})
    page = browse(visit, silent)
    page.focus("a[data-sign-in]")
    page.keyboard.press("Enter")
    expect(page.locator("#sign-in-title")).to_be_focused()
    choose(page, "Fox")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).not_to_be_visible()
    expect(page.locator("a[data-sign-in]")).to_be_focused()
    open_dialog(page)
    expect(page.locator(".wallet")).to_be_visible()


def test_keys_alone_sign_in(visit):
    fox = Fake()
    page = browse(visit, fox)
    page.focus("a[data-sign-in]")
    page.keyboard.press("Enter")
    expect(page.locator(".wallet")).to_be_visible()
    while not page.evaluate("document.activeElement.matches('.wallet')"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=review-title]")).to_be_focused()
    while not page.evaluate("document.activeElement.matches('[data-part=sign]')"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect_signed_in(page, fox.wallet)


def test_the_sign_in_page_leads_on_to_where_one_was_going(visit):
    fox = Fake()
    page = browse(visit, fox, path="/account/")
    assert page.url.endswith("/sign-in/?next=%2Faccount%2F")
    choose(page, "Fox")
    page.click("[data-part=sign]")
    page.wait_for_url("**/account/")
    expect_signed_in(page, fox.wallet)


def test_without_scripts_the_sign_in_page_says_what_is_missing(visit):
    page = visit("/", java_script_enabled=False)
    page.click("text=Sign in")
    assert "needs JavaScript" in page.locator("main").inner_text()
    assert page.locator("main button:visible").count() == 0


def test_every_step_is_accessible_wide_and_narrow_light_and_dark(visit):
    once = "(p) => { if (!p.said) { p.said = 1; throw {code: 4001} } return p.accounts }"
    switch = "(p, [{chainId}]) => { p.chainId = chainId; return null }"
    fox = Fake(
        chain_id="0x1", behave={"eth_requestAccounts": once, "wallet_switchEthereumChain": switch}
    )
    page = browse(visit, fox, reduced_motion="reduce")

    def look(step: str) -> None:
        expect(page.locator(f"[data-step={step}]")).to_be_visible()
        for seen in looks(page):
            assert_fits(page, f"{step} {seen}")
            sheet = "(d) => d.scrollWidth <= d.clientWidth"
            assert page.eval_on_selector("dialog", sheet), (step, seen)
            assert violations(page) == [], (step, seen)

    open_dialog(page)
    look("choose")
    choose(page, "Fox")
    look("trouble")
    page.click("[data-part=again]")
    look("chain")
    page.click("[data-part=switch]")
    look("review")
    page.evaluate("() => { window.fakes.Fox.request = () => new Promise(() => {}) }")
    page.click("[data-part=sign]")
    look("wait")


def test_members_see_no_way_in_and_visitors_no_way_out(visit):
    fox = Fake()
    page = browse(visit, fox)
    assert page.locator("[data-sign-out], .member-chip").count() == 0
    sign_in(page, fox)
    assert page.locator("a[data-sign-in], dialog").count() == 0
    assert json.loads(page.locator("body").get_attribute("hx-headers"))["X-CSRFToken"]
