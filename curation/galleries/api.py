"""Rounds and candidates as JSON. What is sealed while a round is open is absent until it closes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, ModelSchema, Router, Schema

from curation.apis import PAGE, Limit, PageOut, answers, keyset
from curation.briefs.models import Brief
from curation.galleries.models import Candidate, Round
from curation.galleries.selectors import hanging, shown
from curation.validators.selectors import as_facts

router = Router(tags=["rounds and candidates"])


class RoundOut(ModelSchema):
    """A round."""

    id: int
    brief: str = Field(alias="brief.slug")
    url: str = Field(alias="get_absolute_url")

    class Meta:
        model = Round
        fields = (
            "number",
            "status",
            "opened_at",
            "closes_at",
            "closed_at",
            "candidates_wanted",
            "candidates_count",
        )


class CandidateOut(ModelSchema):
    """A candidate as it hangs on the wall."""

    round: int = Field(alias="round_id")
    url: str = Field(alias="get_absolute_url")
    picture: str = Field(alias="file_url")
    thumbnail: str = Field(alias="thumbnail_url")

    class Meta:
        model = Candidate
        fields = (
            "digest",
            "published_at",
            "agent",
            "prompt",
            "negative_prompt",
            "primitives",
            "scheduler",
            "steps",
            "guidance",
            "width",
            "height",
            "size_bytes",
        )


class Unsealed(Schema):
    """What is known of a candidate only once its round has closed."""

    model_version: str
    base_hash: str
    adapter_hash: str
    seed: str = Field(description="decimal; too large for some languages' numbers")
    job_key: str
    worker: str
    libraries: dict[str, str]
    timings: dict[str, float]
    verdicts: list[dict[str, Any]]
    parents: list[str] = Field(description="digests")


class CandidateDetail(CandidateOut):
    """A candidate with all that made it; `unsealed` is null while its round is open."""

    closes_at: datetime
    unsealed: Unsealed | None


@router.get("/rounds", response=answers(PageOut[RoundOut], 400, 422, 429))
def rounds(
    request: HttpRequest,
    brief: str = "",
    status: Round.Status | None = None,
    cursor: str = "",
    limit: Limit = PAGE,
) -> Any:
    """Rounds, of one brief or of all."""
    found = Round.objects.exclude(brief__status=Brief.Status.WITHDRAWN).select_related("brief")
    if brief:
        found = found.filter(brief__slug=brief[:80])
    if status is not None:
        found = found.filter(status=status)
    return keyset(found, cursor=cursor, limit=limit)


@router.get("/rounds/{int:round_id}", response=answers(RoundOut, 404, 429))
def round_(request: HttpRequest, round_id: int) -> Any:
    """One round."""
    return get_object_or_404(Round.objects.select_related("brief"), pk=round_id)


@router.get(
    "/rounds/{int:round_id}/candidates", response=answers(PageOut[CandidateOut], 400, 404, 422, 429)
)
def candidates(request: HttpRequest, round_id: int, cursor: str = "", limit: Limit = PAGE) -> Any:
    """What hangs on a round's wall."""
    return keyset(hanging(get_object_or_404(Round, pk=round_id)), cursor=cursor, limit=limit)


@router.get("/candidates/{digest:digest}", response=answers(CandidateDetail, 404, 429))
def candidate(request: HttpRequest, digest: str) -> Any:
    """One candidate."""
    found: Any = get_object_or_404(shown(), digest=digest)
    found.closes_at = found.round.closes_at
    found.unsealed = None if found.round.is_open else _unsealed(found)
    return found


def _unsealed(candidate: Candidate) -> dict[str, Any]:
    fields = (*Candidate.SEALED, "worker", "libraries", "timings")
    return {
        **{name: getattr(candidate, name) for name in fields},
        "seed": str(candidate.seed),
        "verdicts": as_facts(candidate),
        "parents": list(candidate.parents.values_list("digest", flat=True)),
    }
