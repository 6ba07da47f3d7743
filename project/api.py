"""The JSON API under /api/v1: every noun's router, one way of saying what went wrong."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.openapi.docs import Swagger
from ninja.parser import Parser

from chain.anchoring.api import router as anchors
from chain.staking.api import router as staking
from curation.accounts.api import router as accounts
from curation.apis import BodyTooLarge, anyone, code_of
from curation.ballots.api import router as ballots
from curation.briefs.api import router as briefs
from curation.errors import CurationError
from curation.galleries.api import router as galleries
from curation.pairs.api import router as pairs
from curation.stakes.api import router as stakes
from curation.standings.api import router as standings
from generation.preferences.api import router as preferences
from generation.training.api import router as training
from generation.versions.api import router as versions

log = structlog.get_logger(__name__)
LARGEST_BODY_BYTES = 24_576  # a sign-in by an undeployed wallet is the largest thing said here


class BoundedParser(Parser):
    """JSON of a sensible size; the web process stops what is larger still before it is stored."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """The body as JSON.

        Raises:
            BodyTooLarge: it is longer than anything the API takes.
        """
        said = request.META.get("CONTENT_LENGTH") or "0"
        if not said.isdigit() or int(said) > LARGEST_BODY_BYTES:
            raise BodyTooLarge(f"A request has at most {LARGEST_BODY_BYTES:,} bytes here.")
        if len(request.body) > LARGEST_BODY_BYTES:
            raise BodyTooLarge(f"A request has at most {LARGEST_BODY_BYTES:,} bytes here.")
        try:
            return super().parse_body(request)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


api = NinjaAPI(
    title="Salon",
    version="1",
    description="Briefs, rounds, candidates and members. Lists are paged by `cursor`; errors are "
    "`application/problem+json`. Signing in is described in docs/sign-in.md.",
    urls_namespace="api",
    auth=anyone,
    parser=BoundedParser(),
    docs=Swagger(settings={"tryItOutEnabled": False}),
    docs_decorator=require_safe,
)
api.add_router("", accounts)
api.add_router("", briefs)
api.add_router("", galleries)
api.add_router("", stakes)
api.add_router("", standings)
api.add_router("", ballots)
api.add_router("", pairs)
api.add_router("", anchors)
api.add_router("", staking)
api.add_router("", preferences)
api.add_router("", versions)
api.add_router("", training)


def problem(
    status: int,
    *,
    code: str,
    detail: str,
    retry_after_s: int | None = None,
    members: dict[str, Any] | None = None,
) -> HttpResponse:
    """An `application/problem+json` answer (RFC 9457); `members` extend it (§3.2)."""
    body = {
        **(members or {}),
        "type": f"{reverse('api:openapi-view')}#problem-{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    response = JsonResponse(body, status=status, content_type="application/problem+json")
    response["Cache-Control"] = "no-store"
    if retry_after_s is not None:
        response["Retry-After"] = str(retry_after_s)
    return response


@api.exception_handler(CurationError)
def _refused(request: HttpRequest, error: CurationError) -> HttpResponse:
    return problem(
        getattr(error, "status", HTTPStatus.UNPROCESSABLE_ENTITY),
        code=code_of(error),
        detail=str(error) or (error.__doc__ or "").splitlines()[0],
        retry_after_s=getattr(error, "retry_after_s", None),
        members=getattr(error, "members", None),
    )


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    places = [
        f"{'.'.join(str(part) for part in item['loc'][1:])}: {item['msg']}"
        for item in error.errors[:5]
    ]
    return problem(422, code="request-invalid", detail="; ".join(places)[:500])


@api.exception_handler(Http404)
def _missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(404, code="not-found", detail="There is nothing under this address.")


@api.exception_handler(RequestDataTooBig)
def _too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return problem(413, code="body-too-large", detail="The request is too large.")


@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    if isinstance(error.__cause__, CurationError):  # what our parser said of a body
        return _refused(request, error.__cause__)
    return problem(error.status_code, code="request-unreadable", detail=str(error))


@api.exception_handler(Exception)
def _broken(request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("an API request failed", path=request.path, exc_info=error)
    return problem(500, code="broken", detail="Our fault. It is noted; try again in a minute.")
