"""The moderators' page about model versions; operators promote and roll back there."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from curation.accounts.models import Member
from curation.moderation import roles
from curation.moderation.desk import number, say, staff_only, tabs
from generation.challenges.deeds import promote_by_hand, roll_back_by_hand
from generation.errors import GenerationError
from generation.versions.models import ModelVersion
from generation.versions.pages import run_under_way, timeline

Status = ModelVersion.Status


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def versions(request: HttpRequest, me: Member) -> HttpResponse:
    """Every version, the newest first, and which draws."""
    if request.method == "POST":
        say(request, lambda: _act(request, me), GenerationError)
        return redirect("moderation-versions")
    pages = list(reversed(timeline()))
    live = next((page for page in pages if page.version.status == Status.LIVE), None)
    context = tabs(me) | {
        "pages": pages,
        "live": live,
        "can_go_back": live is not None and live.version.parent_id is not None,
        "run": run_under_way(),
    }
    return render(request, "moderation/versions.html", context)


def _act(request: HttpRequest, me: Member) -> str:
    said = request.POST
    words = {"reason": said.get("reason", ""), "note": said.get("note", "")}
    roles.require(me, roles.Role.OPERATOR)
    if said.get("do") == "roll-back":
        back = roll_back_by_hand(by=me, **words)
        return f"{back.slug} draws from the next picture on."
    version = get_object_or_404(ModelVersion, pk=number(said.get("version", "")))
    promoted = promote_by_hand(version=version, by=me, **words)
    return f"{promoted.slug} draws from the next picture on."
