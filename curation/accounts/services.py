"""Writes about members: signing in and out, names, roles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from curation.accounts import delegations, errors, messages, nonces, sessions, signatures
from curation.accounts.delegations import revoke_delegation
from curation.accounts.known_keys import WELL_KNOWN
from curation.accounts.models import Delegation, Member, MemberSession
from curation.accounts.rules import checksum_address, clean_name
from curation.accounts.selectors import session_handle
from curation.accounts.signals import member_signed_in
from curation.clients import client_of, origin_of
from curation.rates import Rate, spend

BACKEND = "curation.accounts.backends.AddressBackend"
PER_CLIENT = Rate("sign-in by client", 60, 60)


@dataclass(frozen=True, slots=True)
class ComposedMessage:
    """A message to sign, and what it means in plain sentences."""

    text: str
    nonce: str
    expires_at: datetime
    explanation: list[str]


def compose_message(
    *, address: str, session_key: str, did_key: str = "", origin: str = ""
) -> ComposedMessage:
    """Write the message an address is to sign, with a fresh nonce of this session.

    On another origin than the site's no browser key is delegated to: ballots are the site's.

    Raises:
        AddressInvalid: the address is none.
        KeyInvalid: the browser key is none.
    """
    if did_key:
        delegations.check_key(did_key)
    listed = did_key if origin in ("", settings.SITE_URL) else ""
    nonce = nonces.issue_nonce(session_key=session_key)
    message = messages.compose(
        address=checksum_address(address),
        nonce=nonce,
        did_key=listed,
        now=timezone.now(),
        origin=origin,
    )
    return ComposedMessage(
        text=message.prepare_message(),
        nonce=nonce,
        expires_at=messages.instant(message.expiration_time or ""),
        explanation=messages.explain(message=message),
    )


def sign_in(
    *, request: HttpRequest, message: str, signature: str, delegation_proof: str = ""
) -> Member:
    """Sign a browser in by a signed EIP-4361 message; its session key changes.

    Raises:
        SignInRefused: the error of the first guard that failed.
        NodeUnreachable: a contract wallet's signature cannot be checked now.
        TooMany, RatesUnknown: the client or the address tries too often.
    """
    spend(PER_CLIENT, client_of(request))
    origin = origin_of(request)
    read = messages.read(message, now=timezone.now(), origin=origin)
    if read.did_key and origin != settings.SITE_URL:
        raise errors.KeyInvalid("Nothing is delegated on the moderators’ host.")
    if read.address in WELL_KNOWN and not settings.DEMO_WALLET:
        raise errors.AddressRefused("Everybody has the key of this address. Use your own.")
    delegations.check_proof(read, delegation_proof)
    session_key = request.session.session_key or ""
    nonces.check_nonce(nonce=read.nonce, session_key=session_key)
    # May ask a node: before, not within, the transaction.
    kind = signatures.verify(
        address=read.address,
        digest=signatures.personal_digest(message),
        signature=signature,
        client=client_of(request),
    )
    try:
        return _admit(
            request=request, read=read, signature=signature, proof=delegation_proof, kind=kind
        )
    except errors.MemberBarred:
        request.session[sessions.BARRED] = read.address  # they proved who they are: see appeals
        raise


@transaction.atomic
def _admit(
    *,
    request: HttpRequest,
    read: messages.ReadMessage,
    signature: str,
    proof: str,
    kind: Delegation.Kind,
) -> Member:
    """Consume the nonce and begin a session: of racing copies of one message, one gets here."""
    nonces.consume_nonce(nonce=read.nonce, session_key=request.session.session_key or "")
    now = timezone.now()
    member, _ = Member.objects.get_or_create(address=read.address)
    if not member.is_active:
        raise errors.MemberBarred(
            "This address was banned from the site. You can appeal at /appeal/ in this browser."
        )
    browser = request.headers.get("User-Agent", "").replace("\0", "")[:200]
    _take_back_delegation(request)
    delegation = None
    if read.did_key:
        delegation = delegations.record(
            member=member,
            read=read,
            signature=signature,
            proof=proof,
            kind=kind,
            browser=browser,
            now=now,
        )
    request.session.flush()  # nothing of whoever was here before is carried over
    login(request, member, backend=BACKEND)
    request.session[sessions.BROWSER] = browser
    request.session[sessions.SINCE] = now.isoformat()
    request.session[sessions.DELEGATION] = delegation.pk if delegation else None
    request.session.set_expiry(read.expires_at)
    request.session.save()
    transaction.on_commit(partial(member_signed_in.send_robust, Member, member_id=member.pk))
    return member


@transaction.atomic
def sign_out(*, request: HttpRequest) -> None:
    """End this session and take back what was delegated with it."""
    _take_back_delegation(request)
    nonces.forget_nonces(session_key=request.session.session_key or "")
    logout(request)


def _take_back_delegation(request: HttpRequest) -> None:
    """What was delegated with a session ends with it."""
    delegation_id = request.session.get(sessions.DELEGATION)
    if isinstance(request.user, Member) and delegation_id:
        revoke_delegation(member=request.user, delegation_id=delegation_id)


@transaction.atomic
def end_session(*, member: Member, handle: str) -> bool:
    """End one of a member's sessions, wherever it is, and take back what it delegated.

    Returns whether there was such a session.
    """
    rows = MemberSession.objects.filter(member=member)
    found = next((row for row in rows if session_handle(row.session_key) == handle), None)
    if found is not None:
        _end(member, found)
    return found is not None


@transaction.atomic
def end_other_sessions(*, member: Member, keep_key: str) -> int:
    """End every session of a member but one; returns how many."""
    others = list(MemberSession.objects.filter(member=member).exclude(session_key=keep_key))
    for row in others:
        _end(member, row)
    return len(others)


def _end(member: Member, row: MemberSession) -> None:
    if row.delegation_id:
        revoke_delegation(member=member, delegation_id=row.delegation_id)
    row.delete()


def rename_member(*, member: Member, name: str) -> None:
    """Set the name others see, or delete it with an empty one.

    Raises:
        TextRefused, NameRefused: the name is too long or looks like something it is not.
    """
    member.name = clean_name(name)
    member.save(update_fields=["name"])


@transaction.atomic
def grant_role(*, address: str, role: Member.Role) -> Member:
    """Make a member of staff; whoever never signed in becomes a member now.

    Raises:
        AddressInvalid: the address is none.
        AddressRefused: everybody has its key, and this is no embedded chain.
    """
    spelled = checksum_address(address)
    if spelled in WELL_KNOWN and not settings.DEMO_WALLET:
        raise errors.AddressRefused("Everybody has the key of this address.")
    member, _ = Member.objects.get_or_create(address=spelled)
    group, _ = Group.objects.get_or_create(name=role)
    member.groups.add(group)
    member.is_staff = True
    member.is_superuser = member.is_superuser or role == Member.Role.OPERATOR
    member.save(update_fields=["is_staff", "is_superuser"])
    return member


def note_ens_name(*, member_id: int, ens_name: str) -> None:
    """Remember the ENS name that resolves both ways, or that there is none."""
    Member.objects.filter(pk=member_id).update(ens_name=ens_name, ens_checked_at=timezone.now())
