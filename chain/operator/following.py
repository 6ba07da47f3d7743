"""Follows what was sent until it is final: receipts, reorgs, lost mempools, fees that are too low.

The scheduler calls `follow` every few seconds. Every step is found out from the chain and safe to
repeat; two processes that follow at once only ask twice.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from chain.errors import NodeRefused
from chain.operator import fees, reverts
from chain.operator.errors import GasTooDear, TransactionFailed, TransactionSlow
from chain.operator.heads import View, chain_id, look
from chain.operator.keys import signer_of
from chain.operator.models import Deployment, Transaction
from chain.operator.signing import fees_of, sign_again
from chain.operator.transactions import begin, note, send, submit
from curation.status import TransitionRefused, advance

Status = Transaction.Status
STUCK = timedelta(seconds=60)  # five blocks of Ethereum
POLL_S = 0.1
FILLER = "fill nonce"

log = structlog.get_logger(__name__)


def follow() -> None:
    """Look once after everything that is not final yet.

    Raises:
        NodeUnreachable: the node does not answer; nothing is lost.
    """
    unfinished = _of_this_chain().exclude(status__in=[Status.FINAL, Status.FAILED])
    if not unfinished.exists() and not (settings.EMBEDDED_CHAIN and _of_this_chain().exists()):
        return
    view = look()
    if settings.EMBEDDED_CHAIN:
        _notice_lost_blocks(view)
    for row in unfinished.exclude(nonce=None).order_by("sender", "nonce"):
        _follow_one(row, view)
    _fill_gaps(view)
    for row in unfinished.filter(status=Status.PENDING):
        _resume(row)


def wait(row: Transaction, *, timeout_s: float = 120) -> Transaction:
    """Follow one transaction until it is included.

    Raises:
        TransactionFailed: it was refused; the message says why.
        TransactionSlow: it was not included in time, but may still be.
        NodeUnreachable: the node does not answer.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        if row.status == Status.PENDING:
            _resume(row)
        elif row.status != Status.FAILED:
            _follow_one(row, look())
        row.refresh_from_db()
        if row.status == Status.FAILED or (row.status == Status.INCLUDED and row.reason):
            raise TransactionFailed(f"{row.purpose}: {row.reason}")
        if row.status in {Status.INCLUDED, Status.FINAL}:
            return row
        if time.monotonic() > deadline:
            why = row.reason or "it is not in a block yet"
            raise TransactionSlow(f"{row.purpose}: {why}. It goes on by itself.")
        time.sleep(POLL_S)


def _of_this_chain() -> QuerySet[Transaction]:
    return Transaction.objects.filter(chain_id=chain_id())


def _resume(row: Transaction) -> None:
    if (key := signer_of(row.sender)) is not None:
        begin(row, key)


def _follow_one(row: Transaction, view: View) -> None:
    found = (view.receipt(tx_hash) for tx_hash in reversed(row.hashes))
    receipt = next((receipt for receipt in found if receipt is not None), None)
    try:
        if receipt is not None:
            _note_inclusion(row, view, receipt)
        elif row.status == Status.INCLUDED:
            row.block_number, row.reason, row.sent_at = None, "", timezone.now()
            advance(row, Transaction.GRAPH, Status.SENT, "block_number", "reason", "sent_at")
            log.warning("transaction_left_its_block", purpose=row.purpose)
        elif row.status == Status.SENT:
            _push(row, view)
    except TransitionRefused:  # another process saw it first
        row.refresh_from_db()


def _note_inclusion(row: Transaction, view: View, receipt: dict[str, Any]) -> None:
    number, succeeded = int(receipt["blockNumber"], 16), receipt.get("status") == "0x1"
    if row.status == Status.SENT:
        row.block_number = number
        row.reason = "" if succeeded else _why_it_failed(row, view, receipt)
        advance(row, Transaction.GRAPH, Status.INCLUDED, "block_number", "reason")
        _note_deployment(row, number)
        log.info("transaction_included", purpose=row.purpose, block=number, reason=row.reason)
    elif row.block_number != number or bool(row.reason) == succeeded:  # a reorg: all may differ
        row.block_number = number
        row.reason = "" if succeeded else _why_it_failed(row, view, receipt)
        row.save(update_fields=["block_number", "reason"])
        _note_deployment(row, number)
    if number <= view.final:
        advance(row, Transaction.GRAPH, Status.FINAL if succeeded else Status.FAILED)


def _note_deployment(row: Transaction, number: int) -> None:
    """Keep where a contract's history begins, if a reorg moved that."""
    if not row.to:
        Deployment.objects.filter(chain_id=row.chain_id, tx_hash__in=row.hashes).update(
            block_number=number
        )


def _why_it_failed(row: Transaction, view: View, receipt: dict[str, Any]) -> str:
    """Play a failed transaction again on the block before its own, and read why it reverts."""
    if row.gas is not None and int(receipt["gasUsed"], 16) >= row.gas:
        return "It ran out of gas."
    request = {"from": row.sender, "data": f"0x{bytes(row.data).hex()}"}
    request |= {"to": row.to} if row.to else {}
    try:
        view.node.call("eth_call", request, hex(int(receipt["blockNumber"], 16) - 1))
    except NodeRefused as error:
        if reverts.is_revert(error):
            return reverts.reason(error)
    return "It reverted; why cannot be found out any more."


def _push(row: Transaction, view: View) -> None:
    """Do what helps a transaction into a block: send it again, pay more, or find it overtaken."""
    assert row.nonce is not None
    assert row.sent_at is not None
    if view.final_count(row.sender) > row.nonce:
        _give_up_nonce(row)
        return
    stuck = timezone.now() - row.sent_at > STUCK and view.count(row.sender) == row.nonce
    replaced = stuck and _replace(row, view)
    if not replaced and not view.knows(row.hashes[-1]):
        send(view.node, row)


def _give_up_nonce(row: Transaction) -> None:
    """Something else was included with this nonce, for good: what is wanted needs another one."""
    row.nonce, row.hashes, row.raw = None, [], None
    gone = row.purpose.startswith(FILLER)
    row.reason = "Its nonce was used by another transaction of this key."
    to = Status.FAILED if gone else Status.PENDING
    advance(row, Transaction.GRAPH, to, "nonce", "hashes", "raw", "reason")
    log.warning("transaction_overtaken", purpose=row.purpose)


def _replace(row: Transaction, view: View) -> bool:
    """Offer more for gas; False where that is not possible."""
    if (key := signer_of(row.sender)) is None:
        note(row, "It is stuck, and this process has no key to offer more for gas.")
        return False
    try:
        offered = fees.raised(fees_of(row), fees.suggested(view.node))
    except GasTooDear as error:
        note(row, str(error))
        return False
    if sign_again(row, key, fees=offered):
        row.refresh_from_db()
        log.warning("transaction_replaced", purpose=row.purpose, times=len(row.hashes) - 1)
        send(view.node, row)
    return True


def _notice_lost_blocks(view: View) -> None:
    """Take back what the embedded chain forgot when it was killed, final or not."""
    rows = _of_this_chain()
    for sender in rows.values_list("sender", flat=True).distinct().order_by():
        later = rows.filter(sender=sender, nonce__gte=view.count(sender))
        lost = later.filter(status=Status.FINAL)
        if count := lost.update(status=Status.SENT, block_number=None, sent_at=timezone.now()):
            log.warning("chain_lost_blocks", sender=sender, transactions=count)
        later.filter(status=Status.FAILED).update(nonce=None)


def _fill_gaps(view: View) -> None:
    """Use up a nonce that nothing of ours holds and that keeps later ones from a block."""
    sent = _of_this_chain().filter(status=Status.SENT)
    for sender in sent.values_list("sender", flat=True).distinct().order_by():
        key = signer_of(sender)
        missing = view.count(sender)
        held = _of_this_chain().filter(sender=sender, nonce=missing).exists()
        waiting = sent.filter(sender=sender, nonce__gt=missing).exists()
        if key is None or held or not waiting or view.count(sender, "pending") > missing:
            continue
        log.warning("nonce_gap", sender=sender, nonce=missing)
        submit(purpose=f"{FILLER} {missing}", to=sender, data=b"", role=key.role, again=True)
