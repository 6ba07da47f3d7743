"""Sends the roots over ballots to the chain; the newest of a round ends up last there."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from chain.indexer.models import Progress
from chain.operator.calls import call
from chain.operator.heads import chain_id, look
from chain.operator.models import Transaction
from chain.operator.selectors import CURATION, address_of, deployment
from chain.operator.transactions import submit
from chain.tallies.gathering import gather_ballots
from chain.tallies.selectors import anchors_to_send, rounds_with_old_news
from curation.ballots.models import BallotAnchor
from curation.stakes.models import ChainRound

Status = Transaction.Status


def anchor_ballots_that_wait() -> None:
    """Gather what waited for long enough in open rounds, and send every newest root.

    Raises:
        NodeUnreachable, KeyMissing, KeyUnusable, KeyRefused: as `submit`.
    """
    on_chain = ChainRound.objects.filter(state=ChainRound.State.OPEN)
    if deployment(CURATION) is None or not on_chain.exists():
        return
    patience = timedelta(seconds=settings.BALLOT_ANCHOR_S)
    for round_id in rounds_with_old_news(timezone.now() - patience):
        gather_ballots(round_id=round_id)
    if anchors_to_send():
        for anchor in anchors_to_send(look().at):
            anchor_ballots(anchor=anchor)


def anchor_ballots(*, anchor: BallotAnchor) -> Transaction:
    """Send a root; one under way, or included and not seen by the indexer yet, is not sent again.

    One that the indexer has seen and that is not the last was overtaken by an older one, which
    waited for gas or lost its nonce: it is sent once more.

    Raises:
        NotDeployed, NodeUnreachable, KeyMissing, KeyUnusable, KeyRefused: as `submit`.
    """
    base = f"{purpose_of(anchor.round_id)}{anchor.root}"
    seen = _seen(base)
    data = call(CURATION, "anchorBallots", anchor.round_id, bytes.fromhex(anchor.root))
    purpose = f"{base} again {seen}" if seen else base
    return submit(purpose=purpose, to=address_of(CURATION), data=data)


def unfinished(round_id: int) -> QuerySet[Transaction]:
    """Roots of a round that may still be included, or leave their block."""
    under_way = [Status.PENDING, Status.SENT, Status.INCLUDED]
    return _ours(purpose_of(round_id)).filter(status__in=under_way)


def purpose_of(round_id: int) -> str:
    """How the purposes of all transactions begin that anchor a round's ballots."""
    return f"anchor ballots of round {round_id}: "


def _seen(purpose: str) -> int:
    """How often something was done in blocks that the indexer has read."""
    progress = Progress.objects.filter(pk=chain_id()).first()
    done = _ours(purpose).filter(status__in=[Status.INCLUDED, Status.FINAL], reason="")
    return done.filter(block_number__lt=progress.next_block).count() if progress else 0


def _ours(purpose: str) -> QuerySet[Transaction]:
    to = address_of(CURATION)
    return Transaction.objects.filter(chain_id=chain_id(), to=to, purpose__startswith=purpose)
