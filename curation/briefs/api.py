"""Briefs as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, ModelSchema, Router, Schema, Status

from curation.apis import PAGE, Limit, PageOut, answers, keyset, member_of, member_only
from curation.briefs.models import Brief
from curation.briefs.rules import POSTS
from curation.briefs.services import post_brief
from curation.clients import client_of
from curation.rates import spend

router = Router(tags=["briefs"])


class PosterRef(Schema):
    """Whoever posted a brief."""

    address: str
    shown_name: str


class BriefOut(ModelSchema):
    """A brief."""

    url: str = Field(alias="get_absolute_url")
    posted_by: PosterRef | None = Field(None, description="nobody: the house itself")

    class Meta:
        model = Brief
        fields = (
            "slug",
            "title",
            "purpose",
            "must",
            "must_not",
            "palette",
            "deadline",
            "rounds_planned",
            "candidates_per_round",
            "round_minutes",
            "status",
            "created_at",
        )


class BriefIn(Schema):
    """A brief to post."""

    title: str = Field(max_length=400)
    purpose: str = Field(max_length=8000)
    must: str = Field("", max_length=2000)
    must_not: str = Field("", max_length=2000)
    palette: list[str] = Field(default_factory=list, max_length=8)
    deadline: datetime | None = None
    rounds_planned: int = 3
    candidates_per_round: int = 48
    round_minutes: int = 60


def shown() -> Any:
    """Briefs everybody may see."""
    return Brief.objects.exclude(status=Brief.Status.WITHDRAWN).select_related("posted_by")


@router.get("/briefs", response=answers(PageOut[BriefOut], 400, 422, 429))
def briefs(request: HttpRequest, cursor: str = "", limit: Limit = PAGE) -> Any:
    """Every brief that was not withdrawn."""
    return keyset(shown(), cursor=cursor, limit=limit)


@router.get("/briefs/{slug}", response=answers(BriefOut, 404, 429))
def brief(request: HttpRequest, slug: str) -> Any:
    """One brief."""
    return get_object_or_404(shown(), slug=slug)


@router.post(
    "/briefs",
    auth=member_only,
    response={201: BriefOut, **answers(BriefOut, 400, 401, 403, 413, 422, 429)},
)
def post(request: HttpRequest, wanted: BriefIn) -> Any:
    """Post a brief; its first round opens within seconds."""
    spend(POSTS, client_of(request))
    return Status(201, post_brief(posted_by=member_of(request), **wanted.dict()))
