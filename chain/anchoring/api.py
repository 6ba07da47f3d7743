"""What an anchored root stands for, as JSON."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema

from chain.merkle.tree import leaf_of
from curation.apis import answers
from curation.stakes.models import AnchoredCandidate, Batch

router = Router(tags=["anchors"])


class BatchOut(Schema):
    """The candidates under one Merkle root."""

    round: int
    root: str
    count: int
    digests: list[str] = Field(description="ascending by their leaves")


@router.get("/batches/{digest:root}", response=answers(BatchOut, 404, 429))
def batch(request: HttpRequest, root: str) -> Any:
    """Everything that was gathered under a root; hash it up and compare.

    A candidate that was hidden since keeps its place, as a number that says nothing.
    """
    found = get_object_or_404(Batch, root=root)
    members = AnchoredCandidate.objects.filter(batch=found)
    digests = members.values_list("candidate__digest", flat=True)
    return {
        "round": found.round_id,
        "root": found.root,
        "count": found.count,
        "digests": sorted(digests, key=lambda digest: leaf_of(bytes.fromhex(digest))),
    }
