"""Whether a contract wallet signed: ERC-1271 and ERC-6492, by one call that changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.address import to_canonical_address

from chain.artifacts import bytecode
from chain.client import site_node
from chain.errors import NodeRefused
from curation.accounts.wallets import NodeUnreachable

LONGEST_BYTES = 8192
WRAPPED = bytes.fromhex("6492" * 16)  # ERC-6492: how a wrapped signature ends
# A factory's 2.5 million, twice a wallet's 0.9 million (SignatureProbe.sol), and creating the probe
# with 8 KB of arguments.
GAS = 5_000_000
# Not the zero address, which some wallets take for a simulation and then believe everything.
SENDER = "0x5a10000000000000000000000000000000000001"
NOBODY = bytes(20)


@dataclass(frozen=True, slots=True)
class _Unwrapped:
    inner: bytes
    factory: bytes = NOBODY
    factory_call: bytes = b""


def check(*, address: str, digest: bytes, signature: bytes) -> str:
    """Whether the contract at an address, or the one a wrapped signature deploys there, signed.

    Args:
        address: the wallet's.
        digest: the 32 bytes that were signed.
        signature: as the wallet returned it; ERC-6492 when it ends with that magic.

    Returns:
        "erc1271" or "erc6492", by the signature's form; "" when the wallet does not accept it.

    Raises:
        NodeUnreachable: the node does not answer, or is of another chain.
    """
    if len(signature) > LONGEST_BYTES or (parts := _unwrap(signature)) is None:
        return ""
    arguments = encode(
        ["address", "bytes32", "bytes", "address", "bytes"],
        [to_canonical_address(address), digest, parts.inner, parts.factory, parts.factory_call],
    )
    node = site_node()
    code = bytecode("SignatureProbe") + arguments
    try:
        word = node.eth_call(data=code, gas=GAS, sender=SENDER)
    except NodeRefused as error:
        raise NodeUnreachable("The chain's node refused to ask the wallet.") from error
    answer = int.from_bytes(word, "big")
    if len(word) != 32 or answer >> 8 != node.chain_id:
        raise NodeUnreachable(f"The chain's node is not one of chain {node.chain_id}.")
    if answer & 0xFF != 1:
        return ""
    return "erc6492" if signature.endswith(WRAPPED) else "erc1271"


def _unwrap(signature: bytes) -> _Unwrapped | None:
    """The parts of a signature (ERC-6492: factory, its call, the wallet's own signature)."""
    if not signature.endswith(WRAPPED):
        return _Unwrapped(signature)
    try:
        factory, factory_call, inner = decode(
            ["address", "bytes", "bytes"], signature[: -len(WRAPPED)]
        )
    except (DecodingError, OverflowError):
        return None
    return _Unwrapped(inner, to_canonical_address(factory), factory_call)
