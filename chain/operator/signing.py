"""Nonces and signatures: each is stored before anything is sent.

Whatever signs with a key holds the advisory lock of its address, also for a row that another key
began, so that a nonce is given once.
"""

from __future__ import annotations

from django.db import connection, transaction
from django.utils import timezone

from chain.operator.fees import Fees
from chain.operator.keys import Signer
from chain.operator.models import Transaction

Status = Transaction.Status


def sign_first(row: Transaction, key: Signer, *, gas: int, fees: Fees, next_nonce: int) -> bool:
    """Give a pending transaction the lowest free nonce from `next_nonce` on and sign it.

    False when another process did so in the meantime.
    """
    with transaction.atomic(durable=True):
        _lock(row.chain_id, key)
        fresh = Transaction.objects.select_for_update().get(pk=row.pk)
        if fresh.status != Status.PENDING:
            return False
        fresh.sender = key.address
        fresh.nonce = _free_nonce(fresh, next_nonce)
        fresh.gas = gas
        fresh.attempts += 1
        fresh.tried_at = timezone.now()
        fresh.status = Status.SENT
        _sign(fresh, key, fees)
    return True


def sign_again(row: Transaction, key: Signer, *, fees: Fees) -> bool:
    """Replace a stuck transaction: the same nonce, higher fees, one more hash.

    False when another process did so, or when it is stuck no more.
    """
    with transaction.atomic(durable=True):
        _lock(row.chain_id, key)
        fresh = Transaction.objects.select_for_update().get(pk=row.pk)
        if fresh.status != Status.SENT or fresh.hashes != row.hashes:
            return False
        _sign(fresh, key, fees)
    return True


def fees_of(row: Transaction) -> Fees:
    """What a signed transaction offers."""
    assert row.max_fee_wei is not None
    assert row.tip_wei is not None
    return Fees(max_fee_wei=int(row.max_fee_wei), tip_wei=int(row.tip_wei))


def _sign(row: Transaction, key: Signer, fees: Fees) -> None:
    fields = {
        "chainId": row.chain_id,
        "nonce": row.nonce,
        "gas": row.gas,
        "maxFeePerGas": fees.max_fee_wei,
        "maxPriorityFeePerGas": fees.tip_wei,
        "value": 0,
        "data": bytes(row.data),
    }
    signed = key.sign(fields | ({"to": row.to} if row.to else {}))
    row.max_fee_wei, row.tip_wei = fees.max_fee_wei, fees.tip_wei  # type: ignore[assignment]
    row.raw = signed.raw
    row.hashes = [*row.hashes, signed.hash]
    row.sent_at = timezone.now()
    row.reason = ""
    row.save()


def _free_nonce(row: Transaction, lowest: int) -> int:
    """The lowest nonce from `lowest` on that no transaction of ours holds: gaps are filled."""
    held = Transaction.objects.filter(
        chain_id=row.chain_id, sender=row.sender, nonce__gte=lowest
    ).values_list("nonce", flat=True)
    taken = set(held)
    while lowest in taken:
        lowest += 1
    return lowest


def _lock(chain_id: int, key: Signer) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"nonces of {key.address} on {chain_id}"],
        )
