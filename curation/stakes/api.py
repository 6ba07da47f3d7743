"""Proofs and stakes as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema

from curation.accounts.rules import checksum_address
from curation.apis import PAGE, Limit, PageOut, answers, keyset
from curation.galleries.selectors import shown
from curation.stakes.models import Stake, Winner
from curation.stakes.panels import RoundOnChain
from curation.stakes.rules import Phase
from curation.stakes.selectors import anchor_of, staked_candidates, staked_in

router = Router(tags=["stakes"])
HASH = "32 bytes in lower-case hex, without 0x; empty while unknown"
WEI = "in the token's smallest unit, as a decimal string"


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
    found = get_object_or_404(shown(), digest=digest)
    anchor = anchor_of(found)
    if anchor is None:
        raise Http404
    return {"digest": digest, **vars(anchor)}


class BehindOut(Schema):
    """What is behind one candidate of a round."""

    candidate: str = Field(alias="digest")
    staked: str = Field(description=WEI)
    stakers: int

    @staticmethod
    def resolve_staked(row: Any) -> str:
        return str(int(row.staked_wei))


class ResultOut(Schema):
    """A winner, proposed or settled."""

    place: int
    candidate: str = Field(alias="digest")
    share_bps: int = Field(description="of the pool, in basis points")


class RoundStakesOut(PageOut[BehindOut]):
    """A round as the contract has it; times are the chain's. A page of what is staked, by
    candidate; candidates that are not on show are in the sums alone.
    """

    round: int
    phase: Phase = Field(
        description="`open` takes stakes, `judging` waits for a result, `proposed` can be vetoed, "
        "`due` can be settled by anyone, then `settled`; or `refundable`"
    )
    pool: str = Field(description=WEI)
    staked: str = Field(description=WEI)
    staking_deadline: datetime
    result_deadline: datetime
    settles_at: datetime | None
    winners: list[ResultOut]


class StakeOut(Schema):
    """What a member has or had behind a candidate."""

    round: int = Field(alias="round_id")
    candidate: str = Field(alias="digest")
    staked: str = Field(description=WEI)
    withdrawn: str = Field(description=f"principal taken out: nothing or all of it; {WEI}")
    reward: str = Field(description=f"taken out with it; {WEI}")

    @staticmethod
    def resolve_staked(row: Any) -> str:
        return str(int(row.staked_wei))

    @staticmethod
    def resolve_withdrawn(row: Any) -> str:
        return str(int(row.withdrawn_wei))

    @staticmethod
    def resolve_reward(row: Any) -> str:
        return str(int(row.reward_wei))


@router.get("/rounds/{int:round_id}/stakes", response=answers(RoundStakesOut, 400, 404, 422, 429))
def round_stakes(request: HttpRequest, round_id: int, cursor: str = "", limit: Limit = PAGE) -> Any:
    """Pool, result and stakes of a round; 404 when it is not on the chain."""
    if (found := RoundOnChain.of(round_id)) is None:
        raise Http404
    return {
        **keyset(staked_candidates(round_id), cursor=cursor, limit=limit),
        "round": round_id,
        "phase": found.phase,
        "pool": str(found.pool_wei),
        "staked": str(staked_in(round_id)[0]),
        "staking_deadline": found.row.staking_deadline,
        "result_deadline": found.row.result_deadline,
        "settles_at": found.row.settles_at,
        "winners": list(Winner.objects.filter(round=round_id).order_by("place")),
    }


@router.get("/members/{address}/stakes", response=answers(PageOut[StakeOut], 400, 422, 429))
def member_stakes(request: HttpRequest, address: str, cursor: str = "", limit: Limit = PAGE) -> Any:
    """What an address has or had in rounds, as the chain tells everybody, latest first."""
    found = Stake.objects.filter(address=checksum_address(address))
    return keyset(found, cursor=cursor, limit=limit)
