"""Delegations: which browser key may cast ballots for which address, from when until when."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
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
    return delegation_at(did_key=did_key, address=address, at=at)


def delegation_at(*, did_key: str, address: str, at: datetime) -> Delegation:
    """The delegation by which a key may sign for an address at a moment, with key and member.

    Raises:
        KeyNotDelegated: there is none.
    """
    given = Delegation.objects.filter(
        Q(revoked_at=None) | Q(revoked_at__gt=at),
        key__did_key=did_key,
        key__member__address=address,
        key__member__is_active=True,
        accepted_at__lte=at,
        expires_at__gt=at,
    )
    found = given.select_related("key__member").order_by("-expires_at").first()
    if found is None:
        raise errors.KeyNotDelegated(
            "This browser may not sign for the address: the delegation has expired, was taken "
            "back, or never was. Sign in again."
        )
    return found


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
