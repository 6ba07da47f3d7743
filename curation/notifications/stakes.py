"""Tells stakers and funders how their rounds ended on the chain."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from curation.notifications.models import Notification, StakesTold
from curation.notifications.services import notify_member
from curation.stakes.models import Activity, ChainRound, Funding, Stake, Winner
from curation.stakes.rules import refund_wei, reward_wei
from curation.stakes.selectors import members_by_address
from curation.stakes.terms import staking_terms

State, Kind = ChainRound.State, Notification.Kind
ENDS = (Activity.Kind.SETTLED, Activity.Kind.VETOED, Activity.Kind.CANCELLED)
AT_A_TIME = 20  # rounds


@dataclass(slots=True)
class Share:
    """What an address had in a round, in wei: staked, earned on top, and left of the pool."""

    staked: int = 0
    earned: int = 0
    refund: int = 0


def tell_of_ended_stakes(*, final_block: int, final_at: datetime | None) -> int:
    """The sweep: tell of rounds that ended by what is final; returns how many those were.

    Args:
        final_block: the newest block that was followed and that no reorg takes back.
        final_at: its time. A result may have come in a block that was not followed yet, so only a
            deadline before it has passed.
    """
    if staking_terms() is None:
        return 0
    return sum(_tell(row) for row in _ended(final_block, final_at)[:AT_A_TIME])


def _ended(final_block: int, final_at: datetime | None) -> list[ChainRound]:
    """Rounds that ended and nobody was told of, the oldest first."""
    told = StakesTold.objects.filter(round=OuterRef("round"))
    unsure = Activity.objects.filter(
        round=OuterRef("round"), kind__in=ENDS, block_number__gt=final_block
    )
    is_over = Q(state__in=[State.SETTLED, State.REFUNDABLE])
    if final_at is not None:
        is_over |= Q(state=State.OPEN, result_deadline__lte=final_at)
    ended = ChainRound.objects.filter(is_over)
    return list(ended.exclude(Exists(told)).exclude(Exists(unsure)).order_by("round_id"))


@transaction.atomic
def _tell(row: ChainRound) -> bool:
    """Tell everybody of one round, and note that it was done: both or neither."""
    _, is_new = StakesTold.objects.get_or_create(round_id=row.pk)
    if not is_new:
        return False
    shares = _shares(row)
    members = members_by_address(shares)
    about = f"round:{row.pk}"
    for address, member in sorted(members.items(), key=lambda item: item[1].pk):
        share = shares[address]
        if share.staked:
            facts = {"staked_wei": str(share.staked), "earned_wei": str(share.earned)}
            kind = _kind(row, share)
            notify_member(member_id=member.pk, kind=kind, about=about, facts=facts)
        if share.refund:
            facts = {"refund_wei": str(share.refund)}
            notify_member(member_id=member.pk, kind=Kind.POOL_REFUND, about=about, facts=facts)
    return True


def _kind(row: ChainRound, share: Share) -> Notification.Kind:
    if row.state != State.SETTLED:
        return Kind.STAKE_REFUND
    return Kind.STAKE_WON if share.earned else Kind.STAKE_LOST


def _shares(row: ChainRound) -> dict[str, Share]:
    """What everybody had in a round, by address, by the contract's sums."""
    stakes = list(Stake.objects.filter(round=row.pk))
    behind: dict[str, int] = defaultdict(int)
    for stake in stakes:
        behind[stake.digest] += int(stake.staked_wei)
    settled = row.state == State.SETTLED
    winners = dict(Winner.objects.filter(round=row.pk).values_list("digest", "share_bps"))
    pool = int(row.pool_wei)
    found: dict[str, Share] = defaultdict(Share)
    for stake in stakes:
        share = found[stake.address]
        share.staked += int(stake.staked_wei)
        share.earned += reward_wei(
            pool_wei=pool,
            share_bps=winners.get(stake.digest, 0) if settled else 0,
            staked_wei=int(stake.staked_wei),
            behind_wei=behind[stake.digest],
        )
    for funding in Funding.objects.filter(round=row.pk, refunded_wei=0):
        funded = int(funding.funded_wei)
        left = int(row.returned_wei or 0)
        found[funding.address].refund += (
            refund_wei(funded_wei=funded, pool_wei=pool, returned_wei=left) if settled else funded
        )
    return found
