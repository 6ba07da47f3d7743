"""Gives the site's keys something to pay gas with. On the embedded chain alone."""

from __future__ import annotations

import time

from django.conf import settings

from chain.client import Node
from chain.operator.errors import TransactionSlow

ETHER = 10**18
LEAST_WEI = 10 * ETHER
PORTION_WEI = 100 * ETHER
WAIT_S = 10.0


def fund(node: Node, address: str) -> None:
    """Have one of anvil's unlocked accounts pay an address that has little; elsewhere nothing.

    Raises:
        TransactionSlow: it did not arrive in time.
        NodeUnreachable, NodeRefused: as `Node.call`.
    """
    if not settings.EMBEDDED_CHAIN or _balance_wei(node, address) >= LEAST_WEI:
        return
    payer = node.call("eth_accounts")[-1]
    payment = {"from": payer, "to": address, "value": hex(PORTION_WEI)}
    node.call("eth_sendTransaction", payment)
    deadline = time.monotonic() + WAIT_S
    while _balance_wei(node, address) < LEAST_WEI:
        if time.monotonic() > deadline:
            raise TransactionSlow(f"The chain's own money did not reach {address}.")
        time.sleep(0.02)


def _balance_wei(node: Node, address: str) -> int:
    return int(node.call("eth_getBalance", address, "latest"), 16)
