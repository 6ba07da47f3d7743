"""What everybody sees of moderation: reports, appeals, and what was done, in numbers."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from curation.accounts.doors import member_required
from curation.accounts.models import Member
from curation.accounts.sessions import BARRED
from curation.errors import CurationError
from curation.galleries.selectors import shown
from curation.moderation import appeals, reports, sanctions, selectors
from curation.moderation.models import Sanction


@require_safe
def transparency(request: HttpRequest) -> HttpResponse:
    """What moderators did, in numbers and with reasons."""
    return render(request, "moderation/transparency.html", {"told": selectors.transparency()})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def report(request: HttpRequest, member: Member, digest: str) -> HttpResponse:
    """Say that a picture should not hang."""
    found = get_object_or_404(shown().select_related("round__brief"), digest=digest)
    context = {"candidate": found, "reasons": reports.REASONS, "note": ""}
    if request.method != "POST":
        return render(request, "moderation/report.html", context)
    reason, note = request.POST.get("reason", ""), request.POST.get("note", "")
    try:
        reports.report_candidate(candidate=found, member=member, reason=reason, note=note)
    except CurationError as error:
        context |= {"refusal": error, "chosen": reason, "note": note}
        status = getattr(error, "status", 422)
        return render(request, "moderation/report.html", context, status=status)
    messages.success(request, "Thank you. A moderator will look at it.")
    return redirect(found)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def appeal(request: HttpRequest) -> HttpResponse:
    """A member's sanctions with appeals and answers; a banned one comes here by signing in."""
    member = _who(request)
    context: dict[str, object] = {"person": member}
    if request.method == "POST":
        pk = request.POST.get("sanction", "")
        theirs = Sanction.objects.filter(member=member)
        sanction = get_object_or_404(theirs, pk=int(pk) if pk.isdecimal() and len(pk) < 10 else 0)
        text = request.POST.get("text", "")
        try:
            appeals.appeal_sanction(sanction=sanction, member=member, text=text)
        except CurationError as error:
            context |= {"refusal": error, "text": text, "about": sanction.pk}
        else:
            messages.success(request, "Sent. Somebody else than who acted will answer here.")
            return redirect("appeal")
    rows = Sanction.objects.filter(member=member).select_related("appeal")
    living = set(sanctions.standing(member).values_list("pk", flat=True))
    context["sanctions"] = [(row, row.pk in living) for row in rows]
    return render(request, "moderation/appeal.html", context)


def _who(request: HttpRequest) -> Member:
    """Whoever is signed in, or proved in this session to be a banned member."""
    if isinstance(request.user, Member):
        return request.user
    found = Member.objects.filter(address=request.session.get(BARRED, ""), is_active=False).first()
    if found is None:
        raise Http404
    return found
