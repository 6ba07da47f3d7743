"""What holds for every request of a signed-in member."""

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
    """Date the session now and then, so that a member's list tells the truth; cache no page."""

    def middleware(request: HttpRequest) -> HttpResponse:
        since = request.session.get(SEEN) or request.session.get(SINCE)
        if since and timezone.now() - datetime.fromisoformat(since) > EVERY:
            request.session[SEEN] = timezone.now().isoformat()  # saving it dates the row
        response = get_response(request)
        if request.user.is_authenticated and "Cache-Control" not in response:
            response["Cache-Control"] = "private, no-store"  # it may show who is signed in
        return response

    return middleware
