"""ENS primary names, read from the site's own node and shown, never trusted for identity.

Everything is a plain call: a resolver that answers "ask this web server" (ERC-3668) has no name.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta
from typing import Any

import structlog
from django.utils import timezone
from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak

from chain.client import Node, site_node
from chain.errors import AnswerTooLarge, NodeRefused
from curation.accounts.models import Member
from curation.accounts.services import note_ens_name
from curation.accounts.wallets import NodeUnreachable

REGISTRY = "0x00000000000C2E074eC69A0dFb2997BA6C7d2e1e"
GAS = 500_000
LONGEST = 255
FRESH_FOR = timedelta(days=1)
_ADDRESS_LIKE = re.compile(r"^0x[0-9a-f]{4,}")
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"}

log = structlog.get_logger(__name__)


def refresh(*, member_id: int) -> None:
    """Look up a member's primary name, unless that was done within a day."""
    member = Member.objects.get(pk=member_id)
    checked = member.ens_checked_at
    if checked is not None and checked > timezone.now() - FRESH_FOR:
        return
    try:
        name = primary_name(site_node(), member.address)
    except NodeUnreachable as error:
        log.warning("ens_not_asked", member_id=member_id, reason=str(error))
        return
    note_ens_name(member_id=member_id, ens_name=name)


def primary_name(node: Node, address: str) -> str:
    """The name an address has chosen and that leads back to it; "" for none.

    Raises:
        NodeUnreachable: the node does not answer, or is of another chain.
    """
    node.check_chain()
    if not node.code_at(REGISTRY):
        return ""
    name = _ask(node, namehash(f"{address.lower()[2:]}.addr.reverse"), "name(bytes32)", "string")
    if not isinstance(name, str) or not is_showable(name):
        return ""
    leads_to = _ask(node, namehash(name), "addr(bytes32)", "address")
    return name if leads_to == address.lower() else ""


def namehash(name: str) -> bytes:
    """EIP-137: 32 bytes for a normalised name."""
    node = bytes(32)
    for label in reversed(name.split(".")):
        node = keccak(node + keccak(text=label))
    return node


def is_showable(name: str) -> bool:
    """Whether a name is in its one spelling (ENSIP-15) and cannot be taken for something else."""
    if not 3 <= len(name) <= LONGEST or "." not in name or _ADDRESS_LIKE.match(name):
        return False
    if any(unicodedata.category(character) in _UNSEEN for character in name):
        return False
    from ens.exceptions import InvalidName  # noqa: PLC0415 - slow to import, workers only
    from ens.utils import normalize_name  # noqa: PLC0415

    try:
        return bool(normalize_name(name) == name)
    except (InvalidName, UnicodeError):
        return False


def _ask(node: Node, name: bytes, question: str, kind: str) -> Any:
    """What a name's resolver answers; None when it has none or answers nonsense."""
    try:
        resolver = _decoded(_call(node, REGISTRY, "resolver(bytes32)", name), "address")
        if not resolver or not int(resolver, 16):
            return None
        return _decoded(_call(node, resolver, question, name), kind)
    except (NodeRefused, AnswerTooLarge):
        return None


def _call(node: Node, to: str, question: str, name: bytes) -> bytes:
    return node.eth_call(to=to, data=keccak(text=question)[:4] + name, gas=GAS)


def _decoded(answer: bytes, kind: str) -> Any:
    try:
        return decode([kind], answer)[0]
    except (DecodingError, ValueError, OverflowError):
        return None
