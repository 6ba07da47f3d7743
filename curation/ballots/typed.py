"""A ballot as EIP-712 typed data: its fields, the site's domain, the digest that is signed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string
from eth_utils.crypto import keccak

NAME, VERSION = "Salon", "1"
BALLOT_TYPE = (
    "Ballot(address voter,uint256 round,bytes32 chosen,bytes32 rejected,"
    "uint8 outcome,uint256 nonce,uint256 issuedAt)"
)
_DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
_BALLOT_HASH = keccak(text=BALLOT_TYPE)
KEPT_S = 5.0
_kept: dict[str, tuple[Domain | None, float]] = {}
WALLET = "wallet"  # who signed, when it was not a browser key


@dataclass(frozen=True, slots=True, kw_only=True)
class BallotFields:
    """What is signed. Digests are lower-case hex without 0x, the voter's address is EIP-55."""

    voter: str
    round: int
    chosen: str
    rejected: str
    outcome: int
    nonce: int
    issued_at: int  # seconds since 1970

    @property
    def low(self) -> str:
        """The lower digest of the pair, whichever was chosen."""
        return min(self.chosen, self.rejected)

    @property
    def high(self) -> str:
        return max(self.chosen, self.rejected)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedBallot:
    """A ballot, who signed it, and their signature in hex."""

    fields: BallotFields
    signer: str  # "wallet", or the did:key of a delegated browser key
    signature: str


@dataclass(frozen=True, slots=True)
class Domain:
    """Where ballots are good: one contract on one chain."""

    chain_id: int
    contract: str


class BallotDomain(Protocol):
    """Says which contract on which chain a ballot has to name."""

    def __call__(self) -> tuple[int, str] | None:
        """Chain id and address; None as long as the site has no contracts."""


def site_domain() -> Domain | None:
    """The domain of this site's ballots, from the function that `BALLOT_DOMAIN` names.

    What was found is kept for a few seconds: contracts hardly ever move, and ballots are many.
    """
    key = f"{settings.BALLOT_DOMAIN} {settings.CHAIN_ID}"
    domain, until = _kept.get(key, (None, 0.0))
    if domain is None or time.monotonic() > until:
        ask: BallotDomain = import_string(settings.BALLOT_DOMAIN)
        found = ask()
        domain = None if found is None else Domain(*found)
        _kept[key] = (domain, time.monotonic() + KEPT_S)
    return domain


def forget_domain() -> None:
    """Ask anew the next time."""
    _kept.clear()


def ballot_digest(fields: BallotFields, domain: Domain) -> bytes:
    """The 32 bytes that are signed (EIP-712, `encode(domainSeparator, message)`).

    Raises:
        OverflowError: a number has more than 256 bits, or is negative.
    """
    struct = keccak(
        b"".join(
            (
                _BALLOT_HASH,
                _address(fields.voter),
                _word(fields.round),
                bytes.fromhex(fields.chosen),
                bytes.fromhex(fields.rejected),
                _word(fields.outcome),
                _word(fields.nonce),
                _word(fields.issued_at),
            )
        )
    )
    return keccak(b"\x19\x01" + _separator(domain) + struct)


@lru_cache(maxsize=16)
def _separator(domain: Domain) -> bytes:
    parts = (keccak(text=_DOMAIN_TYPE), keccak(text=NAME), keccak(text=VERSION))
    return keccak(b"".join(parts) + _word(domain.chain_id) + _address(domain.contract))


def _word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def _address(text: str) -> bytes:
    return bytes(12) + bytes.fromhex(text[2:])
