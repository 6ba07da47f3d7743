"""Error pages: what happened and what to do."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def bad_request(request: HttpRequest, exception: Any) -> HttpResponse:
    """The request could not be understood."""
    return render(request, "errors/400.html", status=400)


def not_found(request: HttpRequest, exception: Any) -> HttpResponse:
    """Nothing hangs at this address."""
    return render(request, "errors/404.html", status=404)


def broken(request: HttpRequest) -> HttpResponse:
    """Our fault; the template uses nothing that could fail again."""
    return render(request, "errors/500.html", status=500)
