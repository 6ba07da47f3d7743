"""Sends the roots of gathered batches to the chain."""

from __future__ import annotations

from django.conf import settings

from chain.anchoring.selectors import batches_to_anchor, rounds_to_gather
from chain.anchoring.services import gather_batch
from chain.operator.calls import call
from chain.operator.heads import look
from chain.operator.models import Transaction
from chain.operator.selectors import CURATION, address_of, deployment
from chain.operator.transactions import submit
from curation.stakes.models import Batch, ChainRound


def anchor_what_waits() -> None:
    """Gather what waits and send every root that the chain may still take.

    Raises:
        NodeUnreachable, KeyMissing, KeyUnusable, KeyRefused: as `submit`.
    """
    on_chain = ChainRound.objects.filter(state=ChainRound.State.OPEN)
    if deployment(CURATION) is None or not on_chain.exists():
        return
    now = look().at
    for round_ in rounds_to_gather(now):
        gather_batch(round_id=round_.pk)
    for batch in batches_to_anchor(now):
        anchor_batch(batch=batch)


def anchor_batch(*, batch: Batch) -> Transaction:
    """Anchor a batch's root; a batch that was sent is not sent again.

    Raises:
        NotDeployed, NodeUnreachable, KeyMissing, KeyUnusable, KeyRefused: as `submit`.
    """
    root = bytes.fromhex(batch.root)
    data = call(CURATION, "anchor", batch.round_id, root, batch.count, uri_of(batch))
    return submit(purpose=f"anchor {batch.root}", to=address_of(CURATION), data=data)


def uri_of(batch: Batch) -> str:
    """Where anybody can read what a batch holds."""
    return f"{settings.SITE_URL}/api/v1/batches/{batch.root}"
