"""Home and brief pages."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from curation.accounts.doors import member_required
from curation.accounts.models import Member
from curation.briefs import rules, selectors, services
from curation.briefs.errors import BriefBusy, BriefInvalid, NotYours
from curation.briefs.forms import BriefForm
from curation.briefs.models import Brief
from curation.briefs.palette import COLOURS
from curation.clients import client_of
from curation.errors import CurationError
from curation.galleries.models import Round
from curation.galleries.selectors import open_rounds
from curation.galleries.walls import Wall
from curation.moderation.errors import Muted
from curation.moderation.sanctions import check_not_muted
from curation.rates import spend
from curation.status import TransitionRefused

STRIP = 11  # one large and two rows of five small


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What is being drawn now, and every brief."""
    strips = [Wall.of(round_, size=STRIP) for round_ in open_rounds()]
    briefs = selectors.briefs_on_show()
    return render(request, "home.html", {"strips": strips, "briefs": briefs})


@require_safe
def brief(request: HttpRequest, slug: str) -> HttpResponse:
    """A brief, its rounds, and the wall of the newest one."""
    found = get_object_or_404(Brief.objects.select_related("posted_by"), slug=slug)
    return render(request, "brief.html", _shown(request, found))


def _shown(request: HttpRequest, found: Brief) -> dict[str, Any]:
    rounds = list(Round.objects.filter(brief=found).order_by("-number"))
    for round_ in rounds:
        round_.brief = found
    active = found.status == Brief.Status.ACTIVE
    return {
        "brief": found,
        "rounds": rounds,
        "walls": [Wall.of(round_, size=STRIP) for round_ in rounds[:6]],
        "colours": [(name, COLOURS.get(name, "")) for name in found.palette],
        "may_end": active and selectors.posted(found, request.user),
        "open_round": next((round_ for round_ in rounds if round_.is_open), None),
        "last_round": len(rounds) >= found.rounds_planned,
    }


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new_brief(request: HttpRequest) -> HttpResponse:
    """The form for a brief; whoever is not signed in reads what it is about."""
    if not isinstance(request.user, Member) and request.method != "POST":
        return render(request, "brief_new.html", {"rules": rules})
    return _brief_form(request)


@member_required
def _brief_form(request: HttpRequest, member: Member) -> HttpResponse:
    form = BriefForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            spend(rules.POSTS, client_of(request))
            posted = services.post_brief(posted_by=member, **form.cleaned_data)
        except CurationError as error:
            form.add_error(None, str(error))
        else:
            messages.success(
                request, "Posted. Its first round opens in a moment.", extra_tags="posted"
            )
            return redirect(posted)
    refusal = None if form.is_bound else _why_not_post(member)
    return render(request, "brief_new.html", {"form": form, "refusal": refusal})


def _why_not_post(member: Member) -> CurationError | None:
    """What would refuse a brief of theirs now, told before they write one."""
    try:
        check_not_muted(member)
    except Muted as error:
        return error
    return selectors.why_not_post(member)


@require_POST
@member_required
def withdraw_brief(request: HttpRequest, member: Member, slug: str) -> HttpResponse:
    """Withdraw a brief now, or with `when=after-round` hold no further round."""
    found = get_object_or_404(Brief.objects.select_related("posted_by"), slug=slug)
    try:
        selectors.check_posted(found, member)
        if request.POST.get("when") == "after-round":
            services.stop_after_this_round(brief=found, by=member)
            messages.success(request, "No further round will be opened.")
        else:
            services.withdraw_brief(brief=found, by=member)
            messages.success(request, "The brief is withdrawn.")
    except TransitionRefused:
        messages.info(request, "This brief had ended already.")
    except (BriefBusy, BriefInvalid, NotYours) as error:
        context = _shown(request, found) | {"refusal": error}
        return render(request, "brief.html", context, status=error.status)
    return redirect(found)
