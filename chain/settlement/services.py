"""A round's life on the chain, step by step; each step is one transaction, sent once.

Without contracts on this chain nothing here does anything: rounds are held all the same.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from django.conf import settings

from chain.operator.calls import call
from chain.operator.heads import View, look
from chain.operator.keys import Role
from chain.operator.models import Transaction
from chain.operator.selectors import CURATION, address_of, deployment
from chain.operator.transactions import submit
from chain.settlement.errors import TooLate
from chain.settlement.rules import Times, round_times
from chain.settlement.selectors import rounds_to_open, rounds_to_settle
from chain.tallies.snapshots import take_snapshot
from curation.galleries.models import Round
from curation.stakes.models import ChainRound

VETOING, CANCELLING = "veto result of round {}", "cancel round {}"


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
    take_snapshot(round_=round_, view=view)  # what comes after it weighs nothing in the round
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
    return _guard(VETOING.format(round_id), call(CURATION, "veto", round_id))


def cancel_round(*, round_id: int) -> Transaction:
    """Cancel a round on the chain, for good: everything of it can be taken back.

    Raises:
        NotDeployed, NodeUnreachable, Key…: as `submit`.
    """
    return _guard(CANCELLING.format(round_id), call(CURATION, "cancelRound", round_id))


def _guard(purpose: str, data: bytes) -> Transaction:
    to = address_of(CURATION)
    return submit(purpose=purpose, to=to, data=data, role=Role.GUARDIAN, again=True)
