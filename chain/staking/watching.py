"""What became of a member's transaction, as the site's own node and the indexer know it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from django.conf import settings
from django.core.cache import cache

from chain.client import Node, site_node
from chain.errors import NodeRefused
from chain.indexer.models import Log
from chain.indexer.selectors import final_block
from chain.operator.heads import chain_id
from chain.operator.reverts import is_revert
from chain.staking.refusals import in_words
from curation.accounts.wallets import NodeUnreachable

State = Literal["unknown", "pending", "included", "failed", "replaced"]
LARGEST_BLOCK = 8_000_000  # bytes, with every transaction in it
LOOK_BACK = 126  # blocks whose state every node still has
REASON_S = 600


@dataclass(frozen=True, kw_only=True)
class Successor:
    """What was included in place of a transaction, with the same nonce."""

    hash: str
    to: str
    data: str


@dataclass(frozen=True, kw_only=True)
class Watched:
    """How far a transaction has come.

    `seen`: the indexer has read its block, so that the site shows what it did. `final`: the block
    stays.
    """

    hash: str
    state: State
    nonce: int | None = None
    block_number: int | None = None
    seen: bool = False
    final: bool = False
    reason: str = ""
    successor: Successor | None = field(default=None)


def watch(tx_hash: str, *, sender: str = "", nonce: int | None = None) -> Watched:
    """Look for a transaction, given as 64 hex digits.

    `sender` and `nonce`, as told before, tell one that was replaced from one that got lost.

    Raises:
        NodeUnreachable: the node gives no usable answer.
    """
    node = site_node()
    try:
        receipt = node.call("eth_getTransactionReceipt", f"0x{tx_hash}")
        if isinstance(receipt, dict) and receipt.get("blockNumber"):
            return _included(node, tx_hash, receipt)
        found = node.call("eth_getTransactionByHash", f"0x{tx_hash}")
        if isinstance(found, dict):
            return Watched(hash=tx_hash, state="pending", nonce=int(str(found["nonce"]), 16))
        if sender and nonce is not None and _count(node, sender, "latest") > nonce:
            successor = _successor(node, sender, nonce)
            return Watched(hash=tx_hash, state="replaced", nonce=nonce, successor=successor)
    except (NodeRefused, KeyError, ValueError) as error:
        raise NodeUnreachable("The chain's node has no sensible answer to this.") from error
    return Watched(hash=tx_hash, state="unknown", nonce=nonce)


def _included(node: Node, tx_hash: str, receipt: dict[str, Any]) -> Watched:
    number, succeeded = int(receipt["blockNumber"], 16), receipt.get("status") == "0x1"
    final = final_block(chain_id()) >= number
    if not succeeded:
        reason = _why(node, tx_hash, number, receipt)
        return Watched(
            hash=tx_hash, state="failed", block_number=number, final=final, reason=reason
        )
    seen = Log.objects.filter(block=number, tx_hash=tx_hash).exists()
    return Watched(
        hash=tx_hash, state="included", block_number=number, seen=seen, final=final and seen
    )


def _why(node: Node, tx_hash: str, number: int, receipt: dict[str, Any]) -> str:
    """The reason of a failed transaction, in words."""
    key = f"why-failed:{tx_hash}"
    if (known := cache.get(key)) is not None:
        return str(known)
    reason = "The contract refused it; why cannot be found out any more."
    found = node.call("eth_getTransactionByHash", f"0x{tx_hash}")
    if isinstance(found, dict):
        if int(receipt["gasUsed"], 16) >= int(found["gas"], 16):
            return "It ran out of gas. Send it again and let the wallet choose the gas."
        request = {"from": found["from"], "to": found["to"], "data": found["input"]}
        reason = _replayed(node, request, number) or reason
    cache.set(key, reason, REASON_S)
    return reason


def _replayed(node: Node, request: dict[str, str], number: int) -> str:
    """Play a call again on the block before its own, then after it, and read why it reverts.

    After it, because what made it fail can be another transaction of the same block.
    """
    for block in (number - 1, number):
        try:
            node.call("eth_call", request, hex(block))
        except NodeRefused as error:
            if is_revert(error):
                return in_words(error)
    return ""


def _count(node: Node, sender: str, block: str) -> int:
    return int(node.call("eth_getTransactionCount", sender, block), 16)


def _successor(node: Node, sender: str, nonce: int) -> Successor | None:
    """What used the nonce, by halving the blocks it can be in.

    None when nobody can tell: it lies too far back, or its block is too large to read.

    Raises:
        NodeUnreachable: the node does not answer; asked again, it may.
    """
    high = int(node.call("eth_blockNumber"), 16)
    low = max(0, high - LOOK_BACK)
    try:
        if _count(node, sender, hex(low)) > nonce:
            return None
        while high - low > 1:
            middle = (low + high) // 2
            is_used = _count(node, sender, hex(middle)) > nonce
            low, high = (low, middle) if is_used else (middle, high)
    except NodeRefused:  # it keeps no state of that time
        return None
    try:
        generous = Node(
            settings.RPC_URL,
            chain_id=chain_id(),
            private=settings.RPC_ALLOW_PRIVATE,
            largest_answer=LARGEST_BLOCK,
        )
        block = generous.call("eth_getBlockByNumber", hex(high), True)
    except (NodeRefused, NodeUnreachable):
        return None
    for found in block["transactions"] if isinstance(block, dict) else ():
        if found["from"].lower() == sender.lower() and int(found["nonce"], 16) == nonce:
            return Successor(
                hash=found["hash"].removeprefix("0x"),
                to=found["to"] or "",
                data=found["input"],
            )
    return None
