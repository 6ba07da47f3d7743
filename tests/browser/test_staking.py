"""Staking with a real chain behind the pages: the whole loop, and what can go wrong on the way."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import Page, expect

from chain.demo.members import DEMO_MEMBERS
from chain.operator.calls import call
from chain.operator.deploying import WHOLE
from chain.operator.selectors import FAUCET, TOKEN, address_of
from curation.stakes.amounts import rounded

from .exchange import afresh, demo_page, exchange, submit, tray, until
from .looking import PATIENCE_MS, is_marked, mark, wait_live
from .sound import assert_sound, violations

# They follow a chain's clock beside the machine's, and miss a step when the machine is busy.
pytestmark = pytest.mark.skipif(
    "SALON_SOAK" not in os.environ, reason="needs a quiet machine: SALON_SOAK=1"
)

__all__ = ["afresh", "exchange"]
SHOTS = os.environ.get("SALON_SHOTS")  # a folder for pictures of the pages
ADA, BOB, CYD, *_ = (member.address for member in DEMO_MEMBERS)
PATIENT = {"timeout": PATIENCE_MS}
SAID = "[data-said]"


def test_tokens_are_taken_staked_seen_live_settled_and_withdrawn(exchange, gallery, visit) -> None:
    round_, hung = exchange.round(gallery)
    exchange.fund(round_, 100)
    candidate = hung[2]
    had_wei = exchange.balance_wei(ADA)
    wall = visit(round_.get_absolute_url())
    wait_live(wall, round_)
    mark(wall)
    page = demo_page(visit, 0, candidate.get_absolute_url())
    page.click("[data-stakes=faucet]")
    exchange.see(tray(page, "Taking 1,000 SALON from the faucet"))
    expect(page.locator("form[data-stakes=stake]")).to_be_visible()
    expect(page.locator("[data-estimate]")).to_contain_text("these 10 earn 100 SALON")
    submit(page, "25.5")
    staking = tray(page, "Staking 25.5 SALON")
    exchange.see(staking)
    expect(page.locator(".stakes-sum")).to_have_text("25.5 SALON behind this picture, all yours")
    card = wall.locator(f"#candidate-{candidate.digest[:16]} .stake")
    expect(card).to_have_text("25.5 SALON staked")
    assert is_marked(wall)  # it came by the socket
    exchange.finalise()
    expect(staking).to_have_attribute("data-state", "final")
    exchange.close(round_)
    exchange.propose(round_, candidate)
    expect(page.locator("#stakes-facts")).to_contain_text("yours earn 100 SALON")
    exchange.settle(round_)
    page.get_by_role("button", name="Take out 125.5 SALON").click()
    exchange.see(tray(page, "Taking out 125.5 SALON"))
    facts = page.locator("#stakes-facts")
    expect(facts).to_contain_text("You took out 25.5 SALON and a reward of 100.")
    assert exchange.balance_wei(ADA) == had_wei + 1100 * WHOLE


def test_a_transaction_is_followed_across_reloads_and_pages(exchange, gallery, visit) -> None:
    _, hung = exchange.round(gallery)
    exchange.give(BOB)
    exchange.chain.automine(on=False)
    page = demo_page(visit, 1, hung[0].get_absolute_url())
    submit(page, "7")
    doing = tray(page, "Staking 7 SALON")
    expect(doing).to_have_attribute("data-state", "sent")
    page.reload()
    expect(doing).to_have_attribute("data-state", "sent")
    page.goto("/stakes/")
    expect(doing).to_contain_text("It waits for a block")
    exchange.chain.mine()
    expect(doing).to_have_attribute("data-state", "included")
    expect(page.locator("#holdings")).not_to_contain_text("7 SALON")
    exchange.index()
    expect(doing).to_have_attribute("data-state", "seen")
    expect(page.locator("#holdings")).to_contain_text("7 SALON")
    doing.get_by_role("button").click()
    expect(doing).to_have_count(0)
    page.reload()
    expect(page.locator("#holdings")).to_contain_text("7 SALON")
    expect(page.locator("#tray")).to_be_hidden()


def test_a_block_that_is_taken_back_takes_the_step_back(exchange, visit) -> None:
    page = demo_page(visit, 3, "/stakes/")
    page.click("[data-stakes=faucet]")
    doing = tray(page, "Taking 1,000 SALON from the faucet")
    exchange.see(doing)
    exchange.chain.automine(on=False)
    exchange.chain.node.call("anvil_reorg", 1, [])
    exchange.index()
    expect(doing).not_to_have_attribute("data-state", "seen")


def test_a_failure_says_the_contract_s_reason(exchange, visit) -> None:
    exchange.chain.automine(on=False)
    give = {
        "from": DEMO_MEMBERS[4].address,
        "to": address_of(FAUCET),
        "data": "0x" + call(FAUCET, "give").hex(),
    }
    page = demo_page(visit, 4, "/stakes/")
    exchange.chain.node.call("eth_sendTransaction", give | {"gas": "0x493e0"})
    page.click("[data-stakes=faucet]")
    doing = tray(page, "Taking 1,000 SALON from the faucet")
    expect(doing).to_have_attribute("data-state", "sent")
    exchange.chain.mine()
    expect(doing).to_have_attribute("data-state", "failed", **PATIENT)
    expect(doing).to_contain_text("The faucet gives to you again on")
    assert violations(page) == []


@pytest.mark.parametrize("same", [True, False])
def test_a_replacement_is_followed_if_it_does_the_same(exchange, visit, same) -> None:
    member = DEMO_MEMBERS[5 + same].address
    exchange.chain.automine(on=False)
    page = demo_page(visit, 5 + same, "/stakes/")
    page.click("[data-stakes=faucet]")
    doing = tray(page, "Taking 1,000 SALON from the faucet")
    expect(doing).to_have_attribute("data-state", "sent")
    first = doing.get_attribute("data-transaction")
    node = exchange.chain.node
    was = node.call("eth_getTransactionByHash", first)
    until(page, lambda: f'"nonce":{int(was["nonce"], 16)}' in stored(page, member), "nonce kept")
    fields = {"from": member, "nonce": was["nonce"], "gas": was["gas"], "gasPrice": hex(10**11)}
    what = {"to": was["to"], "data": was["input"]} if same else {"to": member}
    second = node.call("eth_sendTransaction", fields | what)
    exchange.chain.mine()
    if same:
        expect(doing).to_have_attribute("data-transaction", second)
        expect(doing).to_have_attribute("data-state", "included")
    else:
        expect(doing).to_have_attribute("data-state", "replaced")
        expect(doing).to_contain_text("so this was not done")


def stored(page: Page, member: str) -> str:
    key = f"salon-transactions-{member.lower()}"
    return page.evaluate("key => localStorage.getItem(key) ?? ''", key)


def test_what_the_site_refuses_is_said_near_the_form_and_kept(exchange, gallery, visit) -> None:
    _, hung = exchange.round(gallery)
    exchange.give(BOB)
    page = demo_page(visit, 1, hung[0].get_absolute_url())
    for amount, words in (
        ("9999999", "less than 9999999"),
        ("0.5", "The smallest stake is 1 SALON."),
        ("1,5", "with a point and no signs"),
        ("<b>", "Write the amount in digits"),
    ):
        submit(page, amount)
        expect(page.locator(SAID)).to_contain_text(words)
        expect(page.locator("#stake-amount")).to_have_value(amount)
    expect(page.locator("#tray")).to_be_hidden()
    page.click("[data-amount=all]")
    balance = page.locator("form[data-stakes=stake]").get_attribute("data-balance")
    expect(page.locator("#stake-amount")).to_have_value(balance)


def test_a_picture_opens_for_stakes_by_itself_and_keeps_what_is_typed(
    exchange, gallery, visit
) -> None:
    from chain.anchoring.sending import anchor_what_waits

    _, hung = exchange.round(gallery, anchor=False)
    exchange.give(BOB)
    page = demo_page(visit, 1, hung[0].get_absolute_url())
    expect(page.locator("#stakes-act")).to_contain_text("opens by itself")
    anchor_what_waits()
    exchange.index()
    expect(page.locator("#stake-amount")).to_be_visible(**PATIENT)
    page.fill("#stake-amount", "3.25")
    page.focus("#stake-amount")
    exchange.chain.act(ADA, address_of(FAUCET), FAUCET, "give")
    exchange.chain.act(BOB, address_of(TOKEN), TOKEN, "transfer", ADA, WHOLE)
    exchange.index()
    left = rounded(exchange.balance_wei(BOB))
    label = page.locator("form[data-stakes=stake] label")
    expect(label).to_contain_text(f"your {left} SALON", **PATIENT)
    expect(page.locator("#stake-amount")).to_have_value("3.25")
    expect(page.locator("#stake-amount")).to_be_focused()


def test_anyone_adds_to_the_pool_by_an_approval_and_a_payment(exchange, gallery, visit) -> None:
    round_, _ = exchange.round(gallery)
    exchange.chain.act(CYD, address_of(FAUCET), FAUCET, "give")
    exchange.index()
    page = demo_page(visit, 2, round_.get_absolute_url())
    page.click(".fund summary")
    page.fill("[data-stakes=fund] input", "40")
    page.click("[data-stakes=fund] button[type=submit]")
    expect(tray(page, "Allowing 40 SALON to be taken")).to_be_visible()
    exchange.see(tray(page, "Adding 40 SALON to the pool"))
    expect(page.locator(".pool-title")).to_have_text("40 SALON in the pool")


PAGES = ["panel", "pool", "portfolio", "feed"]


@pytest.mark.parametrize("name", PAGES)
def test_pages_of_stakes_have_no_axe_violations_and_no_sideways_scrolling(
    exchange, gallery, visit, name
) -> None:
    round_, hung = exchange.round(gallery)
    exchange.fund(round_, 250)
    exchange.give(ADA)
    page = demo_page(visit, 0, hung[0].get_absolute_url(), reduced_motion="reduce")
    submit(page, "120")
    exchange.see(tray(page, "Staking 120 SALON"))
    paths = {
        "panel": hung[0].get_absolute_url(),
        "pool": round_.get_absolute_url(),
        "portfolio": "/stakes/",
        "feed": "/activity/",
    }
    page.goto(paths[name])
    if name == "pool":
        page.click(".fund summary")
    assert_sound(page, name, shots=SHOTS)


def test_without_scripts_everything_can_be_read(exchange, gallery, visit) -> None:
    round_, hung = exchange.round(gallery)
    exchange.fund(round_, 30)
    page = demo_page(visit, 0, "/stakes/")
    plain = visit("about:blank", java_script_enabled=False)
    plain.context.add_cookies(page.context.cookies())
    plain.goto(hung[0].get_absolute_url())
    expect(plain.locator("#stakes")).to_contain_text("The pool of this round is 30 SALON")
    expect(plain.get_by_text("a wallet needs JavaScript").first).to_be_visible()
    expect(plain.locator("[data-submit]")).to_be_hidden()
    plain.goto("/activity/")
    expect(plain.locator(".deeds")).to_contain_text("added 30 SALON to the pool")
