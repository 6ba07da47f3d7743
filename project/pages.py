"""Error pages: what happened and what to do."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


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
