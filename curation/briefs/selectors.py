"""Queries about briefs."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from curation.accounts.models import Member
from curation.briefs import rules
from curation.briefs.errors import NotYours, TooManyBriefs
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


def why_not_post(member: Member) -> TooManyBriefs | None:
    """What keeps a member from posting another brief now, and until when."""
    theirs = Brief.objects.filter(posted_by=member)
    if theirs.filter(status=Brief.Status.ACTIVE).count() >= rules.ACTIVE_MOST:
        return TooManyBriefs(
            f"You have {rules.ACTIVE_MOST} active briefs, the most one may have at a time. "
            "You can post again as soon as one of them is completed or withdrawn."
        )
    since = timezone.now() - rules.POSTED_WITHIN
    recent = theirs.filter(created_at__gt=since).order_by("-created_at")
    times = list(recent.values_list("created_at", flat=True)[: rules.POSTED_MOST])
    if len(times) < rules.POSTED_MOST:
        return None
    again_at = times[-1] + rules.POSTED_WITHIN
    return TooManyBriefs(
        f"You posted {rules.POSTED_MOST} briefs within 24 hours, the most one may. "
        f"You can post again on {again_at:%-d %B at %H:%M} UTC.",
        again_at,
    )


def may_end(brief: Brief, member: Member | AnonymousUser) -> bool:
    """Whether somebody may withdraw a brief or stop its rounds: its poster and staff."""
    if not isinstance(member, Member):
        return False
    return member.is_staff or brief.posted_by_id == member.pk


def check_posted(brief: Brief, member: Member) -> None:
    """Let the poster of a brief pass.

    Raises:
        NotYours: somebody else posted it.
    """
    if not posted(brief, member):
        raise NotYours("Only whoever posted a brief may end it; staff do at their desk.")


def posted(brief: Brief, member: Member | AnonymousUser) -> bool:
    """Whether somebody posted a brief; staff end others' at their desk, where it is logged."""
    return isinstance(member, Member) and brief.posted_by_id == member.pk
