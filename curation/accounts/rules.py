"""What an address and a member's name may be: pure functions."""

from __future__ import annotations

import re
import unicodedata

from eth_utils.address import is_hex_address, to_checksum_address

from curation.briefs.rules import clean_text
from curation.errors import CurationError

NAME_LONGEST = 32
# Names people would take for somebody's address or somebody's ENS name.
_ADDRESS_LIKE = re.compile(r"[0о]\s*[xх×][0-9a-f…]{4,}|[.。․]\s*eth\b", re.IGNORECASE)
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters that look like nothing


class AddressInvalid(CurationError):
    """A text is no Ethereum address."""


class NameRefused(CurationError):
    """A name could be mistaken for something it is not."""


def checksum_address(value: str) -> str:
    """An address in its EIP-55 spelling.

    Raises:
        AddressInvalid: it is no address, or its capitals are a wrong checksum.
    """
    if not value.startswith("0x") or not is_hex_address(value):
        raise AddressInvalid(f"{value[:60]!r} is no Ethereum address.")
    spelled = str(to_checksum_address(value))
    if value not in (spelled, value.lower()):
        raise AddressInvalid(f"{value} has a wrong checksum: a letter was changed.")
    return spelled


def short_address(address: str) -> str:
    """The first six and last four characters, as wallets show it."""
    return f"{address[:6]}…{address[-4:]}"


def clean_name(value: str) -> str:
    """A display name on one line; empty means none.

    Raises:
        TextRefused: it is too long.
        NameRefused: it looks like an address or an ENS name, or mixes in invisible characters.
    """
    name = " ".join(clean_text(value, name="The name", longest=200, required=False).split())
    marks = sum(unicodedata.category(c) in ("Mn", "Me") for c in name)
    if marks > len(name) // 2:
        raise NameRefused("The name has more accents than letters.")
    if any(c in _BLANK or unicodedata.category(c) in ("Cf", "Co", "Cn") for c in name):
        raise NameRefused("The name has invisible characters.")
    if _ADDRESS_LIKE.search(unicodedata.normalize("NFKC", name)):
        raise NameRefused("A name cannot look like an address or an ENS name.")
    return clean_text(name, name="The name", longest=NAME_LONGEST, required=False)
