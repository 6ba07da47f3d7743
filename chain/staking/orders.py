"""What a member may ask for, and everything that can be known to stand against it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from chain.operator.selectors import CURATION, FAUCET, TOKEN
from chain.staking import errors
from chain.staking.facts import Chain
from chain.staking.permits import Permit
from curation.galleries.models import Candidate, Round
from curation.stakes.amounts import in_full, wei_of
from curation.stakes.models import ChainRound
from curation.stakes.rules import Phase, phase_of
from curation.stakes.selectors import Anchor, anchor_of

Action = Literal["approve", "permit", "stake", "fund", "withdraw", "refund", "settle", "faucet"]


@dataclass(frozen=True, kw_only=True)
class Order:
    """One thing a member wants done; what an action does not need is left empty."""

    action: Action
    address: str  # the member's, EIP-55
    round_id: int = 0
    digest: str = ""
    amount: str = ""  # tokens, as written
    permit: Permit | None = None

    @property
    def amount_wei(self) -> int:
        """Raises AmountInvalid."""
        return wei_of(self.amount)


def round_of(order: Order) -> ChainRound:
    """The order's round. Raises RoundUnknown, RoundNotOnChain."""
    found = ChainRound.objects.filter(pk=order.round_id).first()
    if found is not None:  # also one that the site lost: what is in it can be taken out
        return found
    _check_known(order.round_id)
    raise errors.RoundNotOnChain(
        "This round is not on the chain yet. It opens there by itself within a minute or so."
    )


def anchor_for(order: Order) -> Anchor:
    """The proof of the order's candidate. Raises CandidateUnknown, CandidateNotAnchored."""
    candidate = Candidate.objects.filter(
        digest=order.digest,
        round_id=order.round_id,
        status=Candidate.Status.PUBLISHED,
        trial=False,
    ).first()
    if candidate is None:
        raise errors.CandidateUnknown("No such picture hangs in this round.")
    anchor = anchor_of(candidate)
    if anchor is None or anchor.state == "missed":
        raise errors.CandidateNotAnchored(
            "This picture was not anchored before the deadline, so nobody can stake on it."
        )
    if anchor.state != "anchored":
        raise errors.CandidateNotAnchored(
            "This picture is not anchored yet. Staking opens by itself, within about a minute."
        )
    return anchor


def check_open(chain: Chain, found: ChainRound) -> None:
    """Raises StakingOver once the round takes nothing any more, by the chain's clock, and
    RoundUnknown where the site lost it: nobody would propose a result for it.
    """
    _check_known(found.pk)
    if phase_of(found, chain.now) == Phase.OPEN:
        return
    at = found.staking_deadline - chain.ahead
    if found.state == ChainRound.State.REFUNDABLE and chain.now < found.staking_deadline:
        raise errors.StakingOver("This round was cancelled. Everything in it can be taken back.")
    raise errors.StakingOver(f"Staking in this round ended on {in_words(at)}.")


def _check_known(round_id: int) -> None:
    if not Round.objects.filter(pk=round_id).exists():
        raise errors.RoundUnknown("There is no such round.")


def check_over(chain: Chain, found: ChainRound) -> Phase:
    """The phase of a round that lets go of what is in it. Raises StillLocked."""
    phase = phase_of(found, chain.now)
    if phase.is_over:
        return phase
    if phase == Phase.PROPOSED and found.settles_at is not None:
        raise errors.StillLocked(
            "A result was proposed and can still be vetoed. This can be taken out from "
            f"{in_words(found.settles_at - chain.ahead)}."
        )
    raise errors.StillLocked(
        "This is locked until the round is settled. Without a result it comes free on "
        f"{in_words(found.result_deadline - chain.ahead)}."
    )


def check_funds(chain: Chain, order: Order, *, smallest_wei: int = 1) -> int:
    """What the contract may take of the member's tokens already, in wei.

    Raises:
        AmountInvalid, StakeTooSmall, BalanceTooSmall, ContractPaused: with what to do.
        NodeUnreachable: the chain could not be asked.
    """
    amount_wei = order.amount_wei
    if amount_wei < smallest_wei:
        raise errors.StakeTooSmall(f"The smallest stake is {in_full(smallest_wei)} SALON.")
    paused, balance_wei, allowance_wei = chain.ask(
        [
            (CURATION, "paused", ()),
            (TOKEN, "balanceOf", (order.address,)),
            (TOKEN, "allowance", (order.address, chain.contracts.curation)),
        ]
    )
    if paused:
        raise errors.ContractPaused(
            "New stakes are paused. What is inside can be taken out as always."
        )
    if balance_wei < amount_wei:
        raise errors.BalanceTooSmall(
            f"You have {in_full(balance_wei)} SALON, which is less than {in_full(amount_wei)}."
        )
    return int(allowance_wei)


def stake_left(chain: Chain, order: Order) -> int:
    """What the member has behind the candidate, in wei. Raises NothingToTake."""
    arguments = (order.round_id, order.address, bytes.fromhex(order.digest))
    (left_wei,) = chain.ask([(CURATION, "stakeOf", arguments)])
    if not left_wei:
        raise errors.NothingToTake("You have nothing behind this picture, or took it out before.")
    return int(left_wei)


def check_faucet(chain: Chain, order: Order) -> int:
    """How much the faucet gives, in wei. Raises ContractsMissing, FaucetResting."""
    if not chain.contracts.faucet:
        raise errors.ContractsMissing("This chain has no faucet.")
    portion_wei, next_at = chain.ask(
        [(FAUCET, "portion", ()), (FAUCET, "nextAt", (order.address,))]
    )
    if chain.now.timestamp() < next_at:
        at = datetime.fromtimestamp(next_at, chain.now.tzinfo) - chain.ahead
        raise errors.FaucetResting(f"The faucet gives to you again on {in_words(at)}.")
    return int(portion_wei)


def in_words(at: datetime) -> str:
    """`4 March 2030 at 14:05 UTC`."""
    return f"{at:%-d %B %Y at %H:%M} UTC"
