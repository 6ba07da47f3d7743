"""Queries about briefs."""

from __future__ import annotations

from django.db.models import Prefetch, QuerySet

from curation.briefs.models import Brief
from curation.galleries.models import Round


def active_briefs() -> QuerySet[Brief]:
    """Briefs that still get rounds, newest first."""
    return Brief.objects.filter(status=Brief.Status.ACTIVE)


def briefs_on_show(limit: int = 24) -> QuerySet[Brief]:
    """Briefs for the home page, active ones first, each with `latest_rounds` (newest first)."""
    rounds = Round.objects.order_by("-number")
    return (
        Brief.objects.exclude(status=Brief.Status.WITHDRAWN)
        .prefetch_related(Prefetch("rounds", queryset=rounds, to_attr="latest_rounds"))
        .order_by("status", "-id")[:limit]
    )


def briefs_in_need_of_a_round() -> QuerySet[Brief]:
    """Active briefs without an open round."""
    return active_briefs().exclude(rounds__status=Round.Status.OPEN)
