"""Scripts that sign in over HTTP: one with eth-account, one with viem, with each kind of wallet."""

from __future__ import annotations

import json
import subprocess
from http.cookiejar import CookieJar
from typing import Any
from urllib.request import HTTPCookieProcessor, Request, build_opener

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from chain.wallets import WRAPPED
from project.env import BASE

OWNER = Account.from_key(keccak(text="the owner of a contract wallet"))
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def site(live_server, settings) -> str:
    """The site over real HTTP, under the address it believes to have."""
    settings.SITE_URL = live_server.url
    return live_server.url


@pytest.fixture(scope="module")
def wallet(anvil) -> str:
    """A deployed ERC-1271 wallet of the owner's."""
    return anvil.deploy("OwnedWallet", OWNER.address)


@pytest.fixture(params=["deployed by nobody yet"])
def undeployed(anvil, request) -> tuple[str, str, bytes]:
    """Address, factory and factory call of a wallet of the owner's that is not there yet."""
    factory = anvil.deploy("WalletFactory")
    code, salt = anvil.creation_code("OwnedWallet", OWNER.address), keccak(text=request.param)
    address = anvil.ask(factory, "WalletFactory", "foresee", keccak(code), salt)
    call = anvil.encode("WalletFactory", "deployCode", code, salt)
    assert anvil.node.code_at(address) == b""
    return to_checksum_address(address), factory, call


def with_viem(**plan: Any) -> dict[str, Any]:
    """What the JavaScript script was answered."""
    plan.setdefault("key", "0x" + bytes(OWNER.key).hex())
    script = BASE / "tests/curation/accounts/sign_in.mjs"
    done = subprocess.run(
        ["node", str(script)],
        input=json.dumps(plan),
        cwd=BASE,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def with_eth_account(site: str, address: str, wrap: Any = None) -> dict[str, Any]:
    """The same by eth-account, with the message the site composes."""
    opener = build_opener(HTTPCookieProcessor(CookieJar()))

    def ask(path: str, body: Any = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        with opener.open(Request(f"{site}/api/v1/{path}", data, headers), timeout=60) as answer:
            return json.load(answer)

    message = ask("sign-in-message", {"address": address})["message"]
    signature = bytes(OWNER.sign_message(encode_defunct(text=message)).signature)
    signature = wrap(signature) if wrap else signature
    ask("sign-in", {"message": message, "signature": "0x" + signature.hex()})
    return ask("me")


def test_a_python_script_signs_in_with_an_account(site) -> None:
    assert with_eth_account(site, OWNER.address)["address"] == OWNER.address


def test_a_python_script_signs_in_with_a_contract_wallet(site, wallet) -> None:
    assert with_eth_account(site, wallet)["address"] == wallet


def test_a_python_script_signs_in_with_a_wallet_to_be_deployed(site, undeployed) -> None:
    from eth_abi.abi import encode

    address, factory, call = undeployed

    def wrap(inner: bytes) -> bytes:
        return encode(["address", "bytes", "bytes"], [factory, call, inner]) + WRAPPED

    assert with_eth_account(site, address, wrap)["address"] == address


def test_viem_signs_in_with_an_account(site) -> None:
    answer = with_viem(site=site)
    assert (answer["status"], answer["me"]) == (200, OWNER.address)


def test_viem_signs_in_with_a_contract_wallet(site, wallet) -> None:
    answer = with_viem(site=site, wallet=wallet)
    assert (answer["status"], answer["me"]) == (200, wallet)


def test_viem_signs_in_with_a_wallet_to_be_deployed(site, anvil, undeployed) -> None:
    address, factory, call = undeployed
    plan = {"wallet": address, "factory": factory, "factoryData": "0x" + call.hex()}
    answer = with_viem(site=site, **plan)
    assert (answer["status"], answer["me"]) == (200, address)
    assert anvil.node.code_at(address) == b""  # looking deployed nothing


@pytest.mark.parametrize("way", [0, 2, 6, 8], ids=["reverts", "loops", "no magic", "a megabyte"])
def test_a_misbehaving_wallet_is_refused_in_words(site, anvil, way) -> None:
    bad = anvil.deploy("MisbehavingWallet", way)
    answer = with_viem(site=site, wallet=bad)
    assert (answer["status"], answer["body"]["code"], answer["me"]) == (
        403,
        "signature-invalid",
        "",
    )


def test_without_a_node_accounts_sign_in_and_contracts_are_told_to_try_again(
    site, settings, wallet
) -> None:
    settings.RPC_URL = "http://127.0.0.1:9"
    assert with_viem(site=site)["status"] == 200
    answer = with_viem(site=site, wallet=wallet)
    assert (answer["status"], answer["body"]["code"]) == (503, "node-unreachable")
    assert "again" in answer["body"]["detail"]
