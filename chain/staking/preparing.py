"""Turns a member's wish into what their wallet signs or sends.

The server writes the call and says in plain words what it does; the wallet alone can send it.
What can be known to fail is refused here, in words, before anybody pays gas.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chain.errors import NodeRefused
from chain.operator.calls import call
from chain.operator.heads import chain_id
from chain.operator.selectors import CURATION, FAUCET, TOKEN
from chain.staking import errors, orders, permits
from chain.staking.facts import Chain
from chain.staking.orders import Order
from chain.staking.refusals import in_words
from curation.stakes.amounts import in_full
from curation.stakes.rules import Phase, phase_of

GAS_NUM, GAS_DEN = 5, 4  # a quarter more than estimated: others may come first
SOON_S = 30  # a deadline so near may pass before a block is mined


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What comes next: a transaction to send, typed data to sign, or another action first."""

    action: str
    explanation: list[str]
    to: str = ""
    data: bytes = b""
    gas: int | None = None
    typed_data: dict[str, Any] | None = None
    first: str = ""  # "permit" or "approve", after which this is asked for again
    value: int = field(default=0, init=False)  # nothing here ever moves the chain's own money


def prepare(order: Order, *, wallet_chain: int | None = None) -> Prepared:
    """What the member's wallet has to do for an order.

    Raises:
        StakingRefused, AmountInvalid: it would fail; each reason has its own class.
        NodeUnreachable: the chain could not be asked.
    """
    if wallet_chain is not None and wallet_chain != chain_id():
        raise errors.OtherChain(
            f"Your wallet is on chain {wallet_chain}; this site works with chain {chain_id()}."
        )
    chain = Chain.looked_at()
    try:
        return _ACTIONS[order.action](chain, order)
    except NodeRefused as error:
        raise errors.WouldRevert(in_words(error)) from error


def _stake(chain: Chain, order: Order) -> Prepared:
    found, allowance_wei = _checked_stake(chain, order)
    anchor = orders.anchor_for(order)
    digest, amount_wei = bytes.fromhex(order.digest), order.amount_wei
    proof = (anchor.index, [bytes.fromhex(sibling) for sibling in anchor.proof])
    arguments: tuple[Any, ...] = (order.round_id, digest, amount_wei, proof)
    function = "stake"
    if order.permit is not None:
        permits.check(chain, order.permit, owner=order.address, amount_wei=amount_wei)
        function, permit = "stakeWithPermit", (order.permit.deadline, *order.permit.parts())
        arguments = (*arguments, permit)
    elif allowance_wei < amount_wei:
        return _first(chain, order)
    said = [
        f"This locks {in_full(amount_wei)} SALON behind this picture until the round is settled.",
        "They come back in full whatever happens; only the reward depends on the result.",
    ]
    if (found.staking_deadline - chain.now).total_seconds() < SOON_S:
        said.append("Staking ends in a moment: it may come too late, and then nothing is taken.")
    return _sent(chain, order, CURATION, call(CURATION, function, *arguments), said)


def _checked_stake(chain: Chain, order: Order) -> tuple[Any, int]:
    found = orders.round_of(order)
    orders.check_open(chain, found)
    orders.anchor_for(order)
    smallest_wei = chain.contracts.smallest_wei
    return found, orders.check_funds(chain, order, smallest_wei=smallest_wei)


def _first(chain: Chain, order: Order) -> Prepared:
    """Say how the contract is let take tokens: by permit where that is possible."""
    try:
        permits.typed_data(chain, owner=order.address, amount_wei=1, deadline=1)
    except errors.PermitUnsupported as reason:
        said = [str(reason), "So your wallet sends an approval first, and then the stake."]
        return Prepared(action=order.action, explanation=said, first="approve")
    said = ["Your wallet signs a permit first, which costs nothing, and then sends the stake."]
    return Prepared(action=order.action, explanation=said, first="permit")


def _permit(chain: Chain, order: Order) -> Prepared:
    _checked_stake(chain, order)
    amount_wei = order.amount_wei
    deadline = int((chain.now + permits.GOOD_FOR).timestamp())
    data = permits.typed_data(chain, owner=order.address, amount_wei=amount_wei, deadline=deadline)
    said = [
        f"You let the contract take {in_full(amount_wei)} SALON, once, within half an hour.",
        "Signing costs nothing and moves nothing yet.",
    ]
    return Prepared(action=order.action, explanation=said, typed_data=data)


def _approve(chain: Chain, order: Order) -> Prepared:
    orders.check_funds(chain, order)
    amount_wei = order.amount_wei
    said = [f"You let the contract take {in_full(amount_wei)} SALON, and no more than that."]
    data = call(TOKEN, "approve", chain.contracts.curation, amount_wei)
    return _sent(chain, order, TOKEN, data, said)


def _fund(chain: Chain, order: Order) -> Prepared:
    orders.check_open(chain, orders.round_of(order))
    amount_wei = order.amount_wei
    if orders.check_funds(chain, order) < amount_wei:
        said = ["Your wallet sends an approval first, and then the payment."]
        return Prepared(action=order.action, explanation=said, first="approve")
    said = [
        f"This adds {in_full(amount_wei)} SALON to the round's pool, for those behind the winners.",
        "What nobody earns can be taken back by you; the rest is given away for good.",
    ]
    data = call(CURATION, "fund", order.round_id, amount_wei)
    return _sent(chain, order, CURATION, data, said)


def _withdraw(chain: Chain, order: Order) -> Prepared:
    phase = orders.check_over(chain, orders.round_of(order))
    left_wei = orders.stake_left(chain, order)
    said = [f"This takes out the {in_full(left_wei)} SALON you have behind this picture."]
    if phase != Phase.REFUNDABLE:
        said.append("If it won, its reward comes with them.")
    data = call(CURATION, "withdraw", order.round_id, bytes.fromhex(order.digest))
    return _sent(chain, order, CURATION, data, said)


def _refund(chain: Chain, order: Order) -> Prepared:
    orders.check_over(chain, orders.round_of(order))
    (funded_wei,) = chain.ask([(CURATION, "fundedBy", (order.round_id, order.address))])
    if not funded_wei:
        raise errors.NothingToTake("You put nothing into this pool, or took it back before.")
    said = ["This takes back what you put into the pool and nobody earned."]
    return _sent(chain, order, CURATION, call(CURATION, "refund", order.round_id), said)


def _settle(chain: Chain, order: Order) -> Prepared:
    phase = phase_of(orders.round_of(order), chain.now)
    if phase != Phase.DUE:
        raise errors.NotDue(
            "This round is settled already."
            if phase == Phase.SETTLED
            else "There is no result of this round that could be settled now."
        )
    said = ["This makes the result final. Anyone may do it, with the same outcome."]
    return _sent(chain, order, CURATION, call(CURATION, "settle", order.round_id), said)


def _faucet(chain: Chain, order: Order) -> Prepared:
    portion_wei = orders.check_faucet(chain, order)
    said = [f"The faucet gives you {in_full(portion_wei)} SALON, which are worth nothing."]
    return _sent(chain, order, FAUCET, call(FAUCET, "give"), said)


def _sent(chain: Chain, order: Order, name: str, data: bytes, said: list[str]) -> Prepared:
    """A transaction, after trying it out on the newest block. Raises NodeRefused."""
    to = chain.contracts.address(name)
    request = {"from": order.address, "to": to, "data": f"0x{data.hex()}"}
    found = chain.node.call("eth_estimateGas", request, "latest")  # what is pending may never come
    gas = int(found, 16) * GAS_NUM // GAS_DEN
    return Prepared(action=order.action, explanation=said, to=to, data=data, gas=gas)


_ACTIONS: dict[str, Callable[[Chain, Order], Prepared]] = {
    "stake": _stake,
    "permit": _permit,
    "approve": _approve,
    "fund": _fund,
    "withdraw": _withdraw,
    "refund": _refund,
    "settle": _settle,
    "faucet": _faucet,
}
