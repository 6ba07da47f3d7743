"""Where the chain stands, asked once and used for one look at our transactions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from chain.client import Node, site_node
from chain.errors import NodeRefused
from curation.accounts.wallets import NodeUnreachable

CLOCKS_DIFFER_S = 30  # a chain's newest block is always a little old; more is another clock


@dataclass
class View:
    """One look at the chain."""

    node: Node
    number: int  # of the newest block
    at: datetime  # its time
    final: int  # number of the newest block that stays
    _counts: dict[tuple[str, str], int] = field(default_factory=dict)

    def count(self, address: str, tag: str = "latest") -> int:
        """How many transactions an address has sent: the next nonce at `tag`."""
        key = (address, tag)
        if key not in self._counts:
            found = self.node.call("eth_getTransactionCount", address, tag)
            self._counts[key] = _number(found)
        return self._counts[key]

    def final_count(self, address: str) -> int:
        """How many of an address's transactions stay; 0 when the node has forgotten that state."""
        try:
            return self.count(address, hex(self.final))
        except NodeRefused:
            return 0

    def receipt(self, tx_hash: str) -> dict[str, Any] | None:
        """The receipt of an included transaction."""
        found = self.node.call("eth_getTransactionReceipt", f"0x{tx_hash}")
        return found if isinstance(found, dict) and found.get("blockNumber") else None

    def knows(self, tx_hash: str) -> bool:
        """Whether the node has heard of a transaction."""
        return self.node.call("eth_getTransactionByHash", f"0x{tx_hash}") is not None

    @property
    def ahead_s(self) -> float:
        """By how much the chain's clock is ahead of ours; 0 when both say the same."""
        apart = (self.at - timezone.now()).total_seconds()
        return apart if abs(apart) > CLOCKS_DIFFER_S else 0.0


def look() -> View:
    """Ask the site's node where its chain stands.

    Raises:
        NodeUnreachable: it does not answer, or is of another chain.
    """
    node = site_node()
    node.check_chain()
    head = _block(node, "latest")
    number = _number(head["number"])
    try:
        final = _number(_block(node, "finalized")["number"])
    except (NodeRefused, NodeUnreachable):
        final = number - settings.FINALITY_DEPTH
    at = datetime.fromtimestamp(_number(head["timestamp"]), UTC)
    return View(node=node, number=number, at=at, final=max(0, min(final, number)))


def chain_id() -> int:
    """The chain the site is on."""
    return int(settings.CHAIN_ID)


def _block(node: Node, tag: str) -> dict[str, Any]:
    found = node.call("eth_getBlockByNumber", tag, False)
    if not isinstance(found, dict) or not {"number", "timestamp"} <= found.keys():
        raise NodeUnreachable("The chain's node answered without a block.")
    return found


def _number(found: object) -> int:
    try:
        return int(str(found), 16)
    except ValueError as error:
        raise NodeUnreachable("The chain's node answered something that is no number.") from error
