"""What the indexer would have written, for pages and answers; and terms without contracts."""

from __future__ import annotations

import itertools
from datetime import timedelta

from django.utils import timezone

from chain.anchoring.services import gather_batch
from curation.galleries.models import Round
from curation.stakes.models import Activity, Balance, ChainRound, Funding, Stake, Winner
from curation.stakes.terms import Terms
from tests.chain.anchoring.rounds import anchored, put_on_chain
from tests.factories import RoundFactory, publish

WHOLE = 10**18
_blocks = itertools.count(1)


class Play:
    """Terms that tests choose; named by the setting STAKING_TERMS."""

    terms: Terms | None = Terms(smallest_wei=WHOLE, faucet_wei=1000 * WHOLE)


def play_terms() -> Terms | None:
    return Play.terms


def round_with(pictures: int = 2, *, anchor: bool = True, **changes: object) -> Round:
    """A round on the chain whose pictures are anchored."""
    round_ = RoundFactory()
    put_on_chain(round_, **changes)
    for _ in range(pictures):
        publish(round_, next(_blocks))
    if anchor:
        anchored(gather_batch(round_id=round_.pk), index=0)
    return round_


def stake(round_: Round, place: int, address: str, tokens: float, **changes: object) -> Stake:
    """Tokens behind the `place`-th picture of a round."""
    digest = round_.candidates.order_by("pk")[place].digest
    facts = {"staked_wei": int(tokens * WHOLE), **changes}
    return Stake.objects.create(round=round_, address=address, digest=digest, **facts)


def fund(round_: Round, address: str, tokens: int, **changes: object) -> Funding:
    """Tokens in a round's pool."""
    on_chain = ChainRound.objects.get(pk=round_.pk)
    on_chain.pool_wei += tokens * WHOLE
    on_chain.save()
    facts = {"funded_wei": tokens * WHOLE, **changes}
    return Funding.objects.create(round=round_, address=address, **facts)


def balance(address: str, tokens: float) -> None:
    Balance.objects.update_or_create(address=address, defaults={"amount_wei": int(tokens * WHOLE)})


def decide(round_: Round, *shares: int, state: str = "proposed", in_s: int = 60) -> None:
    """Winners in the order of the pictures, with their shares in basis points."""
    on_chain = ChainRound.objects.get(pk=round_.pk)
    on_chain.state = state
    on_chain.settles_at = timezone.now() + timedelta(seconds=in_s)
    on_chain.staking_deadline = timezone.now() - timedelta(minutes=5)
    if state == "settled":
        on_chain.returned_wei = 0
    on_chain.save()
    for at, share_bps in enumerate(shares):
        digest = round_.candidates.order_by("pk")[at].digest
        Winner.objects.create(round=round_, place=at + 1, digest=digest, share_bps=share_bps)


def note(kind: str, round_: Round | int, address: str = "", **facts: object) -> Activity:
    """One thing that happened, in a block of its own."""
    round_id = round_ if isinstance(round_, int) else round_.pk
    return Activity.objects.create(
        kind=kind,
        round_id=round_id,
        address=address,
        block_number=next(_blocks),
        log_index=0,
        tx_hash="5e" * 32,
        at=timezone.now(),
        **facts,
    )
