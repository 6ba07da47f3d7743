"""Receipts: the site's signed word that it took a ballot, when, and whether it had asked for it.

The key is Ed25519, from RECEIPT_KEY or derived from SECRET_KEY, and signs the receipt's other
fields as JSON with sorted keys and no spaces. Ed25519 signs the same thing the same way, so one
ballot has one receipt.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import base58
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from curation.ballots.models import Ballot

MULTICODEC_ED25519 = b"\xed\x01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a voter keeps. `served`: the site had shown the pair to them; other ballots count 0."""

    digest: str
    round: int
    voter: str
    accepted_at: str  # UTC, always with microseconds: 2026-05-01T12:00:00.000000Z
    served: bool
    key: str  # did:key of the site's receipt key
    signature: str  # hex
    is_new: bool = field(default=True, compare=False)  # not part of what is handed out


_TOLD = [made.name for made in fields(Receipt) if made.name != "is_new"]


def receipt_of(ballot: Ballot, *, voter: str, is_new: bool = True) -> Receipt:
    """The receipt of a ballot; the same every time.

    Args:
        ballot: as it was stored.
        voter: its member's address, which the caller has at hand.
        is_new: whether it was stored just now.
    """
    key = _key(settings.SECRET_KEY, settings.RECEIPT_KEY)
    said: dict[str, Any] = {
        "digest": ballot.digest,
        "round": ballot.round_id,
        "voter": voter,
        "accepted_at": written(ballot.accepted_at),
        "served": ballot.pair_id is not None,
        "key": _did_key(key),
    }
    return Receipt(**said, signature=key.sign(signed_text(said)).hex(), is_new=is_new)


def site_key() -> str:
    """The did:key whose signature is under this site's receipts."""
    return _did_key(_key(settings.SECRET_KEY, settings.RECEIPT_KEY))


def as_json(receipt: Receipt) -> dict[str, object]:
    """A receipt as the API hands it out."""
    return {name: getattr(receipt, name) for name in _TOLD}


def signed_text(said: dict[str, object]) -> bytes:
    """The bytes a receipt's signature is over."""
    return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()


def written(at: datetime) -> str:
    """A moment in the one spelling that receipts use."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@lru_cache(maxsize=4)
def _key(secret_key: str, receipt_key: str) -> Ed25519PrivateKey:
    seed = bytes.fromhex(receipt_key)
    if not seed:
        derive = HKDF(SHA256(), length=32, salt=None, info=b"curation.ballots.receipts")
        seed = derive.derive(secret_key.encode())
    return Ed25519PrivateKey.from_private_bytes(seed)


def _did_key(key: Ed25519PrivateKey) -> str:
    named = MULTICODEC_ED25519 + key.public_key().public_bytes_raw()
    return "did:key:z" + base58.b58encode(named).decode()
