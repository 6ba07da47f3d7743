"""A round's life on the chain, step by step; each step is one transaction, sent once.

Without contracts on this chain nothing here does anything: rounds are held all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from django.conf import settings

from chain.operator.calls import call
from chain.operator.heads import View, look
from chain.operator.keys import Role
from chain.operator.models import Transaction
from chain.operator.selectors import CURATION, address_of, deployment
from chain.operator.transactions import submit
from chain.settlement.errors import (
    BallotsWanted,
    NotYetFinal,
    RoundNotClosed,
    RoundNotOnChain,
    TooLate,
    WinnersInvalid,
)
from chain.settlement.rules import Times, round_times
from chain.settlement.selectors import rounds_to_open, rounds_to_settle
from curation.galleries.models import Round
from curation.stakes.models import AnchoredBatch, AnchoredCandidate, ChainRound

NOTHING = bytes(32)  # no ballots were anchored; no bundle was published
ALL_BPS = 10_000
MOST_WINNERS = 3


def open_waiting_rounds() -> None:
    """Open on the chain what is open on the wall: a sweep for what the signal's message lost.

    Raises:
        NodeUnreachable, KeyMissing, KeyUnusable, KeyRefused: as `submit`.
    """
    if deployment(CURATION) is None or not (waiting := list(rounds_to_open())):
        return
    view = look()
    for round_ in waiting:
        with suppress(TooLate):
            _open(round_, view)


def open_on_chain(*, round_id: int) -> Transaction | None:
    """Open one round on the chain; None where the site has no contracts, or it is too late.

    Raises:
        NodeUnreachable, KeyMissing, KeyUnusable, KeyRefused: as `submit`.
    """
    if deployment(CURATION) is None:
        return None
    round_ = rounds_to_open().filter(pk=round_id).first()
    if round_ is None:
        return None
    with suppress(TooLate):
        return _open(round_, look())
    return None


def _open(round_: Round, view: View) -> Transaction:
    data = call(CURATION, "openRound", round_.pk, times_of(round_, view).as_tuple())
    return submit(purpose=f"open round {round_.pk}", to=address_of(CURATION), data=data)


def times_of(round_: Round, view: View) -> Times:
    """The times a round is opened with. Raises TooLate."""
    contract = deployment(CURATION)
    shortest_s = int(contract.arguments["shortestChallenge_"]) if contract is not None else 1
    return round_times(
        opened_at=round_.opened_at,
        closes_at=round_.closes_at,
        chain_now=view.at,
        ahead_s=view.ahead_s,
        result_within=timedelta(hours=settings.RESULT_HOURS),
        challenge_s=max(settings.CHALLENGE_S, shortest_s),
    )


def propose_result(*, round_id: int, winners: Sequence[tuple[str, int]]) -> Transaction:
    """Propose who wins a closed round; the challenge time begins when it is included.

    `winners`: one to three of (digest, share in basis points); shares sum to 10,000.

    Raises:
        BallotsWanted: this is not the embedded chain, where results come from ballots alone.
        RoundNotOnChain, RoundNotClosed, WinnersInvalid, NotYetFinal: with what is wrong.
        NotDeployed, PurposeTaken, NodeUnreachable, Key…: as `submit`.
    """
    if not settings.EMBEDDED_CHAIN:
        raise BallotsWanted(
            "Results are decided by ballots, not by hand. Only the embedded chain, where tokens "
            "are play money, takes a result from the command line."
        )
    round_ = Round.objects.filter(pk=round_id).select_related("on_chain").first()
    on_chain = ChainRound.objects.filter(pk=round_id).first()
    if round_ is None or on_chain is None:
        raise RoundNotOnChain(f"The chain is not known to have round {round_id}.")
    if round_.is_open:
        raise RoundNotClosed(f"Round {round_id} is open until {round_.closes_at:%Y-%m-%d %H:%M}.")
    _check_shares(winners)
    final = look().final
    structs = [_winner(round_id, digest, bps, final) for digest, bps in winners]
    ballots = bytes.fromhex(on_chain.ballots_root) or NOTHING
    data = call(CURATION, "proposeResult", round_id, structs, ballots, NOTHING)
    to = address_of(CURATION)
    return submit(purpose=f"propose result of round {round_id}", to=to, data=data, again=True)


def settle_due_rounds() -> None:
    """Settle what nobody vetoed in time. Anyone may; members who withdraw do so, too.

    Raises:
        NodeUnreachable, KeyMissing, KeyUnusable, KeyRefused: as `submit`.
    """
    proposed = ChainRound.objects.filter(state=ChainRound.State.PROPOSED)
    if deployment(CURATION) is None or not proposed.exists():
        return
    to = address_of(CURATION)
    for found in rounds_to_settle(look().at):
        data = call(CURATION, "settle", found.pk)
        submit(purpose=f"settle round {found.pk}", to=to, data=data)


def veto_result(*, round_id: int) -> Transaction:
    """Strike down a proposed result, for good: everything of the round can be taken back.

    Raises:
        NotDeployed, NodeUnreachable, Key…: as `submit`.
    """
    return _guard(f"veto result of round {round_id}", call(CURATION, "veto", round_id))


def cancel_round(*, round_id: int) -> Transaction:
    """Cancel a round on the chain, for good: everything of it can be taken back.

    Raises:
        NotDeployed, NodeUnreachable, Key…: as `submit`.
    """
    return _guard(f"cancel round {round_id}", call(CURATION, "cancelRound", round_id))


def _guard(purpose: str, data: bytes) -> Transaction:
    to = address_of(CURATION)
    return submit(purpose=purpose, to=to, data=data, role=Role.GUARDIAN, again=True)


def _check_shares(winners: Sequence[tuple[str, int]]) -> None:
    if not 1 <= len(winners) <= MOST_WINNERS or len({d for d, _ in winners}) < len(winners):
        raise WinnersInvalid("A result has one to three different winners.")
    if any(bps < 1 for _, bps in winners) or sum(bps for _, bps in winners) != ALL_BPS:
        raise WinnersInvalid("Each winner has a share above 0, and they sum to 10,000.")


def _winner(
    round_id: int, digest: str, bps: int, final: int
) -> tuple[bytes, int, int, list[bytes]]:
    """A winner as the contract takes it: candidate, share, batch, proof."""
    found = AnchoredCandidate.objects.filter(
        candidate__digest=digest, candidate__round_id=round_id, candidate__status="published"
    ).select_related("batch")
    place = found.first()
    anchored = (
        AnchoredBatch.objects.filter(round_id=round_id, root=place.batch.root)
        .order_by("index")
        .first()
        if place is not None
        else None
    )
    if place is None or anchored is None:
        raise WinnersInvalid(f"{digest} is no published and anchored candidate of this round.")
    if anchored.block_number > final:
        raise NotYetFinal(f"The batch of {digest} is not final yet. Try again in a minute.")
    proof = [bytes.fromhex(sibling) for sibling in place.proof]
    return bytes.fromhex(digest), bps, anchored.index, proof
