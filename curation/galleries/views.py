"""Walls, candidates and their files."""

from __future__ import annotations

from typing import Any

from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from curation.cursors import CursorInvalid
from curation.galleries import files
from curation.galleries.models import Round
from curation.galleries.selectors import PAGE, hanging, shown
from curation.galleries.walls import Wall
from curation.moderation.selectors import takedown_of
from curation.pairs.selectors import pictures
from curation.stakes.selectors import anchor_of

# A takedown reaches every browser and proxy within five minutes; asking again costs no bytes.
BRIEFLY = "public, max-age=300, must-revalidate"
IMMUTABLE = "public, max-age=31536000, immutable"


@require_safe
def round_wall(request: HttpRequest, round_id: int) -> HttpResponse:
    """A round's wall; `?after=` continues it, as a fragment when htmx asks."""
    round_ = get_object_or_404(Round.objects.select_related("brief"), pk=round_id)
    try:
        wall = Wall.of(round_, size=PAGE, cursor=request.GET.get("after", ""))
    except CursorInvalid as error:
        return render(request, "errors/400.html", {"reason": error}, status=400)
    context = {"wall": wall, "round": round_, "continued": "after" in request.GET}
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "round.html#more", context)
    return render(request, "round.html", context)


@require_safe
def candidate(request: HttpRequest, digest: str) -> HttpResponse:
    """A candidate: picture, prompt, settings, and after its round also what was sealed."""
    if (takedown := takedown_of(digest)) is not None:
        response = render(request, "moderation/taken_down.html", {"takedown": takedown}, status=410)
        response["Cache-Control"] = "no-store"  # it may be restored
        return response
    found = get_object_or_404(shown().select_related("round__brief"), digest=digest)
    same_round = hanging(found.round).order_by()
    context: dict[str, Any] = {
        "candidate": found,
        "round": found.round,
        "sealed": found.round.is_open,
        "anchor": anchor_of(found),
        "newer": same_round.filter(pk__gt=found.pk).order_by("pk").first(),
        "older": same_round.filter(pk__lt=found.pk).order_by("-pk").first(),
        "siblings": same_round.filter(prompt=found.prompt).exclude(pk=found.pk)[:6],
    }
    return render(request, "candidate.html", context)


def _file(request: HttpRequest, digest: str, name: str, content_type: str) -> HttpResponse:
    # Asked of the tables, not of the disk: what was taken down is gone for everyone.
    if not pictures([digest]):
        raise Http404
    tag = f'"{digest}"'
    if request.headers.get("If-None-Match") == tag:
        response = HttpResponse(status=304)
    else:
        try:
            with default_storage.open(name) as file:
                response = HttpResponse(file.read(), content_type=content_type)
        except FileNotFoundError as error:
            raise Http404 from error
    response["ETag"] = tag
    response["Cache-Control"] = BRIEFLY
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cross-Origin-Resource-Policy"] = "same-site"
    return response


@require_safe
def picture(request: HttpRequest, digest: str) -> HttpResponse:
    """The published file, byte for byte."""
    return _file(request, digest, files.picture_name(digest), "image/png")


@require_safe
def thumbnail(request: HttpRequest, digest: str) -> HttpResponse:
    """Its small rendition."""
    return _file(request, digest, files.thumbnail_name(digest), "image/webp")
