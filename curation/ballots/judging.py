"""The pair view of a round: what a page needs before its pairs arrive."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from curation.accounts.models import Member
from curation.accounts.selectors import delegations_of
from curation.briefs.palette import COLOURS
from curation.galleries.models import Round
from curation.galleries.selectors import hanging, open_rounds
from curation.live.selectors import position


@require_safe
@never_cache
def judge_any(request: HttpRequest) -> HttpResponse:
    """On to the round that one would judge first; to the front page while none is open."""
    first = open_rounds(limit=1).first()
    return redirect("judge", first.pk) if first is not None else redirect("home")


@require_safe
@never_cache
def judge(request: HttpRequest, round_id: int) -> HttpResponse:
    """Two pictures to compare, and the brief; a door for visitors, a result once it has closed."""
    round_ = get_object_or_404(Round.objects.select_related("brief"), pk=round_id)
    context = {
        "round": round_,
        "brief": round_.brief,
        "position": position(round_.stream),
        "colours": [(name, COLOURS.get(name, "")) for name in round_.brief.palette],
    }
    if isinstance(request.user, Member):
        context["keys"] = live_keys(request.user)
    else:
        context["taste"] = hanging(round_)[:2]
    return render(request, "ballots/judge.html", context)


def live_keys(member: Member) -> list[str]:
    """The did:keys that may sign for a member now."""
    now = timezone.now()
    return [row.key.did_key for row in delegations_of(member) if row.allows(now)]
