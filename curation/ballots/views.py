"""A member's votes, with their receipts and, once it is known, what each counted and why."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from curation.accounts.doors import member_required
from curation.accounts.models import Member
from curation.ballots.lines import votes_page
from curation.cursors import CursorInvalid
from curation.reputations.selectors import reputation_of


@require_safe
@never_cache
@member_required
def votes(request: HttpRequest, member: Member) -> HttpResponse:
    """One's own ballots, the latest first; `?after=` continues the list."""
    cursor = request.GET.get("after", "")
    try:
        page = votes_page(member, cursor=cursor)
    except CursorInvalid as error:
        return render(request, "errors/400.html", {"reason": error}, status=400)
    context = {
        "votes": page.votes,
        "next_cursor": page.next_cursor,
        "continued": bool(cursor),
        "reputation": reputation_of(member),
    }
    return render(request, "ballots/votes.html", context)
