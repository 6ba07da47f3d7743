"""What happens to a session when its wallet changes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from curation.models import MemberSession
from tests.wallets import Wallet

from .looking import is_marked, mark
from .wallets import Fake, asked, browse, expect_signed_in, sign_in

HELD = """async () => {
    const { heldKey } = await import("/static/js/wallet/session-key.js");
    return (await heldKey(window.fakes.Fox.accounts[0]))?.didKey ?? null;
}"""


def tell(page: Page, event: str, fact: object) -> None:
    page.evaluate("([event, fact]) => window.fakes.Fox.tell(event, fact)", [event, fact])


@pytest.fixture
def fox() -> Fake:
    return Fake()


def test_another_account_signs_out_and_says_so(visit, fox):
    page = browse(visit, fox)
    sign_in(page, fox)
    other = Wallet().address
    tell(page, "accountsChanged", [other])
    expect(page.locator("a[data-sign-in]")).to_be_visible()
    expect(page.locator("#notice")).to_contain_text(f"changed to {other[:6].lower()}")
    assert not MemberSession.objects.filter(member__address=fox.wallet.address).exists()
    page.click("[data-notice-close]")
    expect(page.locator("#notice")).to_be_hidden()
    page.reload()
    expect(page.locator("#notice")).to_be_hidden()


@pytest.mark.parametrize("fact", [[], None, "0x", [1], {"length": 1}, ["0xnonsense"]])
def test_a_locked_wallet_or_nonsense_ends_nothing(visit, fox, fact):
    page = browse(visit, fox)
    sign_in(page, fox)
    mark(page)
    tell(page, "accountsChanged", fact)
    page.wait_for_timeout(400)
    assert is_marked(page)
    expect_signed_in(page, fox.wallet)


def test_a_wallet_that_changed_while_the_page_was_away_is_noticed(visit, fox):
    page = browse(visit, fox)
    sign_in(page, fox)
    other = Wallet().address.lower()
    page.context.add_init_script(f"window.fakes.Fox.accounts = ['{other}'];")
    page.goto("/")
    expect(page.locator("a[data-sign-in]")).to_be_visible()
    expect(page.locator("#notice")).to_contain_text("you were signed out")


def test_a_page_left_behind_by_a_new_sign_in_only_catches_up(visit, fox):
    page = browse(visit, fox)
    sign_in(page, fox)
    page.evaluate("document.body.dataset.member = '0x' + '1'.repeat(40)")
    mark(page)
    # As if this page showed somebody whose session another tab has replaced.
    page.evaluate("""async () => {
        const { followWallet } = await import("/static/js/wallet/events.js");
        followWallet();
    }""")
    expect_signed_in(page, fox.wallet)
    assert not is_marked(page)


def test_another_chain_is_told_and_ends_nothing(visit, fox):
    page = browse(visit, fox)
    sign_in(page, fox)
    tell(page, "chainChanged", "0x7a69")
    tell(page, "chainChanged", "nonsense")
    expect(page.locator("#notice")).to_be_hidden()
    tell(page, "chainChanged", "0x1")
    expect(page.locator("#notice")).to_contain_text("Fox moved to another chain")
    expect_signed_in(page, fox.wallet)


def test_a_lost_connection_is_told(visit, fox):
    page = browse(visit, fox)
    sign_in(page, fox)
    tell(page, "disconnect", {"code": 4900})
    expect(page.locator("#notice")).to_contain_text("lost its connection")


def test_signing_out_ends_the_session_and_forgets_the_key(visit, fox):
    page = browse(visit, fox)
    sign_in(page, fox)
    assert page.evaluate(HELD)
    page.click(".member-chip summary")
    page.click(".member-chip button")
    expect(page.locator("a[data-sign-in]")).to_be_visible()
    expect(page.locator("#notice")).to_contain_text("You are signed out")
    assert page.evaluate(HELD) is None
    assert not MemberSession.objects.filter(member__address=fox.wallet.address).exists()
    page.reload()
    page.wait_for_timeout(300)
    assert asked(page, "Fox") == []  # a wallet is not asked anything by a visitor


def test_without_scripts_one_can_sign_out(visit, fox):
    page = browse(visit, fox)
    sign_in(page, fox)
    plain = visit("/nowhere/", java_script_enabled=False)
    plain.context.add_cookies(page.context.cookies())
    plain.goto("/")
    plain.click(".member-chip summary")
    plain.click(".member-chip button")
    expect(plain.locator("a[data-sign-in]")).to_be_visible()
    expect(plain.locator("#notice")).to_contain_text("You are signed out")


def test_the_menu_closes_with_escape_and_by_looking_elsewhere(visit, fox):
    page = browse(visit, fox)
    sign_in(page, fox)
    menu = page.locator(".member-chip ul")
    page.click(".member-chip summary")
    expect(menu).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu).not_to_be_visible()
    expect(page.locator(".member-chip summary")).to_be_focused()
    page.click(".member-chip summary")
    page.click("h1")
    expect(menu).not_to_be_visible()
