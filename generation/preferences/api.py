"""Preference datasets and what became of a ballot, as JSON."""

from __future__ import annotations

from typing import Any

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema

from curation.apis import PAGE, Limit, PageOut, answers, keyset, member_of, member_only
from curation.models import Ballot
from generation.preferences import exports
from generation.preferences.models import PreferenceDataset, PreferenceRow
from generation.preferences.receipts import learning_receipts
from generation.preferences.services import fields_of

router = Router(tags=["learning"])


class DatasetOut(Schema):
    """What the ballots of a round, and some of earlier ones, teach."""

    round: int = Field(alias="round_id", description="the round it was made after")
    created_at: str
    root: str = Field(description="Merkle root over the rows' leaves; empty without rows")
    rows: int = Field(alias="rows_count")
    replayed: int = Field(alias="replayed_count", description="of these, from earlier rounds")
    ballots: int = Field(alias="ballots_count")
    voters: int = Field(alias="voters_count")
    effective_rows: float = Field(alias="effective_count", description="Kish: (Σw)² / Σw²")
    excluded: dict[str, int] = Field(description="reason → ballots of the round that do not train")
    unfit: str = Field(description="why nothing is trained on it; empty when something is")
    parameters: dict[str, float]
    files: dict[str, Any] = Field(description="`jsonl`, `parquet`: sha256 and bytes of each")

    @staticmethod
    def resolve_created_at(row: PreferenceDataset) -> str:
        return row.created_at.isoformat()


class RowOut(Schema):
    """A row as its leaf hashes it, and the leaf."""

    index: int
    round: int
    prompt: str
    chosen: str
    rejected: str
    label: float = Field(description="posterior probability that `chosen` is preferred")
    weight: float = Field(description="mean 1 over the dataset")
    replayed: bool
    ballots: list[str]
    leaf: str


class RunRef(Schema):
    """The training run a dataset was for."""

    id: int
    status: str
    reason: str


class LearningReceiptOut(Schema):
    """What became of a ballot, with a proof that needs no trust; see docs/learning.md."""

    status: str = Field(description="`waiting`, `left_out` or `in_dataset`")
    ballot: str
    why: str = Field("", description="of `waiting` and `left_out`, for people")
    row: dict[str, Any] | None = Field(None, description="hashed as canonical JSON by SHA-256")
    leaf: str = ""
    proof: list[str] = []
    root: str = ""
    rows_count: int = 0
    unfit: str = ""
    run: RunRef | None = None
    version: str | None = None


@router.get("/rounds/{int:round_id}/dataset", response=answers(DatasetOut, 404, 429))
def dataset(request: HttpRequest, round_id: int) -> Any:
    """The preference dataset made after a round; 404 until then."""
    return get_object_or_404(PreferenceDataset, round=round_id)


@router.get(
    "/rounds/{int:round_id}/dataset/rows", response=answers(PageOut[RowOut], 400, 404, 422, 429)
)
def rows(request: HttpRequest, round_id: int, cursor: str = "", limit: Limit = PAGE) -> Any:
    """The rows of a dataset, the last one first."""
    made = get_object_or_404(PreferenceDataset, round=round_id)
    page = keyset(PreferenceRow.objects.filter(dataset=made), cursor=cursor, limit=limit)
    found: Any = page["items"]
    return page | {"items": [fields_of(round_id, r.index, r) | {"leaf": r.leaf} for r in found]}


@router.get("/rounds/{int:round_id}/dataset.{kind}", include_in_schema=True)
def download(request: HttpRequest, round_id: int, kind: str) -> FileResponse:
    """The dataset as a file: `dataset.jsonl` or `dataset.parquet`."""
    made = get_object_or_404(PreferenceDataset, round=round_id)
    if kind not in made.files:
        raise Http404(f"There is no {kind} of this dataset.")
    stored = made.files[kind]
    response = FileResponse(
        default_storage.open(stored["name"]),
        as_attachment=True,
        filename=f"salon-round-{round_id}-preferences.{kind}",
        content_type=exports.TYPES[kind],
    )
    response["ETag"] = f'"{stored["sha256"]}"'
    return response


@router.get(
    "/ballots/{digest:digest}/learning",
    auth=member_only,
    response=answers(list[LearningReceiptOut], 401, 404, 429),
)
def learning(request: HttpRequest, digest: str) -> Any:
    """What one's own ballot went into, newest dataset last; others' are not found."""
    return learning_receipts(get_object_or_404(Ballot, digest=digest, voter=member_of(request)))
