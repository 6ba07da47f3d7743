import json

import pytest
from django.test import Client
from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data

from chain.demo.members import DEMO_MEMBERS
from chain.demo.rules import READING, SIGNING
from curation.accounts.rules import checksum_address
from tests.chain.nodes import http, listener

from .asking import ask, post, refused

FIRST, SECOND = DEMO_MEMBERS[0].address, DEMO_MEMBERS[1].address
STRANGER = "0x" + "ab" * 20
TYPED = {
    "types": {
        "EIP712Domain": [
            {"name": "name", "type": "string"},
            {"name": "chainId", "type": "uint256"},
        ],
        "Ballot": [{"name": "round", "type": "uint256"}],
    },
    "primaryType": "Ballot",
    "domain": {"name": "Salon", "chainId": 31337},
    "message": {"round": 7},
}
FORBIDDEN = (
    *("anvil_setBalance", "anvil_impersonateAccount", "anvil_setCode", "anvil_dumpState"),
    *("anvil_nodeInfo", "anvil_reset", "anvil_setRpcUrl", "hardhat_setBalance", "hardhat_reset"),
    *("evm_mine", "evm_snapshot", "evm_revert", "evm_increaseTime", "debug_traceTransaction"),
    *("debug_traceCall", "trace_block", "txpool_content", "ots_getApiLevel", "erigon_getHeader"),
    *("eth_sign", "eth_signTransaction", "eth_signTypedData", "eth_signTypedData_v3"),
    *("eth_sendRawTransaction", "eth_sendUnsignedTransaction", "eth_sendTransactionSync"),
    *("eth_getLogs", "eth_newFilter", "eth_subscribe", "eth_getStorageAt", "eth_getProof"),
    *("eth_simulateV1", "eth_requestAccounts", "wallet_addEthereumChain", "personal_unlockAccount"),
    *("personal_importRawKey", "personal_listAccounts", "web3_clientVersion", "rpc_modules"),
    *("ETH_chainId", " eth_chainId", "eth_chainId\n", "eth_chainid", "", "__class__"),
)


def test_ten_members_are_anvil_s_accounts_with_names(anvil):
    assert [member.address for member in DEMO_MEMBERS] == anvil.accounts
    assert all(checksum_address(member.address) == member.address for member in DEMO_MEMBERS)
    assert len({member.name for member in DEMO_MEMBERS}) == 10


def test_accounts_are_the_ten_members_and_reading_goes_to_the_chain(demo, anvil):
    assert ask("eth_accounts")["result"] == [member.address for member in DEMO_MEMBERS]
    assert ask("eth_chainId")["result"] == "0x7a69"
    assert ask("net_version")["result"] == "31337"
    assert int(ask("eth_getBalance", FIRST, "latest")["result"], 16) > 0
    assert ask("eth_getBlockByNumber", "latest", False)["result"]["hash"]
    assert ask("eth_estimateGas", {"from": FIRST, "to": SECOND, "value": "0x1"})["result"]


@pytest.mark.parametrize("method", sorted(set(READING) - {"eth_accounts"}))
def test_reading_methods_are_ones_anvil_knows(demo, method):
    answer = ask(method, *["0x0"] * READING[method])
    assert answer.get("error", {}).get("code") != -32601


def test_member_signs_a_text_and_typed_data(demo):
    text = "0x" + b"Let me in".hex()
    signature = ask("personal_sign", text, SECOND)["result"]
    signed = encode_defunct(text="Let me in")
    assert Account.recover_message(signed, signature=signature) == SECOND
    assert ask("personal_sign", text, SECOND.lower(), "a password")["result"] == signature
    for typed in (TYPED, json.dumps(TYPED)):
        signature = ask("eth_signTypedData_v4", SECOND, typed)["result"]
        signed = encode_typed_data(full_message=TYPED)
        assert Account.recover_message(signed, signature=signature) == SECOND


def test_member_sends_a_transaction_and_sees_its_receipt(demo, anvil):
    sent = ask("eth_sendTransaction", {"from": FIRST, "to": STRANGER, "value": "0x5"})["result"]
    for _ in range(100):
        if receipt := ask("eth_getTransactionReceipt", sent)["result"]:
            break
    assert receipt["status"] == "0x1"
    assert anvil.node.call("eth_getBalance", STRANGER, "latest") == "0x5"


@pytest.mark.parametrize("address", [STRANGER, None, 5, "", "0x", [FIRST], {"a": 1}, FIRST + " "])
def test_nobody_but_the_ten_signs_or_sends(demo, anvil, address):
    before = anvil.node.call("eth_blockNumber")
    ask_all = (
        ("eth_sendTransaction", {"from": address, "to": FIRST, "value": "0x1"}),
        ("eth_sendTransaction", {"to": FIRST, "value": "0x1"}),
        ("eth_signTypedData_v4", address, TYPED),
        ("personal_sign", "0x00", address),
    )
    for method, *params in ask_all:
        assert refused(method, *params)
    assert int(anvil.node.call("eth_blockNumber"), 16) - int(before, 16) <= 1  # by the clock


def test_order_of_parameters_cannot_be_turned_to_sign_for_others(demo):
    assert refused("personal_sign", FIRST, "0x00", code=4100)
    assert refused("eth_signTypedData_v4", TYPED, FIRST, code=4100)


@pytest.mark.parametrize("method", FORBIDDEN)
def test_threat_33_method_off_the_list_is_refused_and_never_sent_on(demo, settings, method):
    with listener(lambda s, r: s.sendall(http(b"{}"))) as node:
        settings.RPC_URL = node.url
        assert refused(method, FIRST, "0x1", code=4200)
        assert node.hits == []


def test_list_holds_no_method_that_rules_the_chain():
    assert not [m for m in (*READING, *SIGNING) if not m.startswith(("eth_", "personal_", "net_"))]
    assert "eth_sendRawTransaction" not in SIGNING


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("eth_call", [{"to": FIRST}, "latest", {FIRST: {"balance": "0x0"}}]),
        ("eth_chainId", [1]),
        ("eth_sendTransaction", [{"from": FIRST, "authorizationList": []}]),
        ("eth_sendTransaction", [{"from": FIRST, "blobs": []}]),
        ("eth_sendTransaction", [{"from": FIRST}, {"from": FIRST}]),
        ("eth_sendTransaction", []),
        ("eth_sendTransaction", ["0x"]),
        ("personal_sign", ["0x00"]),
        ("personal_sign", ["0x00", FIRST, "p", "more"]),
        ("personal_sign", [{"a": 1}, FIRST]),
        ("eth_signTypedData_v4", [FIRST]),
    ],
)
def test_parameters_beyond_the_list_are_refused(demo, method, params):
    assert refused(method, *params, code=-32602)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[" * 10_000,
        "null",
        "7",
        '"eth_chainId"',
        b"\xff\xfe",
        [],
        [{"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"}],
        {"jsonrpc": "1.0", "id": 1, "method": "eth_chainId"},
        {"id": 1, "method": "eth_chainId"},
        {"jsonrpc": "2.0", "id": 1, "method": ["eth_chainId"]},
        {"jsonrpc": "2.0", "id": 1, "method": None},
        {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": {"0": 1}},
        {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "x": "y" * 16_384},
    ],
)
def test_what_is_no_single_small_call_is_refused(demo, settings, body):
    with listener(lambda s, r: s.sendall(http(b"{}"))) as node:
        settings.RPC_URL = node.url
        assert post(body).json()["error"]["code"] == -32600
        assert node.hits == []


def test_method_named_twice_is_judged_and_sent_as_the_same(demo):
    twice = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId","method":"anvil_reset"}'
    assert post(twice).json()["error"]["code"] == 4200
    twice = '{"jsonrpc":"2.0","id":1,"method":"anvil_reset","method":"eth_chainId"}'
    assert post(twice).json()["result"] == "0x7a69"


def test_giant_body_is_refused_before_it_is_read(demo):
    assert post(b"x" * 300_000).json()["error"]["code"] == -32600


def test_other_content_types_are_refused(demo):
    body = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"}
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        response = post(json.dumps(body), kind=kind)
        assert "error" in response.json()


def test_only_post_is_taken(demo):
    assert Client().get("/demo-wallet/rpc").status_code == 405


def test_node_that_is_away_is_an_error_of_the_call(demo, settings):
    with listener() as node:
        settings.RPC_URL = node.url
    assert ask("eth_chainId")["error"]["code"] == -32603


def test_revert_reaches_the_page_with_its_data(demo, anvil):
    useless = anvil.deploy("UselessFactory")
    data = "0x" + anvil.encode("UselessFactory", "refuse").hex()
    error = ask("eth_call", {"to": useless, "data": data}, "latest")["error"]
    assert "closed" in error["message"]
    assert error["data"].startswith("0x08c379a0")


@pytest.mark.parametrize("number", [0, -1, "a", "", 2**53])
def test_answer_repeats_the_call_s_id(demo, number):
    assert ask("eth_chainId", id=number)["result"]
    assert ask("anvil_reset", id=number)["error"]
