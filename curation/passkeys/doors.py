"""Whether a session was raised with a passkey, and whether it has to be."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from curation.accounts.models import Member
from curation.passkeys import rules
from curation.passkeys.models import Passkey

RAISED_AT = "raised_at"  # ISO time, in the session
RAISED_BY = "raised_by"  # id of the passkey


def needs_passkey(member: Member) -> bool:
    """Whether the panel opens to a member with a passkey only; whoever has one has to use it."""
    required = settings.STAFF_PASSKEYS == "required" or member.needs_passkey
    return required or Passkey.objects.filter(member=member).exists()


def is_raised(request: HttpRequest, member: Member) -> bool:
    """Whether this session was raised lately, with a passkey that the member still has."""
    at, by = request.session.get(RAISED_AT), request.session.get(RAISED_BY)
    if not at or timezone.now() - datetime.fromisoformat(at) > rules.RAISED_FOR:
        return False
    return Passkey.objects.filter(pk=by or 0, member=member).exists()


def may_pass(request: HttpRequest, member: Member) -> bool:
    """Whether the panel opens now."""
    return is_raised(request, member) or not needs_passkey(member)


def note_raised(request: HttpRequest, passkey: Passkey) -> None:
    """Raise the session; its key changes, so that one which was read before is worth nothing."""
    request.session.cycle_key()
    request.session[RAISED_AT] = timezone.now().isoformat()
    request.session[RAISED_BY] = passkey.pk
    request.session.save()
