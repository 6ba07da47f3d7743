"""Health and readiness for balancers and operators."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView

from chain.indexer import selectors as indexer


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """This process can reach what it needs; 503 names what it cannot."""
    checks: dict[str, Any] = {}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        checks["postgresql"] = "ok"
    except Exception as error:  # noqa: BLE001 - whatever it is, we are not ready
        checks["postgresql"] = type(error).__name__
    try:
        cache.set("readyz", 1, 5)
        checks["redis"] = "ok"
    except Exception as error:  # noqa: BLE001
        checks["redis"] = type(error).__name__
    ready = all(value == "ok" for value in checks.values())
    if checks["postgresql"] == "ok" and (halted := indexer.why_halted(settings.CHAIN_ID)):
        checks["indexer"] = f"halted: {halted}"  # told; pages are served without the chain too
    return JsonResponse({"ready": ready, "checks": checks}, status=200 if ready else 503)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """What was counted and measured, for Prometheus."""
    response: HttpResponse = ExportToDjangoView(request)
    return response
