"""Which rounds wait for something to be done on the chain."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, F, OuterRef, QuerySet

from curation.galleries.models import Round
from curation.stakes.models import ChainRound
from curation.standings.models import Standing, Tally


def rounds_to_open() -> QuerySet[Round]:
    """Open rounds that the chain is not known to have, the oldest first."""
    return Round.objects.filter(status=Round.Status.OPEN, on_chain__isnull=True).order_by("pk")


def tallies_to_propose(now: datetime | None = None) -> QuerySet[Tally]:
    """Tallies with winners whose rounds the chain takes a result of, the most pressing first.

    Only those whose ballots root is the chain's last. With `now`, the chain's clock, only those
    for which it is neither too early nor too late.
    """
    found = Tally.objects.filter(
        Exists(Standing.objects.filter(tally=OuterRef("pk"), share_bps__gt=0)),
        round__on_chain__state=ChainRound.State.OPEN,
        round__on_chain__ballots_root=F("ballots_root"),
    )
    if now is not None:
        found = found.filter(
            round__on_chain__staking_deadline__lte=now, round__on_chain__result_deadline__gt=now
        )
    return found.order_by("round__on_chain__result_deadline")


def rounds_to_settle(now: datetime) -> QuerySet[ChainRound]:
    """Rounds whose challenge time is over by the chain's clock, `now`, without a veto."""
    return ChainRound.objects.filter(state=ChainRound.State.PROPOSED, settles_at__lte=now).order_by(
        "settles_at"
    )
