"""What became of a transaction, told truthfully at each step."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from chain.client import Node
from chain.operator.calls import call
from chain.operator.selectors import CURATION, FAUCET
from chain.staking.refusals import WORDS
from curation.accounts.wallets import NodeUnreachable
from tests.chain.operating import Gallery


@pytest.fixture
def member(gallery: Gallery) -> str:
    """Somebody with the chain's own money and no tokens."""
    return gallery.chain.accounts[4]


@pytest.fixture(autouse=True)
def no_memory() -> None:
    cache.clear()


def send(gallery: Gallery, member: str, to: str, data: bytes, **fields: str) -> str:
    request = {"from": member, "to": to, "data": f"0x{data.hex()}", "gas": hex(400_000), **fields}
    return gallery.chain.node.call("eth_sendTransaction", request)


def ask(tx_hash: str, **more: Any) -> dict[str, Any]:
    answer = Client().get(f"/api/v1/transactions/{tx_hash.removeprefix('0x')}", more)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_it_is_pending_then_included_then_seen_then_final(gallery, member) -> None:
    gallery.chain.automine(on=False)
    tx_hash = send(gallery, member, gallery.faucet, call(FAUCET, "give"))
    pending = ask(tx_hash)
    assert (pending["state"], pending["nonce"], pending["seen"]) == ("pending", 0, False)
    gallery.chain.mine()
    included = ask(tx_hash)
    assert (included["state"], included["seen"], included["final"]) == ("included", False, False)
    assert included["block_number"] == int(gallery.chain.node.call("eth_blockNumber"), 16)
    gallery.index()
    assert (ask(tx_hash)["seen"], ask(tx_hash)["final"]) == (True, False)
    gallery.chain.mine(4)
    gallery.index()
    assert ask(tx_hash)["final"]


def test_what_no_node_knows_is_unknown(gallery, member) -> None:
    found = ask("ab" * 32, sender=member, nonce=0)
    assert (found["state"], found["successor"]) == ("unknown", None)


def test_a_failure_says_the_contract_s_reason_in_words(gallery, member) -> None:
    gallery.open()
    fund = call(CURATION, "fund", gallery.round.pk, 10**18)
    failed = ask(send(gallery, member, gallery.curation, fund))
    assert (failed["state"], failed["seen"]) == ("failed", False)
    assert failed["reason"] == WORDS["ERC20InsufficientAllowance"]


@pytest.mark.parametrize(
    ("function", "arguments", "words"),
    [
        ("withdraw", (0, bytes(32)), "The contract does not know this round."),
        ("stake", (0, bytes(32), 1, (0, [])), "The contract does not know this round."),
    ],
)
def test_states_of_rounds_are_told_in_words(gallery, member, function, arguments, words) -> None:
    failed = ask(send(gallery, member, gallery.curation, call(CURATION, function, *arguments)))
    assert failed["reason"] == words


def test_running_out_of_gas_is_told_apart(gallery, member) -> None:
    give = call(FAUCET, "give")
    found = ask(send(gallery, member, gallery.faucet, give, gas=hex(30_000)))
    assert (found["state"], "out of gas" in found["reason"]) == ("failed", True)


def test_a_transaction_sent_again_with_another_fee_is_found(gallery, member) -> None:
    gallery.chain.automine(on=False)
    give = call(FAUCET, "give")
    first = send(gallery, member, gallery.faucet, give, gasPrice=hex(2 * 10**9))
    nonce = ask(first)["nonce"]
    fields = {"gasPrice": hex(9 * 10**9), "nonce": hex(nonce)}
    second = send(gallery, member, gallery.faucet, give, **fields)
    gallery.chain.mine(9)
    replaced = ask(first, sender=member.lower(), nonce=nonce)
    assert replaced["state"] == "replaced"
    successor = replaced["successor"]
    assert f"0x{successor['hash']}" == second
    assert successor["to"].lower() == gallery.faucet.lower()
    assert successor["data"] == f"0x{give.hex()}"
    assert ask(second)["state"] == "included"


def test_a_replacement_too_long_ago_is_still_a_replacement(gallery, member) -> None:
    gallery.chain.act(member, gallery.faucet, FAUCET, "give")
    gallery.chain.mine(200)
    found = ask("ab" * 32, sender=member, nonce=0)
    assert (found["state"], found["successor"]) == ("replaced", None)


def test_a_node_that_dies_while_it_is_asked_what_took_its_place_is_asked_again(
    gallery, member, monkeypatch
) -> None:
    gallery.chain.act(member, gallery.faucet, FAUCET, "give")
    real = Node.call

    def call_unless_old(self: Node, method: str, *params: Any) -> Any:
        if method == "eth_getTransactionCount" and params[1] != "latest":
            raise NodeUnreachable("The chain's node is away.")
        return real(self, method, *params)

    monkeypatch.setattr(Node, "call", call_unless_old)
    answer = Client().get(f"/api/v1/transactions/{'ab' * 32}", {"sender": member, "nonce": 0})
    assert (answer.status_code, answer.json()["code"]) == (503, "node-unreachable")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("ab" * 31, 404),
        ("AB" * 32, 404),
        ("ab" * 32 + "?nonce=-1", 422),
        ("ab" * 32 + "?nonce=" + "9" * 40, 422),
        ("ab" * 32 + "?nonce=1&sender=0x12", 422),
        ("ab" * 32 + "?nonce=1&sender=" + "x" * 2000, 422),
    ],
)
def test_questions_that_make_no_sense_are_refused(gallery, pages, path, status) -> None:
    assert pages.get(f"/api/v1/transactions/{path}").status_code == status


def test_a_node_that_is_away_is_said_to_be(gallery) -> None:
    gallery.chain.stop()
    answer = Client().get(f"/api/v1/transactions/{'ab' * 32}")
    assert (answer.status_code, answer.json()["code"]) == (503, "node-unreachable")
