"""Delegations: which browser key may cast ballots for which address, from when until when."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from curation.accounts import errors, keys
from curation.accounts.messages import ReadMessage
from curation.accounts.models import Delegation, Member, SessionKey


def check_key(did_key: str) -> None:
    """Make sure a did:key names a P-256 key.

    Raises:
        KeyInvalid: it does not.
    """
    keys.public_key(did_key)


def check_proof(read: ReadMessage, proof: str) -> None:
    """Make sure that the listed key is in the hands of whoever signs in.

    Raises:
        DelegationProofMissing: a key is listed without a proof, or a proof is given for no key.
        DelegationProofInvalid: the key did not sign the nonce.
    """
    if bool(read.did_key) != bool(proof):
        raise errors.DelegationProofMissing(
            "A browser key and its proof belong together; one of them is missing."
        )
    if not read.did_key:
        return
    signature = keys.signature_bytes(proof)
    made = signature and keys.signed_by(
        read.did_key, signature=signature, message=read.nonce.encode()
    )
    if not made:
        raise errors.DelegationProofInvalid("The browser key did not sign this nonce.")


def record(
    *,
    member: Member,
    read: ReadMessage,
    signature: str,
    proof: str,
    kind: Delegation.Kind,
    browser: str,
    now: datetime,
) -> Delegation:
    """Keep a delegation with all that proves it.

    Raises:
        KeyTaken: the key serves another address.
    """
    key, _ = SessionKey.objects.get_or_create(did_key=read.did_key, defaults={"member": member})
    if key.member_id != member.pk:
        raise errors.KeyTaken("This browser key serves another address. Make a new one.")
    return Delegation.objects.create(
        key=key,
        message=read.text,
        signature=signature,
        proof=proof.removeprefix("0x").lower(),
        kind=kind,
        user_agent=browser,
        issued_at=read.issued_at,
        accepted_at=now,
        expires_at=read.expires_at,
    )


def verify_delegated(
    *, did_key: str, address: str, digest: bytes, signature: bytes, at: datetime
) -> Delegation:
    """The delegation by which a key signed a 32-byte digest for an address at a moment.

    Whoever writes something because of the answer calls `hold_key` first, in the same
    transaction, and takes `at` after it: then no revocation can come in between.

    Raises:
        KeyInvalid: the did:key names no P-256 key.
        KeySignatureInvalid: the key did not sign the digest.
        KeyNotDelegated: no delegation of this address allowed it then.
    """
    if len(digest) != 32:
        raise errors.KeySignatureInvalid("A digest has 32 bytes.")
    if not keys.signed_by(did_key, signature=signature, message=digest):
        raise errors.KeySignatureInvalid("The browser key did not sign this digest.")
    given = Delegation.objects.filter(
        Q(revoked_at=None) | Q(revoked_at__gt=at),
        key__did_key=did_key,
        key__member__address=address,
        key__member__is_active=True,
        accepted_at__lte=at,
        expires_at__gt=at,
    )
    if (delegation := given.order_by("-expires_at").first()) is None:
        raise _not_delegated()
    return delegation


_HELD = """
SELECT 1 FROM curation_sessionkey WHERE did_key = %(did_key)s FOR NO KEY UPDATE;
SELECT d.id, d.accepted_at, d.expires_at, d.revoked_at, k.id, k.member_id
FROM curation_delegation d
JOIN curation_sessionkey k ON k.id = d.key_id
JOIN curation_member m ON m.id = k.member_id
WHERE k.did_key = %(did_key)s AND m.address = %(address)s AND m.is_active
AND d.accepted_at <= %(at)s AND d.expires_at > %(at)s
AND (d.revoked_at IS NULL OR d.revoked_at > %(at)s)
ORDER BY d.expires_at DESC LIMIT 1
"""


def hold_delegation(*, did_key: str, address: str) -> Delegation:
    """`hold_key` and the delegation by which the key may sign now, in one go: ballots are many.

    Of the delegation only its times and its key's member are read.

    Raises:
        KeyNotDelegated: there is none.
    """
    values: dict[str, str | datetime] = {"did_key": did_key, "address": address}
    values["at"] = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_HELD, values)
        cursor.nextset()
        found = cursor.fetchone()
    if found is None:
        raise _not_delegated()
    pk, accepted_at, expires_at, revoked_at, key_id, member_id = found
    return Delegation(
        pk=pk,
        key=SessionKey(pk=key_id, did_key=did_key, member_id=member_id),
        accepted_at=accepted_at,
        expires_at=expires_at,
        revoked_at=revoked_at,
    )


def _not_delegated() -> errors.KeyNotDelegated:
    return errors.KeyNotDelegated(
        "This browser may not sign for the address: the delegation has expired, was taken "
        "back, or never was. Sign in again."
    )


def hold_key(*, did_key: str) -> None:
    """Keep a key from being revoked until this transaction ends; a revocation waits, or is seen."""
    list(SessionKey.objects.select_for_update(no_key=True).filter(did_key=did_key))


@transaction.atomic
def revoke_delegation(*, member: Member, delegation_id: int) -> None:
    """Take back what a member delegated to a key; the same key's other delegations go with it.

    Somebody else's delegation, or one that is over, is left as it is.
    """
    mine = Delegation.objects.filter(key__member=member)
    key_ids = list(mine.filter(pk=delegation_id).values_list("key_id", flat=True))
    list(SessionKey.objects.select_for_update(no_key=True).filter(pk__in=key_ids))
    now = timezone.now()  # after the lock: whatever was accepted before it came before this
    living = Q(revoked_at=None, expires_at__gt=now)
    mine.filter(living, key__in=key_ids).update(revoked_at=now)
