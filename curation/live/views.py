"""The event log over plain HTTP, for pages without a socket."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from curation.galleries.models import Round
from curation.live import fragments


@require_safe
@never_cache
def events(request: HttpRequest, round_id: int) -> HttpResponse:
    """Fragments after `?since=`, the same as the socket sends."""
    round_ = get_object_or_404(Round, pk=round_id)
    since = request.GET.get("since", "")
    if not (since.isascii() and since.isdigit() and len(since) < 19):
        return HttpResponseBadRequest("since must be the number of an event.")
    news = fragments.since(round_.stream, int(since))
    if news is None:
        return HttpResponse(fragments.refetch(round_.stream))
    return HttpResponse("".join(text for _number, text in news), status=200 if news else 204)
