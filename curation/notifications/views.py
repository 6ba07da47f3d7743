"""What a member was told, and the bell that says how much of it is new."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from curation.accounts.doors import member_required
from curation.accounts.models import Member
from curation.cursors import CursorInvalid
from curation.notifications import services
from curation.notifications.lines import notifications_page


@require_safe
@never_cache
@member_required
def notifications(request: HttpRequest, member: Member) -> HttpResponse:
    """What one was told, the newest first; `?after=` continues the list."""
    cursor = request.GET.get("after", "")
    try:
        page = notifications_page(member, cursor=cursor)
    except CursorInvalid as error:
        return render(request, "errors/400.html", {"reason": error}, status=400)
    context = {"page": page, "continued": bool(cursor)}
    return render(request, "notifications/page.html", context)


@require_POST
@member_required
def read(request: HttpRequest, member: Member) -> HttpResponse:
    """Note that the member saw everything up to an id; answers htmx with the bell."""
    upto = request.POST.get("upto", "")
    if upto.isascii() and upto.isdecimal() and len(upto) < 19:
        services.mark_read(member=member, upto=int(upto))
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "notifications/bell.html", {"oob": True})
    return redirect("notifications")


@require_safe
@never_cache
def bell(request: HttpRequest) -> HttpResponse:
    """The bell alone, for pages that are open already; nothing once their member signed out."""
    if not isinstance(request.user, Member):
        return HttpResponse(status=204)
    return render(request, "notifications/bell.html")
