"""Where the chain stands, as operators want to know it: asked of the node and of our tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings

from chain.client import site_node
from chain.errors import NodeRefused
from chain.indexer.models import Progress
from chain.operator.heads import chain_id, look
from chain.operator.models import Deployment, Transaction
from chain.operator.selectors import CURATION, deployment
from curation.accounts.wallets import NodeUnreachable

WEI = Decimal(10) ** 18
ROLES = ("operator", "guardian", "admin")  # as the contract was deployed with them
UNFINISHED = (Transaction.Status.PENDING, Transaction.Status.SENT, Transaction.Status.INCLUDED)
LATE_BLOCKS = 20  # further behind than that, the indexer is not keeping up
SHOWN = 60


@dataclass(frozen=True, slots=True)
class NodeState:
    """What the node says; `trouble` instead, when it says nothing."""

    trouble: str = ""
    number: int = 0
    final: int = 0
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class KeyState:
    """An address that acts for the site; its balance in ether, None where nobody can say."""

    role: str
    address: str
    ether: Decimal | None


@dataclass(frozen=True, slots=True)
class ChainState:
    """All that the page tells."""

    chain_id: int
    name: str
    node: NodeState
    progress: Progress | None
    lag: int | None  # blocks from the indexer to the node's newest
    keys: Sequence[KeyState]
    deployments: Sequence[Deployment]
    unfinished: Sequence[Transaction]
    unfinished_count: int

    @property
    def is_late(self) -> bool:
        """Whether the indexer is further behind than a moment explains."""
        return self.lag is not None and self.lag > LATE_BLOCKS


def chain_state() -> ChainState:
    """Ask the node once, and tell what it says beside what we know; a node that is away is told."""
    node = _node()
    progress = Progress.objects.filter(pk=chain_id()).first()
    unfinished = Transaction.objects.filter(chain_id=chain_id(), status__in=UNFINISHED)
    reached = not node.trouble
    return ChainState(
        chain_id=chain_id(),
        name=settings.CHAIN_NAME,
        node=node,
        progress=progress,
        lag=max(0, node.number - progress.next_block + 1) if progress and reached else None,
        keys=[KeyState(*one, _ether(one[1]) if reached else None) for one in _addresses()],
        deployments=list(Deployment.objects.filter(chain_id=chain_id()).order_by("name")),
        unfinished=list(unfinished.order_by("pk")[:SHOWN]),
        unfinished_count=unfinished.count(),
    )


def _node() -> NodeState:
    try:
        view = look()
    except (NodeUnreachable, NodeRefused) as error:
        return NodeState(trouble=str(error))
    return NodeState(number=view.number, final=view.final, at=view.at)


def _addresses() -> list[tuple[str, str]]:
    """Who acts for the site, by role: the contract's, and whoever else sent something."""
    contract = deployment(CURATION)
    said: dict[str, Any] = contract.arguments if contract is not None else {}
    found = {str(said[role]): role for role in ROLES if said.get(role)}
    sent = Transaction.objects.filter(chain_id=chain_id()).order_by("sender")
    for sender in sent.values_list("sender", flat=True).distinct():
        found.setdefault(sender, "deployer, or a former key")
    return [(role, address) for address, role in found.items()]


def _ether(address: str) -> Decimal | None:
    try:
        return int(str(site_node().call("eth_getBalance", address, "latest")), 16) / WEI
    except (NodeUnreachable, NodeRefused, ValueError):
        return None
