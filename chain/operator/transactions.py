"""Sends the site's own transactions, each once, whatever is killed in between.

A row says what is wanted and is committed first; then the nonce, the signature and its hash; only
then is anything sent. Whoever finds a row half-way goes on from there, in `following`.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import structlog
from django.utils import timezone

from chain.client import Node, site_node
from chain.errors import NodeRefused
from chain.operator import fees, reverts
from chain.operator.errors import GasTooDear, PurposeTaken
from chain.operator.funding import fund
from chain.operator.heads import chain_id
from chain.operator.keys import Role, Signer, signer
from chain.operator.models import Transaction
from chain.operator.signing import sign_first
from curation.status import TransitionRefused, advance

Status = Transaction.Status
MOST_ATTEMPTS = 5
PAUSE = timedelta(seconds=30)  # doubled with each attempt
GAS_NUM, GAS_DEN = 6, 5  # a fifth more than estimated: state may change until it is included
KNOWN = ("already known", "already imported", "known transaction", "nonce too low")

log = structlog.get_logger(__name__)


def submit(
    *, purpose: str, to: str, data: bytes, role: Role = Role.OPERATOR, again: bool = False
) -> Transaction:
    """Have something done on the chain once: the second call with a purpose finds the first's row.

    A row that failed is begun anew, with growing pauses and at most five times; `again`, for
    people at a shell, begins it at once.

    Raises:
        KeyMissing, KeyUnusable, KeyRefused: there is no usable key of this role here.
        PurposeTaken: `again`, but with other data than what is under way or done.
        NodeUnreachable: the row is there; `follow` goes on with it.
    """
    key = signer(role)
    row, _ = Transaction.objects.get_or_create(
        chain_id=chain_id(),
        to=to,
        purpose=purpose,
        defaults={"sender": key.address, "data": data},
    )
    if row.status == Status.FAILED and (again or _may_be_retried(row)):
        _reset(row, data=data)
    elif again and row.status != Status.FAILED and bytes(row.data) != data:
        raise PurposeTaken(f"“{purpose}” is {row.status} already, with another content.")
    if row.status == Status.PENDING:
        begin(row, key)
        row.refresh_from_db()
    return row


def begin(row: Transaction, key: Signer) -> None:
    """Estimate, sign, store and send a pending transaction.

    One that would revert fails here and costs nothing. Where gas is too dear, or the node does
    not want it for a passing reason, it stays pending and says why.

    Raises:
        NodeUnreachable: the node does not answer, or is of another chain.
    """
    node = site_node()
    node.check_chain()
    try:
        gas = _estimate(node, row, key)
        offered = fees.suggested(node)
    except GasTooDear as error:
        note(row, str(error))
        return
    except NodeRefused as error:
        if reverts.is_revert(error):
            fail(row, reverts.reason(error))
        else:
            note(row, f"The node refused to estimate it: {error.message}.")
        return
    count = int(node.call("eth_getTransactionCount", key.address, "pending"), 16)
    if sign_first(row, key, gas=gas, fees=offered, next_nonce=count):
        row.refresh_from_db()
        send(node, row)


def send(node: Node, row: Transaction) -> None:
    """Hand the signed transaction to the node, which may have it already.

    Raises:
        NodeUnreachable: no answer; it may have arrived all the same.
    """
    assert row.raw is not None
    try:
        fund(node, row.sender)
        node.call("eth_sendRawTransaction", f"0x{bytes(row.raw).hex()}")
    except NodeRefused as error:
        if not any(words in error.message.lower() for words in KNOWN):
            note(row, f"The node refused it: {error.message}.")
            return
    log.info("transaction_sent", purpose=row.purpose, nonce=row.nonce, hash=row.hashes[-1])


def fail(row: Transaction, reason: str) -> None:
    """Give a transaction up, unless another process moved it first."""
    row.reason, row.tried_at, row.attempts = reason, timezone.now(), row.attempts + 1
    with suppress(TransitionRefused):
        advance(row, Transaction.GRAPH, Status.FAILED, "reason", "tried_at", "attempts")
    log.warning("transaction_failed", purpose=row.purpose, reason=reason)


def note(row: Transaction, reason: str) -> None:
    """Keep why a transaction does not get on, and say so when that is news."""
    if row.reason != reason:
        log.warning("transaction_waits", purpose=row.purpose, reason=reason)
        row.reason = reason
        row.save(update_fields=["reason"])


def _estimate(node: Node, row: Transaction, key: Signer) -> int:
    request = {"from": key.address, "data": f"0x{bytes(row.data).hex()}"}
    request |= {"to": row.to} if row.to else {}
    found = node.call("eth_estimateGas", request, "latest")  # what is pending may never come
    return int(found, 16) * GAS_NUM // GAS_DEN


def _may_be_retried(row: Transaction) -> bool:
    pause = PAUSE * 2**row.attempts
    rested = row.tried_at is None or timezone.now() >= row.tried_at + pause
    return row.attempts < MOST_ATTEMPTS and rested


def _reset(row: Transaction, *, data: bytes) -> None:
    """Begin a failed row anew. Its old hashes are over: failed transactions are final or unsent."""
    row.data, row.nonce, row.hashes, row.raw = data, None, [], None
    row.block_number, row.reason = None, ""
    fields = ("data", "nonce", "hashes", "raw", "block_number", "reason")
    advance(row, Transaction.GRAPH, Status.PENDING, *fields)
