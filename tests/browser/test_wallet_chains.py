"""Wallets on another chain than the site's, while signing in."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .wallets import Fake, browse, choose, expect_signed_in, expect_trouble, open_dialog

SWITCHING = {
    "known": "(p, [{chainId}]) => { p.chainId = chainId; return null }",
    "unknown": "(p) => { if (!p.added) throw {code: 4902}; p.chainId = p.added; return null }",
    "unknown, said inside": (
        "(p) => { if (!p.added) throw {code: -32603, data: {originalError: {code: 4902}}};"
        " p.chainId = p.added; return null }"
    ),
}
ADDING = "(p, [chain]) => { p.added = chain.chainId; p.chain = chain; return null }"


@pytest.mark.parametrize("how", SWITCHING)
def test_a_wallet_on_another_chain_is_asked_to_switch(visit, how):
    acts = {"wallet_switchEthereumChain": SWITCHING[how], "wallet_addEthereumChain": ADDING}
    fox = Fake(chain_id="0x1", behave=acts)
    page = browse(visit, fox)
    open_dialog(page)
    choose(page, "Fox")
    expect(page.locator("[data-part=chain-wallet]")).to_have_text("Fox")
    page.click("[data-part=switch]")
    page.click("[data-part=sign]")
    expect_signed_in(page, fox.wallet)


def test_adding_the_chain_tells_the_wallet_where_it_is(visit):
    acts = {"wallet_switchEthereumChain": SWITCHING["unknown"], "wallet_addEthereumChain": ADDING}
    page = browse(visit, Fake(chain_id="0x1", behave=acts))
    open_dialog(page)
    choose(page, "Fox")
    page.click("[data-part=switch]")
    expect(page.locator("[data-part=sign]")).to_be_visible()
    chain = page.evaluate("window.fakes.Fox.chain")
    assert chain["chainId"] == "0x7a69"
    assert chain["rpcUrls"][0].startswith("http://127.0.0.1:")
    assert chain["nativeCurrency"]["decimals"] == 18


def test_a_wallet_that_only_says_it_switched_is_found_out(visit):
    page = browse(visit, Fake(chain_id="0x1", behave={"wallet_switchEthereumChain": "() => null"}))
    open_dialog(page)
    choose(page, "Fox")
    page.click("[data-part=switch]")
    expect_trouble(page, "Fox stayed on another chain")


def test_a_chain_that_cannot_be_added_is_named(visit):
    acts = {
        "wallet_switchEthereumChain": "() => { throw {code: 4902} }",
        "wallet_addEthereumChain": "() => { throw {code: 4902} }",
    }
    page = browse(visit, Fake(chain_id="0x1", behave=acts))
    open_dialog(page)
    choose(page, "Fox")
    page.click("[data-part=switch]")
    expect_trouble(page, "Fox does not know this chain")
    expect(page.locator("[data-part=trouble-text]")).to_contain_text("31337")


def test_whoever_stays_on_the_other_chain_is_not_signed_in(visit):
    page = browse(visit, Fake(chain_id="0x1"))
    open_dialog(page)
    choose(page, "Fox")
    page.click("[data-part=stay]")
    expect(page.locator(".wallet")).to_be_visible()
