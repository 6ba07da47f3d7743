"""Challenges: one row each, bound to a session and a purpose, used once within three minutes."""

from __future__ import annotations

import secrets

from django.db import transaction
from django.utils import timezone

from curation.passkeys import rules
from curation.passkeys.errors import ChallengeOver
from curation.passkeys.models import PasskeyChallenge


@transaction.atomic
def issue_challenge(*, session_key: str, purpose: str) -> bytes:
    """Hand 32 random bytes to a session; the oldest of too many are forgotten."""
    kept = PasskeyChallenge.objects.filter(session_key=session_key).order_by("-expires_at")
    surplus = list(kept.values_list("pk", flat=True)[rules.CHALLENGES_MOST - 1 :])
    PasskeyChallenge.objects.filter(pk__in=surplus).delete()
    made = PasskeyChallenge.objects.create(
        value=secrets.token_hex(32),
        session_key=session_key,
        purpose=purpose,
        expires_at=timezone.now() + rules.CHALLENGE_FOR,
    )
    return bytes.fromhex(made.value)


def consume_challenge(*, value: bytes, session_key: str, purpose: str) -> None:
    """Use up a challenge; of racing users one succeeds, and what follows may fail: it is gone.

    Raises:
        ChallengeOver: it is not this session's, was made for something else, used, or too old.
    """
    found = PasskeyChallenge.objects.filter(
        value=value.hex(), session_key=session_key, purpose=purpose
    )
    used, _ = found.filter(expires_at__gt=timezone.now()).delete()
    if not session_key or not used:
        raise ChallengeOver(
            "This question was answered before, is older than three minutes, or was another "
            "browser’s. Try again."
        )


def forget_old_challenges() -> None:
    """Delete what nobody can use any more."""
    PasskeyChallenge.objects.filter(expires_at__lte=timezone.now()).delete()
