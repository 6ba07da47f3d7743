"""Whatever a wallet does while its member stakes: refuse, talk nonsense, keep silent, be gone."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import Page, expect

from chain.demo.members import DEMO_MEMBERS
from chain.operator.selectors import FAUCET, address_of

from .exchange import Exchange, afresh, demo_page, exchange, submit, tray, until
from .wallets import Fake, asked, browse, sign_in

# They follow a chain's clock beside the machine's, and miss a step when the machine is busy.
pytestmark = pytest.mark.skipif(
    "SALON_SOAK" not in os.environ, reason="needs a quiet machine: SALON_SOAK=1"
)

__all__ = ["afresh", "exchange"]
BOB = DEMO_MEMBERS[1].address
SAID = "[data-said]"


class Sender:
    """Wallet extensions whose transactions really reach the chain."""

    def __init__(self, exchange: Exchange, *fakes: Fake) -> None:
        self.node = exchange.chain.node
        for fake in fakes:
            self.node.call("anvil_impersonateAccount", fake.wallet.address)
            self.node.call("anvil_setBalance", fake.wallet.address, hex(10**20))
            fake.behave.setdefault("eth_sendTransaction", "(p, params) => window.sendOn(params[0])")

    def open(self, visit, fake: Fake, path: str) -> Page:
        page = browse(visit, fake)
        page.context.expose_function("sendOn", self.send)
        sign_in(page, fake)
        page.goto(path)
        return page

    def send(self, fields: dict) -> str:
        return self.node.call("eth_sendTransaction", fields)


@pytest.fixture
def staking_with(exchange, gallery, visit):
    """A picture's page for a member with tokens and the given wallet."""

    def make(**behave: str) -> Page:
        fake = Fake(behave=behave)
        sender = Sender(exchange, fake)
        _, hung = exchange.round(gallery)
        exchange.chain.act(fake.wallet.address, address_of(FAUCET), FAUCET, "give")
        exchange.index()
        return sender.open(visit, fake, hung[0].get_absolute_url())

    return make


def test_a_wallet_that_signs_no_typed_data_approves_instead(exchange, staking_with) -> None:
    page = staking_with(eth_signTypedData_v4="() => { throw {code: -32601} }")
    submit(page, "5")
    expect(tray(page, "Allowing 5 SALON to be taken")).to_be_visible()
    exchange.see(tray(page, "Staking 5 SALON"))
    expect(page.locator(".stakes-sum")).to_contain_text("5 SALON behind this picture, all yours")


@pytest.mark.parametrize(
    ("method", "answer", "words"),
    [
        ("eth_signTypedData_v4", "throw {code: 4001}", "You said no in Fox"),
        ("eth_signTypedData_v4", "return '0x12'", "makes no sense"),
        ("eth_signTypedData_v4", "return {toString() { return 'x'.repeat(9) }}", "makes no sense"),
        ("eth_signTypedData_v4", "return '0x' + '11'.repeat(65)", "form that tokens do not take"),
        ("eth_signTypedData_v4", "return '0x' + '11'.repeat(64) + '1b'", "cannot be read"),
        ("eth_chainId", "return '0xzz'", "makes no sense"),
        ("eth_signTypedData_v4", "throw {code: -32002}", "still waiting"),
    ],
)
def test_whatever_a_wallet_answers_nothing_is_sent_and_it_is_said(
    staking_with, method, answer, words
) -> None:
    page = staking_with()
    install(page, method, answer)
    submit(page, "5")
    expect(page.locator(SAID)).to_contain_text(words)
    assert "eth_sendTransaction" not in asked(page, "Fox")
    expect(page.locator("#tray")).to_be_hidden()
    expect(page.locator("[data-submit]")).to_be_enabled()


def install(page: Page, method: str, answer: str) -> None:
    """Let the page's wallet answer a method so, from the next load on."""
    page.context.add_init_script(
        f"{{ const fox = window.fakes.Fox, old = fox.request; fox.request = async (question) => {{"
        f" if (question.method !== {method!r}) return old(question);"
        f" fox.asked.push(question.method); {answer}; }}; }}"
    )
    page.reload()


@pytest.mark.parametrize(
    "answer", ["return null", "return '0x1234'", "return {}", "return ['0x' + 'ab'.repeat(32)]"]
)
def test_a_hash_that_is_none_is_not_followed(staking_with, answer) -> None:
    page = staking_with()
    install(page, "eth_sendTransaction", answer)
    submit(page, "5")
    expect(page.locator(SAID)).to_contain_text("makes no sense")
    expect(page.locator("#tray")).to_be_hidden()


def test_a_wallet_on_another_chain_is_asked_to_come_back(exchange, staking_with) -> None:
    page = staking_with(
        wallet_switchEthereumChain="(p, [{chainId}]) => { p.chainId = chainId; return null; }"
    )
    page.evaluate("window.fakes.Fox.chainId = '0x1'")
    submit(page, "5")
    expect(tray(page, "Staking 5 SALON")).to_be_visible()
    assert "wallet_switchEthereumChain" in asked(page, "Fox")


def test_a_wallet_that_never_answers_is_given_up_and_a_late_hash_is_followed(
    exchange, staking_with
) -> None:
    page = staking_with()
    late = "const fields = question.params[0]; return new Promise((resolve) => { window.answerNow ="
    install(page, "eth_sendTransaction", f"{late} () => window.sendOn(fields).then(resolve); }})")
    submit(page, "5")
    expect(page.locator(SAID)).to_contain_text("Look into Fox")
    until(page, lambda: page.evaluate("'answerNow' in window"), "asked to send")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("[data-submit]")).to_be_enabled()
    expect(page.locator(SAID)).to_be_hidden()
    page.evaluate("window.answerNow()")
    expect(tray(page, "Allowing 5 SALON to be taken")).to_have_attribute("data-state", "included")


def test_a_locked_wallet_is_asked_to_open(staking_with) -> None:
    page = staking_with()
    install(page, "eth_accounts", "return []")
    install(page, "eth_requestAccounts", "return []")
    submit(page, "5")
    expect(page.locator(SAID)).to_contain_text("Fox shows no account")


def test_a_wallet_that_is_gone_is_missed(exchange, gallery, visit) -> None:
    _, hung = exchange.round(gallery)
    exchange.give(BOB)
    page = demo_page(visit, 1, hung[0].get_absolute_url())
    page.evaluate("localStorage.setItem('salon-wallet', 'gone.example')")
    page.reload()
    submit(page, "5")
    expect(page.locator(SAID)).to_contain_text("not in this browser now")


def test_what_a_browser_kept_is_read_with_care(exchange, visit) -> None:
    page = demo_page(visit, 1, "/stakes/")
    key = f"salon-transactions-{BOB.lower()}"
    hostile = "<img src=x onerror=alert(1)>"
    for kept in (
        "{",
        "null",
        "7",
        '[null, 5, {"hash": 1}]',
        '[{"hash": "0x' + "ab" * 32 + f'", "to": "", "data": "", "doing": "{hostile}",'
        ' "sentAt": 1e15, "state": "sent", "nonce": null, "words": "", "knownAt": 1e15}]',
    ):
        page.evaluate("([key, kept]) => localStorage.setItem(key, kept)", [key, kept])
        page.reload()
        expect(page.locator("#holdings")).to_be_visible()
    expect(tray(page, hostile)).to_be_visible()
