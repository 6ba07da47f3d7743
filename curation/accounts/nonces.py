"""Nonces: one row each, bound to a session, used once within five minutes."""

from __future__ import annotations

import secrets
import string
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from curation.accounts.errors import NonceUnknown
from curation.accounts.models import SignInNonce

LIFETIME = timedelta(minutes=5)
PER_SESSION = 8  # several tabs may be signing in at once
_ALPHABET = string.ascii_letters + string.digits
_REFUSED = (
    "This message was used before, is older than five minutes, or was made for another browser. "
    "Sign in again."
)


@transaction.atomic
def issue_nonce(*, session_key: str) -> str:
    """Hand a fresh nonce to a session: 22 alphanumeric characters, 130 bits."""
    kept = SignInNonce.objects.filter(session_key=session_key).order_by("-expires_at")
    surplus = kept.values("pk")[PER_SESSION - 1 :]
    SignInNonce.objects.filter(pk__in=list(surplus.values_list("pk", flat=True))).delete()
    made = SignInNonce.objects.create(
        value="".join(secrets.choice(_ALPHABET) for _ in range(22)),
        session_key=session_key,
        expires_at=timezone.now() + LIFETIME,
    )
    return made.value


def check_nonce(*, nonce: str, session_key: str) -> None:
    """Look whether a nonce would be accepted, before anything costly is done for it.

    Raises:
        NonceUnknown: it would not.
    """
    living = SignInNonce.objects.filter(expires_at__gt=timezone.now())
    if not session_key or not living.filter(value=nonce, session_key=session_key).exists():
        raise NonceUnknown(_REFUSED)


def consume_nonce(*, nonce: str, session_key: str) -> None:
    """Use up a nonce, and with it every other of its session; of racing users one succeeds.

    Raises:
        NonceUnknown: it is not this session's, was used, or is too old.
    """
    with connection.cursor() as cursor:
        # All of a session's rows in one order: two of its nonces used at once never deadlock.
        cursor.execute(
            "WITH held AS (SELECT value FROM curation_signinnonce WHERE session_key = %s"
            " ORDER BY value FOR UPDATE)"
            " DELETE FROM curation_signinnonce USING held"
            " WHERE curation_signinnonce.value = held.value"
            " RETURNING curation_signinnonce.value, expires_at",
            [session_key],
        )
        used = dict(cursor.fetchall())
    if nonce not in used or used[nonce] <= timezone.now():
        raise NonceUnknown(_REFUSED)


def forget_nonces(*, session_key: str) -> None:
    """Make a session's nonces useless."""
    SignInNonce.objects.filter(session_key=session_key).delete()


def forget_old_nonces() -> None:
    """Delete what nobody can use any more."""
    SignInNonce.objects.filter(expires_at__lte=timezone.now()).delete()
