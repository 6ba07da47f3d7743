"""Proposes on the chain what a published tally says, and nothing else."""

from __future__ import annotations

from contextlib import suppress

from chain.operator.calls import call
from chain.operator.heads import look
from chain.operator.models import Transaction
from chain.operator.selectors import CURATION, address_of, deployment
from chain.operator.transactions import submit
from chain.settlement.errors import (
    NothingToPropose,
    NotTallied,
    NotYetFinal,
    ResultNotTaken,
    RoundNotOnChain,
)
from chain.settlement.selectors import tallies_to_propose
from chain.tallies.facts import why_not_ready
from curation.galleries.models import Round
from curation.stakes.models import AnchoredBatch, AnchoredCandidate, ChainRound
from curation.standings.models import Tally

State = ChainRound.State
NOTHING = bytes(32)  # no ballots were anchored
NOT_TAKEN = {
    State.PROPOSED: "It has a result, which can be vetoed and nothing else.",
    State.SETTLED: "It is settled.",
    State.REFUNDABLE: "It was cancelled or vetoed: everything in it can be taken back.",
}


def propose_due_results() -> None:
    """Propose the results of published tallies that the chain waits for.

    Nothing is proposed where nobody won, or once the round was cancelled, vetoed or forgotten
    until its deadline: by the contract's rule everything in it can be taken back then.

    Raises:
        NodeUnreachable, KeyMissing, KeyUnusable, KeyRefused: as `submit`.
    """
    if deployment(CURATION) is None or not tallies_to_propose().exists():
        return
    view = look()
    for tally in tallies_to_propose(view.at):
        with suppress(NotYetFinal):  # the indexer reads everything anew
            _propose(tally, final=view.final, again=False)


def propose_result(*, round_id: int) -> Transaction:
    """Propose at once what a round's tally says, after failures that a person has looked into.

    Raises:
        RoundNotOnChain, NotTallied, NothingToPropose, ResultNotTaken, NotYetFinal: what is wrong.
        NotDeployed, NodeUnreachable, Key…: as `submit`.
    """
    address_of(CURATION)
    round_ = Round.objects.filter(pk=round_id).first()
    on_chain = ChainRound.objects.filter(pk=round_id).first()
    if round_ is None or on_chain is None:
        raise RoundNotOnChain(f"The chain is not known to have round {round_id}.")
    tally = Tally.objects.filter(pk=round_id).first()
    if tally is None:
        raise NotTallied(f"The ballots of round {round_id} are not counted. {_why_not(round_)}")
    if not tally.standings.filter(share_bps__gt=0).exists():
        raise NothingToPropose(
            f"Nobody won round {round_id}. {tally.no_winner} Everything in it can be taken back "
            f"from {on_chain.result_deadline:%Y-%m-%d %H:%M} UTC on."
        )
    view = look()
    if on_chain.state == State.OPEN and view.at >= on_chain.result_deadline:
        raise ResultNotTaken(
            f"The result of round {round_id} was due by {on_chain.result_deadline:%Y-%m-%d %H:%M} "
            "UTC: everything in it can be taken back."
        )
    if on_chain.state == State.OPEN and on_chain.ballots_root != tally.ballots_root:
        raise NotYetFinal("The chain's last ballots root is another one; ours is sent again.")
    if on_chain.state != State.OPEN and not _is_under_way(round_id):
        raise ResultNotTaken(
            f"The chain takes no result of round {round_id}. {NOT_TAKEN[State(on_chain.state)]}"
        )
    return _propose(tally, final=view.final, again=True)


def _why_not(round_: Round) -> str:
    if round_.is_open:
        return f"It is open until {round_.closes_at:%Y-%m-%d %H:%M} UTC."
    return why_not_ready(round_) or "They are counted within a minute or so."


def _is_under_way(round_id: int) -> bool:
    """Whether we have proposed a result: then the command follows it, however often it is run."""
    ours = Transaction.objects.filter(to=address_of(CURATION), purpose=_purpose(round_id))
    return ours.exclude(status=Transaction.Status.FAILED).exists()


def _propose(tally: Tally, *, final: int, again: bool) -> Transaction:
    winners = tally.standings.filter(share_bps__gt=0).order_by("rank")
    structs = [
        _winner(tally.round_id, digest, bps, final)
        for digest, bps in winners.values_list("candidate__digest", "share_bps")
    ]
    root = bytes.fromhex(tally.ballots_root) or NOTHING
    bundle = bytes.fromhex(tally.bundle_digest)
    data = call(CURATION, "proposeResult", tally.round_id, structs, root, bundle)
    purpose = _purpose(tally.round_id)
    return submit(purpose=purpose, to=address_of(CURATION), data=data, again=again)


def _purpose(round_id: int) -> str:
    return f"propose result of round {round_id}"


def _winner(
    round_id: int, digest: str, bps: int, final: int
) -> tuple[bytes, int, int, list[bytes]]:
    """A winner as the contract takes it: candidate, share, batch, proof."""
    place = AnchoredCandidate.objects.select_related("batch").filter(candidate__digest=digest)
    anchored = AnchoredBatch.objects.filter(
        round_id=round_id, root__in=place.values("batch__root"), block_number__lte=final
    )
    batch, found = anchored.order_by("index").first(), place.first()
    if batch is None or found is None:
        raise NotYetFinal(f"No final block is known with the batch of {digest}.")
    return bytes.fromhex(digest), bps, batch.index, [bytes.fromhex(s) for s in found.proof]
