"""Notes, every few minutes at most, that a session is in use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from curation.accounts.sessions import SEEN, SINCE

EVERY = timedelta(minutes=5)


def note_activity(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Touch the session of whoever is signed in, so that its list of sessions tells the truth."""

    def middleware(request: HttpRequest) -> HttpResponse:
        since = request.session.get(SEEN) or request.session.get(SINCE)
        if since and timezone.now() - datetime.fromisoformat(since) > EVERY:
            request.session[SEEN] = timezone.now().isoformat()  # saving it dates the row
        return get_response(request)

    return middleware
