"""Ballots as JSON; how to make one is written in docs/ballots.md."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema, Status
from pydantic import ConfigDict, WithJsonSchema

from curation.apis import PAGE, Limit, PageOut, answers, keyset, member_of, member_only
from curation.ballots import rules
from curation.ballots.errors import BallotsSealed
from curation.ballots.models import Ballot
from curation.ballots.receipts import as_json, receipt_of, written
from curation.ballots.selectors import ballots_of_round
from curation.ballots.services import cast_ballot
from curation.ballots.typed import BallotFields, SignedBallot
from curation.clients import client_of
from curation.galleries.models import Round
from curation.standings.models import Tally

router = Router(tags=["ballots"])
# Taken as it comes and read by our own rules: 1.0 and true are no whole numbers here.
_EITHER = {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": "^[0-9]+$"}]}
Number = Annotated[Any, WithJsonSchema(_EITHER)]
DIGEST = "64 hex digits"


class BallotIn(Schema):
    """The fields that were signed, and the signature. Numbers are integers or decimal strings."""

    model_config = ConfigDict(extra="forbid")

    voter: str = Field(max_length=42, description="address")
    round: Number
    chosen: str = Field(max_length=66, description=DIGEST)
    rejected: str = Field(max_length=66, description=DIGEST)
    outcome: Number = Field(description="0 preference, 1 tie, 2 withdrawn")
    nonce: Number = Field(description="higher than that of every ballot of the voter before")
    issuedAt: Number = Field(description="seconds since 1970")  # noqa: N815 - as it is signed
    signature: str = Field(max_length=16_386, description="hex")
    signer: str = Field(max_length=80, description="`wallet`, or the did:key of a browser key")

    def as_signed(self) -> SignedBallot:
        """What the services take.

        Raises:
            BallotMalformed: a field holds something it cannot.
        """
        fields = BallotFields(
            voter=rules.address(self.voter),
            round=rules.number(self.round, name="round"),
            chosen=rules.digest(self.chosen, name="chosen"),
            rejected=rules.digest(self.rejected, name="rejected"),
            outcome=rules.number(self.outcome, name="outcome"),
            nonce=rules.number(self.nonce, name="nonce"),
            issued_at=rules.number(self.issuedAt, name="issuedAt"),
        )
        return SignedBallot(fields=fields, signer=self.signer, signature=self.signature)


class ReceiptOut(Schema):
    """The site's signed word that it took a ballot; keep it."""

    digest: str = Field(description="EIP-712 digest of the ballot, 64 hex digits")
    round: int
    voter: str
    accepted_at: str = Field(description="UTC, with microseconds")
    served: bool = Field(description="whether the site had shown the pair to the voter")
    key: str = Field(description="did:key of the site's receipt key, Ed25519")
    signature: str = Field(description="hex; over the other fields as JSON, keys sorted, no spaces")


class SignedOut(Schema):
    """A ballot as it was signed and accepted."""

    digest: str
    round: int = Field(alias="round_id")
    voter: str = Field(alias="address")
    chosen: str
    rejected: str
    outcome: int
    nonce: str
    issuedAt: int = Field(alias="issued_at")  # noqa: N815 - as it is signed
    signer: str
    signature: str

    @staticmethod
    def resolve_nonce(row: Any) -> str:
        return str(int(row.nonce))


class BallotOut(SignedOut):
    """A ballot of a round whose tally is published."""

    accepted_at: str
    served: bool
    wallet_kind: str = Field(description="`eoa`, `erc1271` or `erc6492`; empty for a browser key")
    delegation: int | None = Field(alias="delegation_id", description="one of `delegations`")
    anchor: int | None = Field(alias="anchor_index", description="the first root that covers it")
    weight: float
    why: str = Field(description="why it weighs that much")

    @staticmethod
    def resolve_accepted_at(row: Any) -> str:
        return written(row.accepted_at)

    @staticmethod
    def resolve_served(row: Any) -> bool:
        return row.pair_id is not None

    @staticmethod
    def resolve_weight(row: Any) -> float:
        return row.weight or 0.0


class DelegationOut(Schema):
    """By what a browser key was allowed to sign, with all that proves it."""

    id: int = Field(alias="pk")
    did_key: str = Field(alias="key.did_key")
    message: str = Field(description="EIP-4361, signed by the voter's wallet")
    signature: str
    kind: str
    proof: str = Field(description="the key's signature over the message's nonce")
    accepted_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class BallotsOut(PageOut[BallotOut]):
    """A page of ballots, and the delegations they lean on."""

    delegations: list[DelegationOut]


class MineOut(Schema):
    """One's own ballot with its receipt."""

    ballot: SignedOut
    receipt: ReceiptOut


@router.post(
    "/ballots",
    auth=None,  # the signature is the authority; no cookie is read
    response={201: ReceiptOut, **answers(ReceiptOut, 400, 403, 404, 409, 413, 422, 429, 503)},
)
def cast(request: HttpRequest, ballot: BallotIn) -> Any:
    """Cast a ballot: 201 with a receipt, or 200 with the same receipt for the same ballot again."""
    receipt = cast_ballot(ballot=ballot.as_signed(), client=client_of(request))
    return Status(201 if receipt.is_new else 200, as_json(receipt))


@router.get("/ballots/{digest:digest}", auth=member_only, response=answers(MineOut, 401, 404, 429))
def mine(request: HttpRequest, digest: str) -> Any:
    """One's own ballot and its receipt; others' are not found."""
    member = member_of(request)
    found: Any = get_object_or_404(Ballot, digest=digest, voter=member)
    found.address = member.address
    return {"ballot": found, "receipt": as_json(receipt_of(found, voter=member.address))}


@router.get(
    "/rounds/{int:round_id}/ballots",
    response=answers(BallotsOut, 400, 404, 409, 422, 429),
)
def ballots(request: HttpRequest, round_id: int, cursor: str = "", limit: Limit = PAGE) -> Any:
    """Every signed ballot of a round with what it weighed; 409 until the tally is published."""
    get_object_or_404(Round, pk=round_id)
    if not Tally.objects.filter(pk=round_id).exists():
        raise BallotsSealed(
            "The ballots of this round are sealed until it has closed and its tally is published."
        )
    page = keyset(ballots_of_round(round_id), cursor=cursor, limit=limit)
    rows: Any = page["items"]
    given = {row.delegation_id: row.delegation for row in rows if row.delegation_id}
    return {**page, "delegations": [given[pk] for pk in sorted(given)]}
