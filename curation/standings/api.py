"""Results as JSON, once they are published; and the bundle that proves them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any

from asgiref.sync import sync_to_async
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema

from curation.apis import PAGE, Limit, Problem, answers
from curation.galleries.models import Round
from curation.standings.bundle import bundle_name
from curation.standings.selectors import published_tally, standings_of

router = Router(tags=["results"])
SCORE = "log-odds of being chosen over an average candidate"


class StandingOut(Schema):
    """A candidate's place."""

    rank: int
    candidate: str = Field(alias="candidate.digest", description="digest")
    score: float = Field(description=SCORE)
    deviation: float = Field(description="±1.96 of it hold the score in 95 of 100 cases")
    comparisons: int = Field(description="ballots with a weight that had it in the pair")
    weight: float = Field(description="the sum of their weights")
    share_bps: int = Field(description="of the pool, in basis points; 0 unless it won")


class StandingsOut(Schema):
    """What a round came to. A page of it, the best first."""

    round: int
    published_at: datetime
    ballots: int = Field(alias="ballots_count", description="that were accepted")
    counted: int = Field(alias="counted_count", description="with a weight above zero")
    voters: int = Field(alias="voters_count", description="with such a ballot")
    weight: float = Field(alias="weight_total", description="of all ballots")
    effective: float = Field(
        alias="effective_count", description="as many ballots of equal weight (Kish)"
    )
    ballots_root: str = Field(description="Merkle root of all ballots, hex; empty without any")
    bundle: str = Field(alias="bundle_digest", description="SHA-256 of the bundle, hex")
    bundle_bytes: int
    no_winner: str = Field(description="why nobody won, if nobody did")
    items: list[StandingOut]
    next_cursor: str = Field(description="pass it as `cursor` for the next page; empty at the end")


class StreamedFile(FileResponse):
    """A file that is sent piece by piece; an ASGI server would read a plain one into memory."""

    block_size = 1 << 16

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = iter(self.streaming_content)  # type: ignore[arg-type]
        while piece := await sync_to_async(lambda: next(pieces, b""))():
            yield piece


@router.get("/rounds/{int:round_id}/standings", response=answers(StandingsOut, 404, 409, 422, 429))
def standings(
    request: HttpRequest,
    round_id: int,
    cursor: Annotated[int, Query(ge=0, le=2**31 - 1, description="`next_cursor`")] = 0,
    limit: Limit = PAGE,
) -> Any:
    """What a round came to; 409 before its ballots are counted."""
    round_ = get_object_or_404(Round, pk=round_id)
    tally = published_tally(round_)
    rows = list(standings_of(round_).filter(rank__gt=cursor)[: limit + 1])
    values = {name: getattr(tally, name) for name in _TALLY}
    last = rows[limit - 1].rank if len(rows) > limit else ""
    return {"round": round_id, **values, "items": rows[:limit], "next_cursor": str(last)}


_TALLY = (
    *("published_at", "ballots_count", "counted_count", "voters_count", "weight_total"),
    *("effective_count", "ballots_root", "bundle_digest", "bundle_bytes", "no_winner"),
)


@router.get(
    "/rounds/{int:round_id}/bundle",
    response={404: Problem, 409: Problem, 429: Problem},
    openapi_extra={
        "responses": {
            200: {
                "description": "the bundle, as docs/bundles.md describes it; "
                "`verify_round.py` counts it again",
                "content": {"application/json": {"schema": {"type": "object"}}},
            }
        }
    },
)
def bundle(request: HttpRequest, round_id: int) -> Any:
    """Everything from which a round can be counted again; 409 before its ballots are counted."""
    tally = published_tally(get_object_or_404(Round, pk=round_id))
    try:
        file = default_storage.open(bundle_name(tally.bundle_digest))
    except FileNotFoundError as error:
        raise Http404 from error
    name = f"round-{round_id}-{tally.bundle_digest[:12]}.json"
    response = StreamedFile(
        file, as_attachment=True, filename=name, content_type="application/json"
    )
    response["ETag"] = f'"{tally.bundle_digest}"'
    response["Content-Length"] = str(tally.bundle_bytes)
    return response
