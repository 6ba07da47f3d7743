"""Which rounds wait for something to be done on the chain."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from curation.galleries.models import Round
from curation.stakes.models import ChainRound


def rounds_to_open() -> QuerySet[Round]:
    """Open rounds that the chain is not known to have, the oldest first."""
    return Round.objects.filter(status=Round.Status.OPEN, on_chain__isnull=True).order_by("pk")


def rounds_to_settle(now: datetime) -> QuerySet[ChainRound]:
    """Rounds whose challenge time is over by the chain's clock, `now`, without a veto."""
    return ChainRound.objects.filter(state=ChainRound.State.PROPOSED, settles_at__lte=now).order_by(
        "settles_at"
    )
