"""Registering passkeys, raising sessions with them, removing them (WebAuthn Level 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
import webauthn
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac
from webauthn.helpers import (
    options_to_json_dict,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from curation.accounts import services as accounts
from curation.accounts.models import Member
from curation.moderation import log as moderation
from curation.moderation.models import Action, Reason
from curation.passkeys import doors, rules
from curation.passkeys.challenges import consume_challenge, issue_challenge
from curation.passkeys.errors import (
    LastPasskey,
    PasskeyCopied,
    PasskeyKnown,
    PasskeyRefused,
    PasskeyUnknown,
)
from curation.passkeys.models import Passkey, PasskeyChallenge
from curation.rates import Rate, spend

ANSWERS = Rate("passkey answers by member", 30, 600)
_ENROL, _RAISE = PasskeyChallenge.Purpose.ENROL, PasskeyChallenge.Purpose.RAISE
_TIMEOUT_MS = int(rules.CHALLENGE_FOR.total_seconds() * 1000)
_MALFORMED = (WebAuthnException, ValueError, TypeError, KeyError)
_LOCKED = "Raise this session with one of your passkeys first."

log = structlog.get_logger(__name__)


def options_to_enrol(*, request: HttpRequest, member: Member) -> dict[str, Any]:
    """What `navigator.credentials.create` is asked, as JSON.

    Raises:
        PasskeyRefused: the member has passkeys, and this session was not raised with one.
    """
    _check_may_enrol(request, member)
    options = webauthn.generate_registration_options(
        rp_id=rules.rp_id(),
        rp_name="Salon",
        user_id=user_handle(member),
        user_name=member.short_address,
        user_display_name=member.shown_name,
        challenge=issue_challenge(session_key=_session(request), purpose=_ENROL),
        timeout=_TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_descriptors(member),
    )
    return options_to_json_dict(options)


def enrol_passkey(
    *, request: HttpRequest, member: Member, name: str, credential: Mapping[str, Any]
) -> Passkey:
    """Register a passkey, and raise this session with it.

    Raises:
        PasskeyRefused: the answer proves nothing, or this session may not register any.
        ChallengeOver: as `consume_challenge`.
        PasskeyKnown: it is registered already.
        TextRefused: the name is empty or too long.
        TooMany, RatesUnknown: too many answers.
    """
    spend(ANSWERS, member.address)
    said = rules.clean_key_name(name)
    answer = _read(parse_registration_credential_json, credential)
    challenge = _challenge_in(answer.response.client_data_json)
    consume_challenge(value=challenge, session_key=_session(request), purpose=_ENROL)
    try:
        verified = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=rules.rp_id(),
            expected_origin=rules.origin(),
            require_user_verification=True,
        )
    except _MALFORMED as error:
        raise _refusal(member, error) from error
    with transaction.atomic():
        # One at a time: of two that would be the first, one is.
        Member.objects.select_for_update(no_key=True).get(pk=member.pk)
        _check_may_enrol(request, member)
        row = _keep(
            member=member,
            name=said,
            credential_id=verified.credential_id,
            public_key=verified.credential_public_key,
            sign_count=verified.sign_count,
            synced=verified.credential_backed_up,
            used_at=timezone.now(),
        )
        _record(Action.PASSKEY_ADDED, row, by=member)
    doors.note_raised(request, row)
    return row


def options_to_raise(*, request: HttpRequest, member: Member) -> dict[str, Any]:
    """What `navigator.credentials.get` is asked, as JSON.

    Raises:
        PasskeyUnknown: the member has none.
    """
    if not (known := _descriptors(member)):
        raise PasskeyUnknown("You have no passkey here yet.")
    options = webauthn.generate_authentication_options(
        rp_id=rules.rp_id(),
        challenge=issue_challenge(session_key=_session(request), purpose=_RAISE),
        timeout=_TIMEOUT_MS,
        allow_credentials=known,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


def raise_session(
    *, request: HttpRequest, member: Member, credential: Mapping[str, Any]
) -> Passkey:
    """Open the panel to this session for some hours; its key changes.

    Raises:
        PasskeyRefused: the answer does not prove a passkey of this member.
        PasskeyCopied: its counter did not go on.
        ChallengeOver: as `consume_challenge`.
        TooMany, RatesUnknown: too many answers.
    """
    spend(ANSWERS, member.address)
    answer = _read(parse_authentication_credential_json, credential)
    challenge = _challenge_in(answer.response.client_data_json)
    consume_challenge(value=challenge, session_key=_session(request), purpose=_RAISE)
    handle = answer.response.user_handle
    if handle and bytes(handle) != user_handle(member):
        raise PasskeyRefused("This passkey is somebody else’s.")
    with transaction.atomic():
        theirs = Passkey.objects.select_for_update().filter(member=member)
        row = theirs.filter(credential_id=answer.raw_id).first()
        if row is None:
            raise PasskeyRefused("This passkey is not one of yours.")
        count = _verified_count(row, answer, challenge)
        copied = bool(count or row.sign_count) and count <= row.sign_count
        if copied:
            _record(Action.PASSKEY_COPIED, row, by=member, count=count)
        else:
            row.sign_count, row.used_at = count, timezone.now()
            row.save(update_fields=["sign_count", "used_at"])
    if copied:  # said after the log's line is certain
        log.warning("passkey counter went back", member=member.address, passkey=row.pk)
        raise PasskeyCopied(
            "This passkey counted less than it had before, as a copy of it would. Use another "
            "one, and have an operator remove it."
        )
    doors.note_raised(request, row)
    return row


def _verified_count(row: Passkey, answer: Any, challenge: bytes) -> int:
    """The counter in a signed answer; compared by us, once the signature is known to be good."""
    try:
        verified = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=rules.rp_id(),
            expected_origin=rules.origin(),
            credential_public_key=bytes(row.public_key),
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except _MALFORMED as error:
        raise _refusal(row.member, error) from error
    return int(verified.new_sign_count)


@transaction.atomic
def remove_passkey(*, member: Member, passkey_id: int, by: Member | None) -> None:
    """Take a passkey away, and with it whatever session was raised by it; `by` nobody is a shell.

    Raises:
        PasskeyUnknown: the member has no such one.
        LastPasskey: it is the last, and this is no shell: without one anybody who holds the
            wallet could register another.
    """
    Member.objects.select_for_update(no_key=True).get(pk=member.pk)
    theirs = Passkey.objects.filter(member=member)
    if (row := theirs.filter(pk=passkey_id).first()) is None:
        raise PasskeyUnknown("There is no such passkey.")
    if by is not None and theirs.count() == 1:
        raise LastPasskey("This is your last one. Add another first, or ask an operator.")
    _record(Action.PASSKEY_REMOVED, row, by=by)
    row.delete()
    if by is None:
        accounts.end_other_sessions(member=member, keep_key="")


@transaction.atomic
def require_passkey(*, member: Member, required: bool = True) -> None:
    """Ask this member for a passkey even where it is only offered, and end their sessions.

    Args:
        required: whether to ask; taken back, one they have is asked for all the same.
    """
    before, member.needs_passkey = member.needs_passkey, required
    member.save(update_fields=["needs_passkey"])
    moderation.record(
        action=Action.PASSKEY_REQUIRED,
        object=f"member:{member.address}",
        by=None,
        reason=Reason.OTHER,
        before={"required": before},
        after={"required": required},
    )
    accounts.end_other_sessions(member=member, keep_key="")


def user_handle(member: Member) -> bytes:
    """32 bytes by which authenticators tell members apart; they say nothing of who it is."""
    salt = "curation.passkeys.user_handle"
    return salted_hmac(salt, member.address, algorithm="sha256").digest()


def _keep(**fields: Any) -> Passkey:
    member = fields["member"]
    if Passkey.objects.filter(member=member).count() >= rules.PASSKEYS_MOST:
        raise PasskeyRefused(f"You have {rules.PASSKEYS_MOST} passkeys, the most one may have.")
    try:
        with transaction.atomic():
            return Passkey.objects.create(**fields)
    except IntegrityError as error:
        raise PasskeyKnown("This passkey is registered already.") from error


def _check_may_enrol(request: HttpRequest, member: Member) -> None:
    if Passkey.objects.filter(member=member).exists() and not doors.is_raised(request, member):
        raise PasskeyRefused(_LOCKED)


def _descriptors(member: Member) -> list[PublicKeyCredentialDescriptor]:
    ids = Passkey.objects.filter(member=member).values_list("credential_id", flat=True)
    return [PublicKeyCredentialDescriptor(id=bytes(one)) for one in ids]


def _session(request: HttpRequest) -> str:
    return request.session.session_key or ""


def _read(parse: Any, credential: Mapping[str, Any]) -> Any:
    try:
        return parse(dict(credential))
    except _MALFORMED as error:
        raise PasskeyRefused("The browser’s answer makes no sense.") from error


def _challenge_in(client_data: bytes) -> bytes:
    """What an answer says it answers; whether that was asked is another question."""
    try:
        return bytes(parse_client_data_json(client_data).challenge)
    except _MALFORMED as error:
        raise PasskeyRefused("The browser’s answer makes no sense.") from error


def _refusal(member: Member, error: Exception) -> PasskeyRefused:
    log.warning("passkey refused", member=member.address, why=str(error)[:300])
    return PasskeyRefused("The browser’s answer does not prove your passkey on this site.")


def _record(action: Action, row: Passkey, *, by: Member | None, **more: int) -> None:
    """Say in the moderators' log what became of a passkey; `before` or `after` is what it is."""
    facts = {"passkey": row.pk, "name": row.name, "sign_count": row.sign_count}
    gone = action == Action.PASSKEY_REMOVED
    moderation.record(
        action=action,
        object=f"member:{row.member.address}",
        by=by,
        reason=Reason.OTHER,
        before=facts if gone or more else None,
        after={} if gone else {**facts, **more},
    )
