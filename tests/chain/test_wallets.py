import time

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from eth_abi.abi import encode
from eth_account import Account
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chain import wallets
from chain.client import Node
from curation.accounts.wallets import NodeUnreachable, contract_wallets

from .nodes import http, listener, result

OWNER = Account.from_key(keccak(text="an owner"))
STRANGER = Account.from_key(keccak(text="a stranger"))
DIGEST = keccak(text="what was signed")
ACCEPT = "0x1626ba7e" + "00" * 28
WAYS = (
    *("revert", "revert with a megabyte", "loop", "nothing", "one byte", "short magic"),
    *("wrong magic", "dirty magic", "a megabyte", "true", "invalid opcode"),
)


def signed(by=OWNER, digest=DIGEST) -> bytes:
    return bytes(by.unsafe_sign_hash(digest).signature)


def wrapped(factory: str, call: bytes, inner: bytes) -> bytes:
    return encode(["address", "bytes", "bytes"], [factory, call, inner]) + wallets.WRAPPED


def check(address: str, signature: bytes, digest: bytes = DIGEST) -> str:
    return wallets.check(address=address, digest=digest, signature=signature)


@pytest.fixture(scope="session")
def factory(anvil) -> str:
    return anvil.deploy("WalletFactory")


@pytest.fixture(scope="session")
def wallet(anvil) -> str:
    return anvil.deploy("OwnedWallet", OWNER.address)


class Planned:
    """A wallet that is not there yet, and the call that would deploy it."""

    def __init__(self, anvil, factory: str, code: bytes, salt: str) -> None:
        number = keccak(text=salt)
        foreseen = anvil.ask(factory, "WalletFactory", "foresee", keccak(code), number)
        self.address = to_checksum_address(foreseen)
        self.call = anvil.encode("WalletFactory", "deployCode", code, number)
        self.factory = factory

    def sign(self, inner: bytes) -> bytes:
        return wrapped(self.factory, self.call, inner)


@pytest.fixture
def planned(anvil, factory, request) -> Planned:
    code = anvil.creation_code("OwnedWallet", OWNER.address)
    return Planned(anvil, factory, code, request.node.name)


def test_setting_leads_to_this_check():
    assert contract_wallets() is wallets.check


def test_wallet_accepts_its_owner_and_nobody_else(wallet):
    assert check(wallet, signed()) == "erc1271"
    assert check(wallet, signed(STRANGER)) == ""
    assert check(wallet, signed(), keccak(text="something else")) == ""
    assert check(wallet, b"") == ""


def test_address_without_code_accepts_nothing():
    for address in (OWNER.address, "0x" + "00" * 20, "0x" + "00" * 19 + "01"):
        assert check(address, signed()) == ""


def test_passkey_wallet_checked_in_solidity_stays_within_the_gas(anvil):
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_numbers()
    passkey = anvil.deploy(
        "PasskeyWallet", public.x.to_bytes(32, "big"), public.y.to_bytes(32, "big")
    )
    r, s = utils.decode_dss_signature(key.sign(DIGEST, ec.ECDSA(utils.Prehashed(hashes.SHA256()))))
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    low = min(s, order - s)
    assert check(passkey, r.to_bytes(32, "big") + low.to_bytes(32, "big")) == "erc1271"
    assert check(passkey, low.to_bytes(32, "big") + r.to_bytes(32, "big")) == ""


@pytest.mark.parametrize("way", range(len(WAYS)), ids=WAYS)
def test_misbehaving_wallet_is_a_plain_no(anvil, factory, way):
    wallet = anvil.deploy("MisbehavingWallet", way)
    begin = time.monotonic()
    assert check(wallet, signed()) == ""
    call = anvil.encode("WalletFactory", "deploy", OWNER.address, bytes(32))
    assert check(wallet, wrapped(factory, call, signed())) == ""
    assert time.monotonic() - begin < 2


def test_undeployed_wallet_accepts_a_wrapped_signature_and_stays_undeployed(anvil, planned):
    assert check(planned.address, planned.sign(signed())) == "erc6492"
    assert check(planned.address, planned.sign(signed(STRANGER))) == ""
    assert check(planned.address, signed()) == ""
    assert anvil.node.code_at(planned.address) == b""


def test_wrapped_signature_still_counts_once_the_wallet_is_deployed(anvil, planned):
    anvil.transact({"to": planned.factory, "data": "0x" + planned.call.hex()})
    assert check(planned.address, planned.sign(signed())) == "erc6492"
    assert check(planned.address, signed()) == "erc1271"
    nobody = "0x" + "00" * 20
    assert check(planned.address, wrapped(nobody, b"", signed())) == "erc6492"


def test_deployed_wallet_speaks_for_itself_whatever_a_factory_would_make_of_it(anvil, factory):
    wallet = anvil.deploy("SleepingWallet")
    wake = anvil.encode("WalletFactory", "wake", wallet)
    assert check(wallet, signed()) == ""
    assert check(wallet, wrapped(factory, wake, signed())) == ""
    assert not anvil.ask(wallet, "SleepingWallet", "awake")


@pytest.mark.parametrize("function", ["refuse", "loop", "bomb", "pretend"])
def test_factory_that_does_not_deploy_is_a_plain_no(anvil, planned, function):
    useless = anvil.deploy("UselessFactory")
    call = anvil.encode("UselessFactory", function)
    assert check(planned.address, wrapped(useless, call, signed())) == ""


def test_factory_that_deploys_something_else_is_a_plain_no(anvil, factory, planned):
    other = anvil.creation_code("OwnedWallet", STRANGER.address)
    call = anvil.encode("WalletFactory", "deployCode", other, bytes(32))
    assert check(planned.address, wrapped(factory, call, signed())) == ""
    assert check(planned.address, wrapped(STRANGER.address, call, signed())) == ""


@pytest.mark.parametrize(("size", "kind"), [(11_000, "erc6492"), (13_000, ""), (24_000, "")])
def test_wallet_of_eleven_kilobytes_can_be_deployed_and_a_larger_one_is_a_plain_no(
    anvil, factory, wallet, size, kind
):
    length = b"\x61" + size.to_bytes(2, "big")
    copy = bytes.fromhex("5f5f73" + wallet[2:] + "3c")  # EXTCODECOPY, padded with zeros
    plan = Planned(anvil, factory, length + copy + length + bytes.fromhex("5ff3"), str(size))
    assert check(plan.address, plan.sign(signed())) == kind


def test_signature_over_the_limit_is_refused_before_the_node_is_asked(wallet, settings):
    with listener() as nobody:
        settings.RPC_URL = nobody.url
        assert check(wallet, bytes(wallets.LONGEST_BYTES + 1)) == ""
        assert check(wallet, b"x" * 10 + wallets.WRAPPED) == ""
        assert nobody.hits == []


@given(st.binary(max_size=600))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_wrapped_nonsense_is_a_plain_no_or_nonsense_unwrapped(data):
    parts = wallets._unwrap(data + wallets.WRAPPED)
    assert parts is None or len(parts.factory) == 20


def test_wallet_that_trusts_simulations_is_asked_from_an_ordinary_address(anvil):
    gullible = anvil.deploy("GullibleWallet")
    question = bytes.fromhex("1626ba7e") + encode(["bytes32", "bytes"], [DIGEST, b""])
    asked_from_zero = anvil.node.eth_call(to=gullible, data=question, gas=100_000)
    assert asked_from_zero.hex() == ACCEPT[2:]  # what it would have said
    assert check(gullible, signed()) == ""


def test_checking_changes_nothing(anvil, planned, wallet):
    before = anvil.node.call("eth_getBlockByNumber", "latest", False)["hash"]
    check(planned.address, planned.sign(signed()))
    check(wallet, signed())
    assert anvil.node.call("txpool_status")["pending"] == "0x0"
    after = anvil.node.call("eth_getBlockByNumber", "latest", False)
    assert before in {after["hash"], after["parentHash"]}  # an empty block may have come
    assert after["transactions"] == [] or after["hash"] == before


def answering(reply, wallet, settings, **fields):
    with listener(reply) as node:
        settings.RPC_URL = node.url
        for name, value in fields.items():
            setattr(settings, name, value)
        begin = time.monotonic()
        with pytest.raises(NodeUnreachable):
            check(wallet, signed())
        assert node.hits
        return time.monotonic() - begin


def test_node_that_is_down_is_no_verdict(wallet, settings):
    with listener() as node:
        settings.RPC_URL = node.url
    with pytest.raises(NodeUnreachable):
        check(wallet, signed())


def test_node_that_never_answers_is_given_up_in_seconds(wallet, settings, monkeypatch):
    monkeypatch.setattr("chain.connections.READ_S", 0.3)
    waited = answering(lambda stream, request: time.sleep(3), wallet, settings)
    assert waited < 1.5


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, 1, "yes", "0xzz", "0x", "0x01", ACCEPT, "0x" + "01" * 33),
        {"result": "0x01"},
        "0x" + ((1 << 8) | 1).to_bytes(32, "big").hex(),  # valid, says chain 1
        "0x" + (31337 << 8 | 1).to_bytes(32, "big").hex() + "00",
    ],
)
def test_node_that_answers_nonsense_or_of_another_chain_is_no_verdict(wallet, settings, value):
    answering(lambda s, r: s.sendall(http(result(r, value))), wallet, settings)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"<html>", b"[" * 100_000, b'{"id":99,"result":"0x"}']
)
def test_node_that_does_not_speak_json_rpc_is_no_verdict(wallet, settings, body):
    answering(lambda s, r: s.sendall(http(body)), wallet, settings)


def test_node_of_another_chain_than_the_sites_is_no_verdict(wallet, settings):
    settings.CHAIN_ID = 1
    settings.RPC_ALLOW_PRIVATE = True
    with pytest.raises(NodeUnreachable, match="chain 1"):
        check(wallet, signed())


def test_node_that_refuses_the_call_is_no_verdict(wallet, settings):
    error = b'{"jsonrpc":"2.0","id":null,"error":{"code":-32005,"message":"limit exceeded"}}'
    answering(lambda s, r: s.sendall(http(error, "429 Too Many Requests")), wallet, settings)


def test_node_of_the_right_chain_is_believed(wallet, settings):
    """The other tests of lying nodes would pass too if every stand-in failed."""
    word = "0x" + (31337 << 8 | 1).to_bytes(32, "big").hex()
    with listener(lambda s, r: s.sendall(http(result(r, word)))) as node:
        settings.RPC_URL = node.url
        assert check(wallet, b"anything") == "erc1271"
    assert Node(settings.RPC_URL, chain_id=1, private=True).chain_id == 1
