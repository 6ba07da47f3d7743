"""Stakes on pages: a candidate's panel, a round's pool, a member's portfolio, the feed."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from curation.accounts.doors import member_required
from curation.accounts.models import Member
from curation.cursors import CursorInvalid
from curation.galleries.models import Round
from curation.galleries.selectors import shown
from curation.stakes.feed import feed_page
from curation.stakes.panels import PoolPanel, StakePanel
from curation.stakes.portfolios import portfolio_of


def visitor(request: HttpRequest) -> Member | None:
    """Who looks, if a member."""
    return request.user if isinstance(request.user, Member) else None


@require_safe
@never_cache
def candidate_stakes(request: HttpRequest, digest: str) -> HttpResponse:
    """A candidate's panel alone, for pages that are open already."""
    found = get_object_or_404(shown().select_related("round__brief"), digest=digest)
    if (panel := StakePanel.of(found, visitor(request))) is None:
        raise Http404
    return render(request, "stakes/panel.html", {"panel": panel})


@require_safe
@never_cache
def round_pool(request: HttpRequest, round_id: int) -> HttpResponse:
    """A round's pool alone, for pages that are open already."""
    found = get_object_or_404(Round.objects.select_related("brief"), pk=round_id)
    if (pool := PoolPanel.of(found, visitor(request))) is None:
        raise Http404
    return render(request, "stakes/pool.html", {"pool": pool})


@require_safe
@never_cache
@member_required
def portfolio(request: HttpRequest, member: Member) -> HttpResponse:
    """What a member has in rounds; a fragment of it when an open page asks."""
    context = {"portfolio": portfolio_of(member.address), "member": member}
    name = "stakes/holdings.html" if "part" in request.GET else "stakes/portfolio.html"
    return render(request, name, context)


@require_safe
@never_cache
def activity(request: HttpRequest) -> HttpResponse:
    """What happened on the chain, newest first; a fragment when an open page asks."""
    cursor = request.GET.get("after", "")
    try:
        deeds, next_cursor = feed_page(cursor=cursor)
    except CursorInvalid as error:
        return render(request, "errors/400.html", {"reason": error}, status=400)
    context = {"deeds": deeds, "next_cursor": next_cursor, "continued": bool(cursor)}
    name = "stakes/deeds.html" if "part" in request.GET else "stakes/activity.html"
    return render(request, name, context)
