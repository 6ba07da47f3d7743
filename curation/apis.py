"""What every JSON endpoint shares: problems (RFC 9457), guards, keyset pages."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from ninja import Field, Schema

from curation.accounts.models import Member
from curation.clients import client_of, is_same_site
from curation.cursors import page_of
from curation.errors import CurationError
from curation.rates import Rate, spend

M = TypeVar("M", bound=Model)
T = TypeVar("T")
READS = Rate("API requests by client", 600, 60, fails_open=True)
PAGE = 24
Limit = Annotated[int, Field(ge=1, le=100, description="rows a page")]


class Problem(Schema):
    """What went wrong, as `application/problem+json`."""

    type: str = Field(description="a URI naming the kind of problem")
    title: str
    status: int
    detail: str = Field(description="what happened and what to do, for people")
    code: str = Field(description="the kind of problem as one word, for programs")


class MemberRequired(CurationError):
    """Only members may do this; sign in first."""

    status: ClassVar[int] = 401


class OtherSite(CurationError):
    """The request was made by another site's page."""

    status: ClassVar[int] = 403


class BodyTooLarge(CurationError):
    """The body is larger than anything this endpoint could mean."""

    status: ClassVar[int] = 413


def answers(schema: Any, *refusals: int) -> dict[int, Any]:
    """The `response` of an endpoint: its answer, and the problems it may have instead."""
    return {200: schema, **dict.fromkeys(refusals, Problem)}


def code_of(error: Exception) -> str:
    """`NonceUnknown` → `nonce-unknown`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", type(error).__name__).lower()


def anyone(request: HttpRequest) -> bool:
    """Let everybody read, not too often; writes must come from this site or from a program.

    Raises:
        OtherSite: another site's page asks for a change.
        TooMany: the client asks too often.
    """
    if request.method not in ("GET", "HEAD") and not is_same_site(request):
        raise OtherSite("Another site's page tried to do this in your name; it was refused.")
    spend(READS, client_of(request))
    return True


def member_only(request: HttpRequest) -> Member:
    """Let members in.

    Raises:
        MemberRequired: nobody is signed in.
        OtherSite, TooMany: as for anyone.
    """
    anyone(request)
    if not isinstance(request.user, Member):
        raise MemberRequired("Sign in first.")
    return request.user


def member_of(request: HttpRequest) -> Member:
    """Who asks, behind `member_only`."""
    assert isinstance(request.user, Member)
    return request.user


class PageOut(Schema, Generic[T]):
    """One page of a list, newest first."""

    items: list[T]
    next_cursor: str = Field(description="pass it as `cursor` for the next page; empty at the end")


def keyset(rows: QuerySet[M], *, cursor: str, limit: int) -> dict[str, object]:
    """A page of rows as `PageOut` has it.

    Raises:
        CursorInvalid: the cursor is none of ours.
    """
    items, next_cursor = page_of(rows, cursor=cursor, limit=limit)
    return {"items": items, "next_cursor": next_cursor}
