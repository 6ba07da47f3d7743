"""Whether an address signed: its own key first, then its contract."""

from __future__ import annotations

import re

from eth_account.messages import defunct_hash_message
from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

from curation.accounts import errors
from curation.accounts.models import Delegation
from curation.accounts.wallets import NodeUnreachable, contract_wallets
from curation.rates import Rate, spend

LONGEST_BYTES = 8192  # an ERC-6492 signature carries the call that deploys its wallet
QUESTIONS = Rate("signatures of contracts by client and address", 20, 60)
CURIOSITY = Rate("signatures of contracts by client", 60, 60)  # the node serves the whole site
_HEX = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
_HALF_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 // 2


def personal_digest(text: str) -> bytes:
    """The 32 bytes a wallet signs for a text (EIP-191, version 0x45)."""
    return bytes(defunct_hash_message(text=text))


def verify(*, address: str, digest: bytes, signature: str, client: str) -> Delegation.Kind:
    """Check that an address signed a digest, and say by which kind of wallet.

    Only questions to the node are counted, by client, and by address and client: whoever holds an
    address's own key is never kept out by what others try in its name.

    Raises:
        SignatureMalformed: the signature is no hex string, or too long.
        SignatureMalleable: the address's key could have made it, but with a high s.
        SignatureInvalid: the address did not sign.
        NodeUnreachable: it may be a contract wallet, but the chain cannot be asked now.
        TooMany, RatesUnknown: the client asks too often, about this address or at all.
    """
    raw = _decoded(signature)
    if recovered(digest, raw) == address:
        if int.from_bytes(raw[32:64], "big") > _HALF_ORDER:
            raise errors.SignatureMalleable("The signature has a high s (EIP-2).")
        return Delegation.Kind.EOA
    spend(CURIOSITY, client)
    spend(QUESTIONS, client, address)
    try:
        kind = contract_wallets()(address=address, digest=digest, signature=raw)
    except NodeUnreachable as error:
        raise NodeUnreachable(
            f"{address} did not sign with a key of its own; if it is a contract wallet, the chain "
            "cannot be asked about it right now. Try again in a minute."
        ) from error
    if not kind:
        raise errors.SignatureInvalid(f"{address} did not sign this message.")
    return Delegation.Kind(kind)


def recovered(digest: bytes, signature: bytes) -> str | None:
    """The address whose key made a 65-byte signature r‖s‖v, if any did."""
    if len(signature) != 65 or signature[64] not in (0, 1, 27, 28):
        return None
    plain = signature[:64] + bytes([signature[64] % 27])
    try:
        key = Signature(plain).recover_public_key_from_msg_hash(digest)
    except (BadSignature, ValidationError, ValueError):
        return None
    return str(key.to_checksum_address())


def _decoded(signature: str) -> bytes:
    if len(signature) > 2 + 2 * LONGEST_BYTES:
        raise errors.SignatureMalformed(f"A signature has at most {LONGEST_BYTES:,} bytes.")
    if not _HEX.fullmatch(signature):
        raise errors.SignatureMalformed("The signature must be hex, beginning with 0x.")
    return bytes.fromhex(signature[2:])
