"""Postcards: the pictures that services show beside a link to one of our pages."""

from __future__ import annotations

import io
from collections.abc import Sequence

from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe
from PIL import Image

from curation.briefs.models import Brief
from curation.clients import client_of
from curation.galleries import files
from curation.galleries.models import Round
from curation.galleries.selectors import shown
from curation.galleries.views import BRIEFLY
from curation.moderation.selectors import takedown_of
from curation.postcards import selectors
from curation.postcards.drawing import draw_postcard
from curation.postcards.keeping import fingerprint, kept
from curation.rates import Rate, spend

DRAWN = Rate("postcards drawn by client", 120, 60, fails_open=True)
MOTTO = "A wall, a jury, and arguments about taste."


def postcard(
    request: HttpRequest, *, name: str, title: str, digests: Sequence[str]
) -> HttpResponse:
    """The postcard of a page, drawn if it is not kept as it would be drawn now.

    Raises:
        TooMany: the client has had too many drawn.
    """
    title = " ".join(title.split())
    mark = fingerprint(title, digests)
    tag = f'"{mark}"'
    if request.headers.get("If-None-Match") == tag:
        response = HttpResponse(status=304)
    else:
        data = kept(name, mark, lambda: _draw(request, title, digests))
        response = HttpResponse(data, content_type="image/jpeg")
    response["ETag"] = tag
    response["Cache-Control"] = BRIEFLY
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"  # others' pages show it
    return response


def _draw(request: HttpRequest, title: str, digests: Sequence[str]) -> bytes:
    spend(DRAWN, client_of(request))
    return draw_postcard(pictures=_open(digests), title=title)


def _open(digests: Sequence[str]) -> list[Image.Image]:
    """Small renditions; one whose file is gone meanwhile, or is no picture, is left out."""
    found: list[Image.Image] = []
    for digest in digests:
        try:
            with default_storage.open(files.thumbnail_name(digest)) as file:
                data = file.read()
        except FileNotFoundError:  # other trouble of a disk passes, and must not be kept
            continue
        try:
            image = Image.open(io.BytesIO(data), formats=["WEBP"])
            image.load()
        except OSError:  # cut off, or nothing that Pillow knows
            continue
        found.append(image)
    return found


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The newest pictures of all."""
    digests = selectors.pictures_of_home()
    return postcard(request, name="home", title=MOTTO, digests=digests)


@require_safe
def brief(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest pictures of a brief."""
    found = get_object_or_404(Brief, slug=slug)
    digests = selectors.pictures_of_brief(found)
    return postcard(request, name=f"brief:{found.pk}", title=found.title, digests=digests)


@require_safe
def round_(request: HttpRequest, round_id: int) -> HttpResponse:
    """A round's pictures, its best once they are known."""
    found = get_object_or_404(Round.objects.select_related("brief"), pk=round_id)
    title = f"{found.brief.title}, round {found.number}"
    digests = selectors.pictures_of_round(found)
    return postcard(request, name=f"round:{found.pk}", title=title, digests=digests)


@require_safe
def candidate(request: HttpRequest, digest: str) -> HttpResponse:
    """One picture and its prompt; gone when it was taken down."""
    if takedown_of(digest) is not None:
        response = HttpResponse("This picture was taken down.", "text/plain", status=410)
        response["Cache-Control"] = "no-store"  # it may be restored
        return response
    found = get_object_or_404(shown(), digest=digest)
    name = f"candidate:{found.digest}"
    return postcard(request, name=name, title=found.prompt, digests=[found.digest])
