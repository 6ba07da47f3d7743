"""What waits to be gathered, and what waits to be anchored."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Count, Exists, Max, Min, OuterRef, QuerySet
from django.utils import timezone

from curation.galleries.models import Candidate, Round
from curation.stakes.models import AnchoredBatch, Batch, ChainRound

# An anchor costs gas once, whatever it holds: eight pictures share it, but none waits a minute.
ENOUGH = 8
PATIENCE = timedelta(seconds=60)
MOST_BATCHES = 1024  # a round, by the contract


def rounds_to_gather(now: datetime) -> list[Round]:
    """Open rounds whose waiting candidates should become a batch, the most pressing first.

    `now` is the chain's clock, which rules deadlines; how long somebody has waited is told by
    ours. A round is due when ENOUGH wait, one has waited for PATIENCE, or the anchor deadline
    leaves no time for that. What is left of MOST_BATCHES is spread over the time that is left.
    """
    waiting = (
        Candidate.objects.filter(
            status=Candidate.Status.PUBLISHED,
            anchor__isnull=True,
            trial=False,
            round__status=Round.Status.OPEN,
            round__on_chain__state=ChainRound.State.OPEN,
            round__on_chain__anchor_deadline__gt=now,
        )
        .values("round_id", "round__on_chain__anchor_deadline")
        .annotate(count=Count("pk"), oldest=Min("published_at"))
        .order_by("round__on_chain__anchor_deadline")
        .values_list("round_id", "round__on_chain__anchor_deadline", "count", "oldest")
    )
    ours = timezone.now()
    due = [
        round_id
        for round_id, deadline, count, oldest in waiting
        if (count >= ENOUGH or ours - oldest >= PATIENCE or deadline - now <= PATIENCE)
        and _has_a_batch_left(round_id, deadline - now, ours)
    ]
    rounds = Round.objects.in_bulk(due)
    return [rounds[round_id] for round_id in due]


def _has_a_batch_left(round_id: int, time_left: timedelta, now: datetime) -> bool:
    """Whether a round can have a batch now without lacking one before its anchor deadline."""
    made = Batch.objects.filter(round_id=round_id).aggregate(
        count=Count("pk"), last=Max("created_at")
    )
    left = MOST_BATCHES - made["count"]
    if left <= 1:  # the last one is for whatever waits at the end
        return left == 1 and time_left <= PATIENCE
    return made["last"] is None or now - made["last"] >= time_left / left


def batches_to_anchor(now: datetime | None = None) -> QuerySet[Batch]:
    """Batches whose root the chain is not known to have, the oldest first.

    With `now`, the chain's clock, only those for which it is not too late.
    """
    anchored = AnchoredBatch.objects.filter(round_id=OuterRef("round_id"), root=OuterRef("root"))
    found = Batch.objects.filter(
        ~Exists(anchored), round__on_chain__state=ChainRound.State.OPEN
    ).select_related("round__on_chain")
    if now is not None:
        found = found.filter(round__on_chain__anchor_deadline__gt=now)
    return found.order_by("pk")
