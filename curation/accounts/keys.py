"""Browser keys: `did:key` identifiers of P-256 public keys, and what they sign.

The identifier is `did:key:z` and base58btc of the multicodec prefix 0x80 0x24 with the 33-byte
compressed point (did:key Method v0.9, §3.1.2 and the multicodec table).
"""

from __future__ import annotations

import re

import base58
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from curation.accounts.errors import KeyInvalid

PREFIX = "did:key:z"
MULTICODEC_P256 = b"\x80\x24"
_DID_KEY = re.compile(r"did:key:zDn[1-9A-HJ-NP-Za-km-z]{44,50}")
_RAW_SIGNATURE = re.compile(r"(?:0x)?([0-9a-fA-F]{128})")


def public_key(did_key: str) -> ec.EllipticCurvePublicKey:
    """The key a did:key names.

    Raises:
        KeyInvalid: it names no P-256 key, or not in its one spelling.
    """
    if not _DID_KEY.fullmatch(did_key):
        raise KeyInvalid("The browser key is no did:key of a P-256 key.")
    raw = base58.b58decode(did_key.removeprefix(PREFIX))
    prefix, point = raw[:2], raw[2:]
    if prefix != MULTICODEC_P256 or len(point) != 33:
        raise KeyInvalid("The browser key is no did:key of a P-256 key.")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError as error:
        raise KeyInvalid("The browser key is not a point of P-256.") from error


def did_key_of(key: ec.EllipticCurvePublicKey) -> str:
    """How a P-256 public key is written as a did:key."""
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - needed here only
        Encoding,
        PublicFormat,
    )

    point = key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    return PREFIX + base58.b58encode(MULTICODEC_P256 + point).decode()


def signature_bytes(text: str) -> bytes | None:
    """The 64 bytes r‖s of a hex signature, or nothing when it is none."""
    found = _RAW_SIGNATURE.fullmatch(text)
    return bytes.fromhex(found[1]) if found else None


def signed_by(did_key: str, *, signature: bytes, message: bytes) -> bool:
    """Whether the key made this ECDSA-SHA-256 signature (64 bytes r‖s; high s is accepted).

    Raises:
        KeyInvalid: the did:key names no P-256 key.
    """
    key = public_key(did_key)
    if len(signature) != 64:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True
