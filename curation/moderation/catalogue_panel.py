"""The moderators' pages of briefs and rounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from curation.accounts.models import Member
from curation.briefs.models import Brief
from curation.cursors import CursorInvalid, page_of
from curation.galleries.models import Round
from curation.moderation import catalogue, roles
from curation.moderation.desk import number, say, staff_only, tabs
from curation.moderation.ending import end_brief
from curation.moderation.proposals import propose


def _listed(
    request: HttpRequest, found: Callable[[catalogue.Search], QuerySet[Any]]
) -> dict[str, Any]:
    """What a request searches for, and the page of it that it asks for.

    Raises:
        CursorInvalid: it goes on where nothing ended.
    """
    text = request.GET.get("q", "").replace("\0", "")
    search = catalogue.Search(text=text, status=request.GET.get("status", ""))
    rows, cursor = page_of(
        found(search), cursor=request.GET.get("cursor", ""), limit=catalogue.PAGE
    )
    return {"rows": rows, "cursor": cursor, "search": search}


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def briefs(request: HttpRequest, me: Member) -> HttpResponse:
    """Briefs; seniors stop or withdraw them."""
    if request.method == "POST":
        say(request, lambda: _end(request, me))
        return redirect("moderation-briefs")
    try:
        listed = _listed(request, catalogue.briefs_found)
    except CursorInvalid:
        return redirect("moderation-briefs")
    context = (
        tabs(me)
        | listed
        | {
            "statuses": Brief.Status.choices,
            "may_end": roles.has_role(me, roles.Role.SENIOR),
        }
    )
    return render(request, "moderation/briefs.html", context)


def _end(request: HttpRequest, me: Member) -> str:
    said = request.POST
    brief = get_object_or_404(Brief, pk=number(said.get("brief", "")))
    how, reason, note = said.get("do", ""), said.get("reason", ""), said.get("note", "")
    end_brief(brief=brief, how=how, by=me, reason=reason, note=note)
    return "Withdrawn." if how == "withdraw" else "No round follows the open one."


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def rounds(request: HttpRequest, me: Member) -> HttpResponse:
    """Rounds; operators propose to cancel one, or to strike its result down."""
    if request.method == "POST":
        say(request, lambda: _propose(request, me))
        return redirect("moderation-rounds")
    try:
        listed = _listed(request, catalogue.rounds_found)
    except CursorInvalid:
        return redirect("moderation-rounds")
    listed["rows"] = catalogue.with_chain(listed["rows"])
    context = tabs(me) | listed | {"statuses": Round.Status.choices}
    return render(request, "moderation/rounds.html", context)


def _propose(request: HttpRequest, me: Member) -> str:
    said = request.POST
    round_ = get_object_or_404(Round, pk=number(said.get("round", "")))
    propose(
        deed_name=said.get("do", ""),
        object=f"round:{round_.pk}",
        by=me,
        reason=said.get("reason", ""),
        note=said.get("note", ""),
    )
    return "Proposed. A second operator has two days to confirm it."
