"""Error pages, which say what happened and what to do; and what machines ask a site for first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from curation.errors import CurationError
from curation.rates import TooMany

# Crawlers find nothing there: pages for one member, forms, and answers for programs.
NOT_CRAWLED = (
    *("/account/", "/api/", "/appeal/", "/moderation/", "/notifications/"),
    *("/sign-in/", "/sign-out/", "/stakes/", "/votes/", "/judge/", "/briefs/preview"),
    *("/rounds/*/events", "/rounds/*/judge/", "/rounds/*/pool", "/candidates/*/stakes"),
    *("/candidates/*/report", "/training/*?part=", "/metrics"),
)


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """What crawlers may read: whatever hangs on the wall."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in NOT_CRAWLED)]
    response = HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "public, max-age=3600"
    return response


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Browsers and readers of feeds ask here first."""
    return HttpResponseRedirect(staticfiles_storage.url("favicon.png"))


@require_safe
def touch_icon(request: HttpRequest) -> HttpResponse:
    """Phones ask here when somebody puts the site on their first screen."""
    return HttpResponseRedirect(staticfiles_storage.url("apple-touch-icon.png"))


def bad_request(request: HttpRequest, exception: Any) -> HttpResponse:
    """The request could not be understood."""
    return render(request, "errors/400.html", status=400)


def forgery_suspected(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form came without this browser's token: an old tab, or another site's page."""
    said = (
        "The form you sent belongs to an earlier visit, or came from another site. Go back, "
        "reload the page and send it again; what you typed is still there."
    )
    return render(request, "errors/403.html", {"reason": said}, status=403)


def forbidden(request: HttpRequest, exception: Any) -> HttpResponse:
    """Somebody else may do this."""
    return render(request, "errors/403.html", status=403)


def not_found(request: HttpRequest, exception: Any) -> HttpResponse:
    """Nothing hangs at this address."""
    return render(request, "errors/404.html", status=404)


def broken(request: HttpRequest) -> HttpResponse:
    """Our fault; the page uses nothing that could fail again, and is plain without its sheets."""
    try:
        sheets = [staticfiles_storage.url(f"css/{name}.css") for name in ("tokens", "page")]
    except ValueError:  # they were not collected
        sheets = []
    return HttpResponse(render_to_string("errors/500.html", {"sheets": sheets}), status=500)


class Refusals:
    """Middleware: a refusal that a view let through becomes a page that says why, not a 500."""

    TEMPLATES = {403: "errors/403.html", 404: "errors/404.html", 429: "errors/429.html"}

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page for a refusal, with when to come back if that is known; nothing for others."""
        if not isinstance(exception, CurationError):
            return None
        status = getattr(exception, "status", 400)
        template = self.TEMPLATES.get(status, "errors/400.html")
        response = render(request, template, {"reason": exception}, status=status)
        if isinstance(exception, TooMany):
            response["Retry-After"] = str(exception.retry_after_s)
        return response
