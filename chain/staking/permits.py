"""ERC-2612 permits: what a wallet signs so that no approval has to be sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from eth_abi.abi import encode
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_keys.exceptions import BadSignature
from eth_utils.crypto import keccak

from chain.errors import NodeRefused
from chain.operator.heads import chain_id
from chain.operator.selectors import TOKEN
from chain.staking.errors import PermitInvalid, PermitUnsupported
from chain.staking.facts import Chain
from curation.accounts.wallets import NodeUnreachable

GOOD_FOR = timedelta(minutes=30)  # a signature that is never sent ends by itself
DOMAIN = (
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
)
PERMIT = (
    {"name": "owner", "type": "address"},
    {"name": "spender", "type": "address"},
    {"name": "value", "type": "uint256"},
    {"name": "nonce", "type": "uint256"},
    {"name": "deadline", "type": "uint256"},
)
DOMAIN_TYPE = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
DELEGATED = bytes.fromhex("ef0100")  # EIP-7702: the account's own key still signs


@dataclass(frozen=True, slots=True)
class Permit:
    """A signed permit; the deadline is in seconds since 1970, the signature r‖s‖v or EIP-2098."""

    deadline: int
    signature: bytes

    def parts(self) -> tuple[int, bytes, bytes]:
        """v, r and s as contracts take them. Raises PermitInvalid."""
        r, rest = self.signature[:32], self.signature[32:]
        if len(rest) == 32:  # EIP-2098: the parity is the highest bit of s
            number = int.from_bytes(rest, "big")
            return 27 + (number >> 255), r, (number & (1 << 255) - 1).to_bytes(32, "big")
        if len(rest) == 33 and rest[32] in {0, 1, 27, 28}:
            return 27 + rest[32] % 27, r, rest[:32]
        raise PermitInvalid("The wallet's signature has a form that tokens do not take.")


def typed_data(chain: Chain, *, owner: str, amount_wei: int, deadline: int) -> dict[str, Any]:
    """What the owner's wallet is asked to sign (EIP-712), with numbers as text.

    Raises:
        PermitUnsupported: the token knows no such permit, or a contract's account cannot sign one.
        NodeUnreachable: the chain could not be asked.
    """
    code = chain.node.code_at(owner)
    if code and not code.startswith(DELEGATED):
        raise PermitUnsupported("A contract wallet cannot sign permits; it approves instead.")
    token = chain.contracts.token
    try:
        nonce, name, separator = chain.ask(
            [
                (TOKEN, "nonces", (owner,)),
                (TOKEN, "name", ()),
                (TOKEN, "DOMAIN_SEPARATOR", ()),
            ]
        )
    except (NodeRefused, NodeUnreachable) as error:
        raise PermitUnsupported("This token knows no permits.") from error
    if separator != _separator(name, token):
        raise PermitUnsupported("This token's permits are of a kind of its own.")
    message = {"owner": owner, "spender": chain.contracts.curation, "value": str(amount_wei)}
    return {
        "types": {"EIP712Domain": list(DOMAIN), "Permit": list(PERMIT)},
        "primaryType": "Permit",
        "domain": {
            "name": name,
            "version": "1",
            "chainId": chain_id(),
            "verifyingContract": token,
        },
        "message": message | {"nonce": str(nonce), "deadline": str(deadline)},
    }


def check(chain: Chain, permit: Permit, *, owner: str, amount_wei: int) -> None:
    """Make sure that the owner signed just this, before anybody pays gas for it.

    Raises:
        PermitInvalid: somebody else did, or something else was signed, or its time is over.
        PermitUnsupported, NodeUnreachable: as `typed_data`.
    """
    if permit.deadline <= chain.now.timestamp():
        raise PermitInvalid("The permit's time is over. Sign a new one.")
    data = typed_data(chain, owner=owner, amount_wei=amount_wei, deadline=permit.deadline)
    numbers = {name: int(data["message"][name]) for name in ("value", "nonce", "deadline")}
    signable = encode_typed_data(full_message=data | {"message": data["message"] | numbers})
    v, r, s = permit.parts()
    try:
        signer = Account.recover_message(signable, signature=r + s + bytes([v]))
    except (BadSignature, ValueError) as error:
        raise PermitInvalid("The signature cannot be read.") from error
    if signer != owner:
        raise PermitInvalid("The wallet signed with another account than the one signed in.")


def _separator(name: str, token: str) -> bytes:
    """The domain's hash (EIP-712) of a token that follows the usual form, version 1."""
    types = ["bytes32", "bytes32", "bytes32", "uint256", "address"]
    hashes = (keccak(DOMAIN_TYPE), keccak(text=name), keccak(text="1"))
    return keccak(encode(types, [*hashes, chain_id(), token]))
