"""What the designer is and what is going on with it, as JSON."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from generation.challenges.models import Challenge
from generation.training.models import TrainingRun
from generation.versions.models import ModelVersion

router = Router(tags=["learning"])


class RunNow(Schema):
    """The newest training run."""

    id: int
    round: int = Field(alias="dataset.round_id", description="whose votes it learns from")
    status: str
    phase: str
    step: int
    steps: int
    remaining_s: float | None
    reason: str


class TestNow(Schema):
    """The newest blind test; its figures change between rounds only."""

    challenger: str = Field(alias="challenger.slug")
    champion: str = Field(alias="champion.slug")
    status: str
    wins: int
    losses: int
    ties: int
    voters: int = Field(alias="voters_count")
    reason: str


class ModelOut(Schema):
    """What draws now, and what is to become of it."""

    live: str | None = Field(description="slug of the version that draws")
    run: RunNow | None
    challenge: TestNow | None


@router.get("/model", response=ModelOut)
def model(request: HttpRequest) -> Any:
    """The designer now."""
    live = ModelVersion.objects.filter(status=ModelVersion.Status.LIVE).first()
    return {
        "live": live and live.slug,
        "run": TrainingRun.objects.select_related("dataset").order_by("-pk").first(),
        "challenge": Challenge.objects.select_related("challenger", "champion")
        .order_by("-pk")
        .first(),
    }
