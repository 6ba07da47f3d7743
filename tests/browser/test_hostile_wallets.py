"""Wallets that refuse, fail, or answer nonsense: nothing breaks, nothing runs, all is said."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .wallets import Fake, browse, choose, expect_trouble, open_dialog

REFUSALS = {
    "() => { throw {code: 4001, message: 'no'} }": "You said no in Fox",
    "() => { throw new Error('User rejected the request') }": "You said no in Fox",
    "() => { throw {code: -32002} }": "Fox is still waiting for you",
    "() => []": "Fox shows no account",
    "() => { throw {code: 4100} }": "Fox shows no account",
    "() => { throw {code: -32601} }": "Fox cannot do this",
    "() => { throw {code: 4900} }": "Fox is not connected",
    "() => { throw {code: -32603, message: '<img src=x onerror=alert(1)>'} }": (
        "Fox reported an error"
    ),
    "() => { throw undefined }": "Fox reported an error",
    "() => { throw {get code() { throw 1 }} }": "Fox gave an answer that makes no sense",
    "() => null": "Fox gave an answer that makes no sense",
    "() => '0x52908400098527886E0F7030069857D2E4169EE7'": "Fox gave an answer that makes no sense",
    "() => ['vitalik.eth']": "Fox gave an answer that makes no sense",
    "() => [{toString: () => '0x' + '1'.repeat(40)}]": "Fox gave an answer that makes no sense",
    "() => ['0x' + 'f'.repeat(5_000_000)]": "Fox gave an answer that makes no sense",
    "() => new Proxy([], {get() { throw 1 }})": "Fox reported an error",
    "() => new Proxy([], {get(_, k) { if (k !== 'then') throw 1 }})": (
        "Fox gave an answer that makes no sense"
    ),
}


@pytest.mark.parametrize("behaviour", REFUSALS)
def test_no_account_ends_in_words(visit, behaviour):
    page = browse(visit, Fake(behave={"eth_requestAccounts": behaviour}))
    open_dialog(page)
    choose(page, "Fox")
    expect_trouble(page, REFUSALS[behaviour])
    page.click("[data-part=other]")
    expect(page.locator(".wallet")).to_be_visible()


SIGNATURES = ["1", "'0x'", "'0xzz'", "'0x' + 'a'.repeat(40_000)", "{}", "null", "'0x123'"]


@pytest.mark.parametrize("answer", SIGNATURES)
def test_a_senseless_signature_never_leaves_the_page(visit, answer):
    page = browse(visit, Fake(behave={"personal_sign": f"() => ({answer})"}))
    open_dialog(page)
    choose(page, "Fox")
    page.click("[data-part=sign]")
    expect_trouble(page, "Fox gave an answer that makes no sense")


@pytest.mark.parametrize("answer", ["'0x'", "'mainnet'", "-1", "{}", "'0x' + 'f'.repeat(70)"])
def test_a_senseless_chain_ends_in_words(visit, answer):
    page = browse(visit, Fake(behave={"eth_chainId": f"() => ({answer})"}))
    open_dialog(page)
    choose(page, "Fox")
    expect_trouble(page, "Fox gave an answer that makes no sense")


HOSTILE_ANNOUNCEMENTS = """
const tell = (detail) => window.addEventListener("eip6963:requestProvider", () =>
  window.dispatchEvent(new CustomEvent("eip6963:announceProvider", {detail})));
const provider = {request: async () => { throw 1 }};
const info = (more) => ({uuid: "u" + Math.random(), rdns: "x.y" + Math.random(), ...more});
for (const detail of [null, 1, "x", {}, {info: null}, {info: {}, provider},
  {info: info({}), provider: {}}, {get info() { throw 1 }},
  {info: {get uuid() { throw 1 }}, provider}]) tell(detail);
const names = ["<img src=x onerror=alert(1)>", "Fox\\u202eoF\\u200b", "", 7,
  "x".repeat(100_000)];
const page = "data:text/html,<script>alert(2)</script>";
for (const name of names) tell({info: info({name, icon: page}), provider: {...provider}});
const icon = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='alert(3)'>" +
  "<script>alert(4)</script></svg>";
tell({info: info({name: "Drawn", icon}), provider: {...provider}});
tell({info: info({name: "Far", icon: "https://example.org/a.png"}), provider: {...provider}});
for (let i = 0; i < 500; i++)
  tell({info: info({name: "Crowd " + i, icon: ""}), provider: {...provider}});
"""


def test_hostile_announcements_are_cleaned_or_ignored(visit):
    page = browse(visit, extra=HOSTILE_ANNOUNCEMENTS)
    open_dialog(page)
    page.wait_for_timeout(300)
    names = page.locator(".wallet").all_text_contents()
    unnamed = "A wallet without a name"
    assert names[:7] == [
        "<img src=x onerror=alert(1)>", "FoxoF", unnamed, unnamed, "x" * 40, "Drawn", "Far",
    ]  # fmt: skip
    assert len(names) <= 24
    icons = page.eval_on_selector_all(".wallet img", "all => all.map(i => i.src.slice(0, 19))")
    assert icons == ["data:image/svg+xml,"]
    assert page.locator(".wallet script, .wallet [onerror]").count() == 0
