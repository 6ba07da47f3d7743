"""Proofs as JSON."""

from __future__ import annotations

from typing import Any, Literal

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema

from curation.apis import answers
from curation.galleries.models import Candidate
from curation.stakes.selectors import anchor_of

router = Router(tags=["stakes"])
HASH = "32 bytes in lower-case hex, without 0x; empty while unknown"


class ProofOut(Schema):
    """A candidate's way to the chain."""

    digest: str
    round: int = Field(alias="round_id")
    state: Literal["waiting", "gathered", "anchored", "missed"] = Field(
        description="`waiting` for a batch, `gathered` into one, `anchored` on the chain, or "
        "`missed` the anchor deadline"
    )
    root: str = Field(description=f"the batch's Merkle root: {HASH}")
    count: int = Field(description="candidates in the batch")
    proof: list[str] = Field(description="sibling hashes, from the leaf up")
    index: int | None = Field(description="the batch's place among the round's on the chain")
    tx_hash: str = Field(description=f"the transaction that anchored the batch: {HASH}")
    block_number: int | None


@router.get("/candidates/{digest:digest}/proof", response=answers(ProofOut, 404, 429))
def proof(request: HttpRequest, digest: str) -> Any:
    """How to check that a candidate is on the chain; 404 when its round is not.

    The tree is OpenZeppelin's standard tree of `bytes32`: the leaf is the digest hashed twice with
    Keccak-256, and each sibling is hashed with what one has so far, the smaller first.
    """
    found = get_object_or_404(Candidate, digest=digest, status=Candidate.Status.PUBLISHED)
    anchor = anchor_of(found)
    if anchor is None:
        raise Http404
    return {"digest": digest, **vars(anchor)}
