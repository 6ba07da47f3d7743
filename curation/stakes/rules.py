"""What a round's stakes earn, and how far the round has come: the contract's sums, in Python."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from curation.stakes.models import ChainRound

ALL_BPS = 10_000


class Phase(StrEnum):
    """How far a round has come on the chain, by the chain's clock."""

    OPEN = "open"  # takes stakes
    JUDGING = "judging"  # stakes are locked, no result yet
    PROPOSED = "proposed"  # a result can be vetoed
    DUE = "due"  # nobody did: whoever comes first settles it
    SETTLED = "settled"
    REFUNDABLE = "refundable"  # vetoed, cancelled, or without a result in time

    @property
    def is_over(self) -> bool:
        """Whether what was staked can be taken out."""
        return self in {Phase.DUE, Phase.SETTLED, Phase.REFUNDABLE}


def phase_of(on_chain: ChainRound, now: datetime) -> Phase:
    """A round's phase at `now`, the chain's clock: time alone moves it on in three places."""
    if on_chain.state == ChainRound.State.OPEN:
        if now >= on_chain.result_deadline:
            return Phase.REFUNDABLE
        return Phase.OPEN if now < on_chain.staking_deadline else Phase.JUDGING
    if on_chain.state == ChainRound.State.PROPOSED:
        is_due = on_chain.settles_at is not None and now >= on_chain.settles_at
        return Phase.DUE if is_due else Phase.PROPOSED
    return Phase(on_chain.state)


def reward_wei(*, pool_wei: int, share_bps: int, staked_wei: int, behind_wei: int) -> int:
    """What a stake earns of a winner's share of the pool; rounded down twice, as on the chain."""
    if not behind_wei:
        return 0
    share = pool_wei * share_bps // ALL_BPS
    return share * staked_wei // behind_wei


def refund_wei(*, funded_wei: int, pool_wei: int, returned_wei: int) -> int:
    """What a funder gets back of the part of a settled pool that nobody earned."""
    return funded_wei * returned_wei // pool_wei if pool_wei else 0
