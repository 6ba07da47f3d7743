"""Signing in over JSON; how is written in docs/sign-in.md."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Field, ModelSchema, Router, Schema

from curation.accounts import nonces, services
from curation.accounts.delegations import check_key
from curation.accounts.messages import STATEMENT
from curation.accounts.models import Member
from curation.accounts.rules import checksum_address
from curation.accounts.selectors import deeds_of
from curation.apis import OtherSite, Problem, answers, member_of, member_only
from curation.clients import client_of, is_same_site, origin_of
from curation.rates import Rate, spend

router = Router(tags=["members"])
NONCES = Rate("nonces by client", 120, 60)
ANONYMOUS_S = 900  # how long a browser that did not sign in is remembered: three nonces' time


class NonceOut(Schema):
    """What a client composes its own message from."""

    nonce: str = Field(description="22 alphanumeric characters; one use, five minutes")
    statement: str = Field(description="the statement, byte for byte")
    chain_id: int


class MessageIn(Schema):
    """Who is about to sign, and the browser key to delegate to, if any."""

    address: str = Field(max_length=42)
    did_key: str = Field("", max_length=80, description="did:key of a P-256 key, or empty")


class MessageOut(Schema):
    """A message to show and to sign."""

    message: str
    nonce: str
    expires_at: datetime
    explanation: list[str] = Field(description="what signing means, in plain sentences")


class SignInIn(Schema):
    """A signed message."""

    message: str
    signature: str = Field(description="0x-hex: EOA, ERC-1271 or ERC-6492")
    delegation_proof: str = Field("", description="hex of r‖s by the listed key over the nonce")


class SignInOut(Schema):
    """Who signed in."""

    address: str


class MeOut(Schema):
    """Whose session this is."""

    address: str
    name: str
    shown_name: str
    avatar: str = Field(alias="avatar_url")
    roles: list[str]
    session_expires_at: datetime
    chain_id: int


class BriefRef(Schema):
    """A brief by name."""

    slug: str
    title: str
    status: str
    url: str = Field(alias="get_absolute_url")


class MemberOut(ModelSchema):
    """A member as everybody may see them."""

    shown_name: str
    avatar: str = Field(alias="avatar_url")
    url: str = Field(alias="get_absolute_url")

    class Meta:
        model = Member
        fields = ("address", "name", "ens_name", "joined_at")


class MemberDetail(MemberOut):
    """A member and what they did in public."""

    briefs: list[BriefRef] = Field(alias="deeds")


def _session_key(request: HttpRequest) -> str:
    """This browser's session, made now when there is none."""
    if not is_same_site(request):
        raise OtherSite("Another site's page asked for this; it was refused.")
    if not request.session.session_key:
        request.session.set_expiry(ANONYMOUS_S)
        request.session.create()
    return str(request.session.session_key)


@router.get("/nonce", response=answers(NonceOut, 429, 503))
def nonce(request: HttpRequest) -> dict[str, Any]:
    """A nonce for this session; clients that compose the message themselves begin here."""
    spend(NONCES, client_of(request))
    value = nonces.issue_nonce(session_key=_session_key(request))
    return {"nonce": value, "statement": STATEMENT, "chain_id": settings.CHAIN_ID}


@router.post("/sign-in-message", response=answers(MessageOut, 422, 429, 503))
def sign_in_message(request: HttpRequest, wanted: MessageIn) -> dict[str, Any]:
    """The whole message for an address, ready to sign, with what it means."""
    spend(NONCES, client_of(request))
    address = checksum_address(wanted.address)
    if wanted.did_key:
        check_key(wanted.did_key)
    composed = services.compose_message(
        address=address,
        session_key=_session_key(request),
        did_key=wanted.did_key,
        origin=origin_of(request),
    )
    return {
        "message": composed.text,
        "nonce": composed.nonce,
        "expires_at": composed.expires_at,
        "explanation": composed.explanation,
    }


@router.post("/sign-in", response=answers(SignInOut, 400, 403, 413, 422, 429, 503))
def sign_in(request: HttpRequest, signed: SignInIn) -> dict[str, str]:
    """Begin a session; the cookie changes."""
    member = services.sign_in(
        request=request,
        message=signed.message,
        signature=signed.signature,
        delegation_proof=signed.delegation_proof,
    )
    return {"address": member.address}


@router.post("/sign-out", response={204: None, 403: Problem})
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session and take back what was delegated with it; without one, nothing happens."""
    services.sign_out(request=request)
    return HttpResponse(status=204)


@router.get("/me", auth=member_only, response=answers(MeOut, 401))
def me(request: HttpRequest) -> dict[str, Any]:
    """Who is signed in."""
    member = member_of(request)
    return {
        "address": member.address,
        "name": member.name,
        "shown_name": member.shown_name,
        "avatar_url": member.avatar_url,
        "roles": list(member.groups.values_list("name", flat=True)),
        "session_expires_at": request.session.get_expiry_date(),
        "chain_id": settings.CHAIN_ID,
    }


@router.get("/members/{address}", response=answers(MemberDetail, 404, 422, 429))
def member(request: HttpRequest, address: str) -> Any:
    """A member and what they did in public."""
    found: Any = get_object_or_404(Member, address=checksum_address(address))
    found.deeds = deeds_of(found)
    return found
