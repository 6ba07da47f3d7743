"""Preparing what wallets sign and send, and following it, as JSON."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Field, Router, Schema

from chain.operator.heads import chain_id
from chain.staking.orders import Action, Order
from chain.staking.permits import Permit
from chain.staking.preparing import prepare
from chain.staking.watching import watch
from curation.accounts.rules import checksum_address
from curation.apis import answers, member_of, member_only
from curation.clients import client_of
from curation.rates import Rate, spend

router = Router(tags=["stakes"])
PREPARES = Rate("prepared transactions by member", 60, 60)
WATCHES = Rate("followed transactions by client", 300, 60)
SIGNATURE = r"^0x[0-9a-fA-F]{128,130}$"


class PermitIn(Schema):
    """A signed ERC-2612 permit."""

    deadline: int = Field(ge=0, le=2**48, description="as it was signed; seconds since 1970")
    signature: str = Field(pattern=SIGNATURE, description="r‖s‖v, or EIP-2098's 64 bytes; 0x-hex")


class PrepareIn(Schema):
    """What a member wants done; what an action does not need is left out."""

    action: Action
    round: int = Field(0, ge=0, le=2**63 - 1)
    candidate: str = Field("", pattern="^([0-9a-f]{64})?$", description="its digest")
    amount: str = Field("", max_length=80, description="tokens as a decimal: `12.5`")
    permit: PermitIn | None = Field(None, description="for `stake`: instead of an approval")
    chain_id: int | None = Field(None, description="the wallet's; refused if it is not the site's")


class TransactionOut(Schema):
    """A transaction for `eth_sendTransaction`; the sender is the member."""

    to: str
    data: str
    value: str
    gas: str = Field(description="0x-hex; estimated, with a quarter to spare")


class PreparedOut(Schema):
    """What the wallet has to do next."""

    action: Action
    chain_id: int
    explanation: list[str] = Field(description="what it means, in plain sentences")
    transaction: TransactionOut | None = Field(description="to send")
    typed_data: dict[str, Any] | None = Field(description="to sign with `eth_signTypedData_v4`")
    first: Literal["", "permit", "approve"] = Field(
        description="ask for this action first; nothing else is there then"
    )


class SuccessorOut(Schema):
    """What was included with the same nonce."""

    hash: str
    to: str
    data: str


class WatchedOut(Schema):
    """How far a transaction has come."""

    hash: str
    state: Literal["unknown", "pending", "included", "failed", "replaced"]
    nonce: int | None
    block_number: int | None
    seen: bool = Field(description="the site shows what it did")
    final: bool = Field(description="its block stays")
    reason: str = Field(description="why it failed, in words")
    successor: SuccessorOut | None


@router.post(
    "/stakes/prepare",
    auth=member_only,
    response=answers(PreparedOut, 401, 403, 404, 409, 413, 422, 429, 503),
)
def prepare_stake(request: HttpRequest, wanted: PrepareIn) -> dict[str, Any]:
    """The call for a member's wallet, tried out on the newest block; nothing is sent.

    Staking takes one to three steps: ask for `stake`; where `first` says so, ask for `permit` and
    sign, or for `approve` and send; then ask for `stake` again, with the permit.
    """
    member = member_of(request)
    spend(PREPARES, member.address)
    permit = wanted.permit
    order = Order(
        action=wanted.action,
        address=member.address,
        round_id=wanted.round,
        digest=wanted.candidate,
        amount=wanted.amount,
        permit=Permit(permit.deadline, bytes.fromhex(permit.signature[2:])) if permit else None,
    )
    found = prepare(order, wallet_chain=wanted.chain_id)
    sent = {
        "to": found.to,
        "data": f"0x{found.data.hex()}",
        "value": hex(found.value),
        "gas": hex(found.gas or 0),
    }
    return {
        "action": found.action,
        "chain_id": chain_id(),
        "explanation": found.explanation,
        "transaction": sent if found.to else None,
        "typed_data": found.typed_data,
        "first": found.first,
    }


@router.get("/transactions/{digest:tx_hash}", response=answers(WatchedOut, 422, 429, 503))
def transaction(
    request: HttpRequest,
    tx_hash: str,
    sender: str = "",
    nonce: Annotated[int | None, Field(ge=0, le=2**64 - 1)] = None,
) -> Any:
    """How far a transaction has come, given by 64 hex digits without 0x.

    `sender` and `nonce`, once known, let it be told whether another took its place.
    """
    spend(WATCHES, client_of(request))
    return watch(tx_hash, sender=checksum_address(sender) if sender else "", nonce=nonce)
