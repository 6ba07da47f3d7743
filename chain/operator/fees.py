"""What a transaction offers for gas: EIP-1559 fees, capped, and raised when it is stuck."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Any

from django.conf import settings

from chain.client import Node
from chain.errors import NodeRefused
from chain.operator.errors import GasTooDear
from curation.accounts.wallets import NodeUnreachable

GWEI = 10**9
BLOCKS = 10
LEAST_TIP_WEI = 1  # some chains know no tips; a node refuses a replacement that does not add any
MORE_NUM, MORE_DEN = 9, 8  # what nodes want of a replacement: 12.5% more


@dataclass(frozen=True, slots=True)
class Fees:
    """The most that a unit of gas may cost, and what of it goes to whoever makes the block."""

    max_fee_wei: int
    tip_wei: int


def suggested(node: Node) -> Fees:
    """Fees for the next blocks: twice the base fee, and the tip that the last blocks took.

    Raises:
        GasTooDear: the base fee alone is above MAX_FEE_GWEI.
        NodeUnreachable, NodeRefused: as `Node.call`.
    """
    history = node.call("eth_feeHistory", hex(BLOCKS), "latest", [50])
    try:
        base = int(history["baseFeePerGas"][-1], 16)
        tips = [int(row[0], 16) for row in history.get("reward") or [] if row]
    except (TypeError, ValueError, KeyError, IndexError) as error:
        raise NodeUnreachable("The chain's node answered no fee history.") from error
    tip = max(_asked_tip(node), int(median(tips)) if tips else 0, LEAST_TIP_WEI)
    cap = settings.MAX_FEE_GWEI * GWEI
    if base >= cap:
        raise GasTooDear(
            f"Gas costs {base / GWEI:.1f} gwei, more than MAX_FEE_GWEI allows ({cap // GWEI})."
        )
    return Fees(max_fee_wei=min(2 * base + tip, cap), tip_wei=min(tip, cap))


def raised(before: Fees, now: Fees) -> Fees:
    """Fees with which a stuck transaction can be replaced.

    Raises:
        GasTooDear: that would be above MAX_FEE_GWEI.
    """
    cap = settings.MAX_FEE_GWEI * GWEI
    tip = max(_more(before.tip_wei), now.tip_wei)
    fee = max(_more(before.max_fee_wei), now.max_fee_wei, tip)
    if fee > cap:
        raise GasTooDear(
            f"It is stuck at {before.max_fee_wei / GWEI:.1f} gwei, and an eighth more would be "
            f"above MAX_FEE_GWEI ({cap // GWEI})."
        )
    return Fees(max_fee_wei=fee, tip_wei=tip)


def _more(wei: int) -> int:
    return -(-wei * MORE_NUM // MORE_DEN) or 1


def _asked_tip(node: Node) -> int:
    try:
        found: Any = node.call("eth_maxPriorityFeePerGas")
    except NodeRefused:  # not every node knows it
        return 0
    return int(found, 16) if isinstance(found, str) and found.startswith("0x") else 0
