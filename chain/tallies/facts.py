"""Collects what a tally needs to know of the chain, from final blocks and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from chain.indexer.models import Block, Progress
from chain.operator.heads import chain_id, look
from chain.operator.models import Deployment, Transaction
from chain.operator.selectors import CURATION, deployment
from chain.tallies.errors import NotReady
from chain.tallies.models import Snapshot
from chain.tallies.selectors import kin, newest_anchor, principal_at, roots_on_chain
from chain.tallies.sending import unfinished
from chain.tallies.snapshots import check_snapshot
from curation.ballots.models import Ballot
from curation.galleries.models import Round
from curation.stakes.models import Activity, AnchoredBatch, AnchoredCandidate, ChainRound, Stake
from curation.standings import facts as wanted

State = ChainRound.State
REASONS = {
    State.PROPOSED: "Another result was proposed on the chain.",
    State.SETTLED: "Another result was settled on the chain.",
}
VETOED = "A result was vetoed on the chain: everything can be taken back."
CANCELLED = "The round was cancelled on the chain: everything can be taken back."
MISSED = "No result was proposed on the chain in time: everything can be taken back."
UNKNOWN = "The round was not opened on the chain."


def why_not_ready(round_: Round) -> str:
    """What the tally of a closed round waits for, in words; empty when nothing. Asks no node."""
    contract = deployment(CURATION)
    if contract is None:
        return ""
    on_chain = ChainRound.objects.filter(pk=round_.pk).first()
    if on_chain is None:
        return _why_unknown(round_, contract)
    final = _final_block()
    if final is None or final.at < on_chain.staking_deadline:
        return "The last stakes are not final yet."
    if on_chain.state != State.OPEN:
        return "" if _end_of(on_chain, final) else "How the round ended is not final yet."
    if final.at >= on_chain.result_deadline or _has_last_root(on_chain):
        return ""
    return "The root over all ballots is not final on the chain yet."


def chain_facts(*, round_id: int) -> wanted.ChainFacts:
    """What final blocks say of a closed round whose ballots are all under a root.

    The indexer waits while this reads, so that all of it is of one moment.

    Raises:
        Round.DoesNotExist: there is no such round.
        NotReady: something is not final, or not there yet.
        NodeUnreachable, NodeRefused: the snapshot's block could not be looked up.
    """
    round_ = Round.objects.get(pk=round_id)
    snapshot = Snapshot.objects.filter(pk=round_id, chain_id=chain_id()).first()
    if snapshot is not None:
        check_snapshot(snapshot=snapshot, view=look())
    with transaction.atomic():
        Progress.objects.select_for_update().filter(pk=chain_id()).first()
        if why := why_not_ready(round_):
            raise NotReady(f"Round {round_id} cannot be tallied yet. {why}")
        return _collected(round_, snapshot)


def _collected(round_: Round, snapshot: Snapshot | None) -> wanted.ChainFacts:
    contract, final = deployment(CURATION), _final_block()
    if contract is None:
        return wanted.ChainFacts(chain_id=chain_id(), contract="")
    on_chain = ChainRound.objects.filter(pk=round_.pk).first()
    facts = wanted.ChainFacts(chain_id=chain_id(), contract=contract.address)
    if on_chain is None or final is None:
        return replace(facts, refundable=UNKNOWN)
    refundable = _end_of(on_chain, final)
    roots = roots_on_chain(round_.pk, until=final.number)
    anchor = newest_anchor(round_.pk)
    if anchor is not None and not refundable and (not roots or roots[-1] != anchor.root):
        raise NotReady(f"Round {round_.pk} cannot be tallied yet. Its last root is not final.")
    stakes = Stake.objects.filter(round=round_).order_by("address", "digest")
    return replace(
        facts,
        **_weights(round_, snapshot),
        stakes=[
            (address, digest, int(wei))
            for address, digest, wei in stakes.values_list("address", "digest", "staked_wei")
        ],
        pool_wei=int(on_chain.pool_wei),
        anchored=_anchored(round_, final),
        roots=roots,
        refundable=refundable,
    )


def _weights(round_: Round, snapshot: Snapshot | None) -> dict[str, Any]:
    """Snapshot, principal and kin of everybody who cast a ballot."""
    if snapshot is None:
        return {}
    cast = Ballot.objects.filter(round=round_).order_by()
    voters = sorted(cast.values_list("voter__address", flat=True).distinct())
    principal_wei = principal_at(voters, snapshot)
    return {
        "snapshot": wanted.Snapshot(
            block=snapshot.block_number, hash=snapshot.block_hash, at=snapshot.at
        ),
        "principal_wei": principal_wei,
        "kin": kin(voters, snapshot, principal_wei),
    }


def _anchored(round_: Round, final: Block) -> frozenset[str]:
    """Candidates of which a final block has the batch."""
    batches = AnchoredBatch.objects.filter(round=round_, block_number__lte=final.number)
    found = AnchoredCandidate.objects.filter(
        candidate__round=round_, batch__root__in=batches.values("root")
    )
    return frozenset(found.values_list("candidate__digest", flat=True))


def _final_block() -> Block | None:
    """The newest block that was followed and is final."""
    progress = Progress.objects.filter(pk=chain_id()).first()
    return None if progress is None else Block.objects.filter(pk=progress.final_block).first()


def _has_last_root(on_chain: ChainRound) -> bool:
    """Whether the chain's last root is that over all ballots, and no older one can follow."""
    anchor = newest_anchor(on_chain.pk)
    if anchor is None:
        return True
    return on_chain.ballots_root == anchor.root and not unfinished(on_chain.pk).exists()


def _end_of(on_chain: ChainRound, final: Block) -> str:
    """Why the chain takes no more roots and no result of a round, for good; empty if it does,
    or if that may still be taken back.
    """
    if on_chain.state == State.OPEN:
        return MISSED if final.at >= on_chain.result_deadline else ""
    kinds = Activity.Kind
    happened = Activity.objects.filter(
        round=on_chain.pk,
        kind__in=[kinds.PROPOSED, kinds.VETOED, kinds.CANCELLED],
        block_number__lte=final.number,
    )
    ends = set(happened.values_list("kind", flat=True))
    if on_chain.state == State.REFUNDABLE:
        ending = {kinds.VETOED: VETOED, kinds.CANCELLED: CANCELLED}
        return next((words for kind, words in ending.items() if kind in ends), "")
    return REASONS[State(on_chain.state)] if kinds.PROPOSED in ends else ""


def _why_unknown(round_: Round, contract: Deployment) -> str:
    """Whether a round that the indexer has not seen on the chain may turn up there."""
    sent = Transaction.objects.filter(
        chain_id=chain_id(), to=contract.address, purpose=f"open round {round_.pk}"
    ).first()
    if sent is None or sent.status == Transaction.Status.FAILED:
        return ""
    until = round_.closes_at + timedelta(hours=settings.RESULT_HOURS)
    final = _final_block()  # it may be behind, and the chain's clock may be ahead of ours
    has_read = final and until < final.at and (sent.block_number or 0) <= final.number
    if has_read and until < timezone.now():
        return ""
    return "Whether the round was opened on the chain is not known yet."
