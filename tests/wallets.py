"""Wallets and browser keys for tests: real keys, real signatures."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from eth_account import Account
from eth_account.messages import encode_defunct

from curation.accounts.keys import did_key_of

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


class Wallet:
    """An externally owned account."""

    def __init__(self, secret: str = "") -> None:
        self.account = Account.from_key(secret) if secret else Account.create()
        self.address = str(self.account.address)

    def sign(self, text: str) -> str:
        """A personal_sign signature, 0x-hex."""
        return "0x" + self.account.sign_message(encode_defunct(text=text)).signature.hex()


def mirrored(signature: str) -> str:
    """The other signature of the same key over the same digest: n − s, with v flipped."""
    raw = bytes.fromhex(signature[2:])
    s = (ORDER - int.from_bytes(raw[32:64], "big")).to_bytes(32, "big")
    return "0x" + (raw[:32] + s + bytes([55 - raw[64]])).hex()


class BrowserKey:
    """A P-256 key as a browser holds it."""

    def __init__(self) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.did_key = did_key_of(self.private.public_key())

    def sign(self, message: bytes) -> bytes:
        """64 bytes r‖s, as WebCrypto gives them."""
        r, s = decode_dss_signature(self.private.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def prove(self, nonce: str) -> str:
        """The delegation proof."""
        return self.sign(nonce.encode()).hex()
