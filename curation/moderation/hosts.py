"""A host of the moderators' own: the panel answers there alone, and little else does."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

from curation.clients import is_at_desk

PANEL = "/moderation/"
# What signing in takes; static files are served before anybody asks.
BESIDE = frozenset(
    {
        *("/sign-in/", "/sign-out/", "/healthz", "/readyz", "/demo-wallet/rpc"),
        *("/api/v1/nonce", "/api/v1/sign-in-message", "/api/v1/sign-in", "/api/v1/sign-out"),
        "/api/v1/me",
    }
)
PORTRAITS = "/avatars/"


def keep_apart(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Where MODERATION_HOST is set: no panel on the site's host, nothing but it on the other."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if settings.MODERATION_HOST:
            is_panel = request.path.startswith(PANEL)
            beside = request.path in BESIDE or request.path.startswith(PORTRAITS)
            if not (is_panel or beside if is_at_desk(request) else not is_panel):
                raise Http404
        return get_response(request)

    return middleware


def places(request: HttpRequest) -> dict[str, str | bool]:
    """For links across: `site_url` and `desk_url`, empty where both are one host; `at_desk`."""
    if not settings.MODERATION_HOST:
        return {"site_url": "", "desk_url": "", "at_desk": False}
    here = is_at_desk(request)
    return {"site_url": settings.SITE_URL, "desk_url": settings.MODERATION_URL, "at_desk": here}
