"""Error pages, which say what happened and what to do; and what machines ask a site for first."""

from __future__ import annotations

from typing import Any

from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_safe

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
    """Our fault; the template uses nothing that could fail again."""
    return render(request, "errors/500.html", status=500)
