"""Why something cannot be done with stakes now; every message is for the member who asked."""

from __future__ import annotations

from typing import ClassVar

from curation.errors import CurationError


class StakingRefused(CurationError):
    """What was asked for would fail on the chain; the message says why and what to do."""

    status: ClassVar[int] = 409


class ContractsMissing(StakingRefused):
    """The site has no such contract on its chain."""


class OtherChain(StakingRefused):
    """The wallet is on another chain than the site."""


class RoundUnknown(StakingRefused):
    """There is no such round."""

    status = 404


class RoundNotOnChain(StakingRefused):
    """The round has not been opened on the chain, or nobody has seen it there yet."""


class CandidateUnknown(StakingRefused):
    """No such candidate is on show in this round."""

    status = 404


class CandidateNotAnchored(StakingRefused):
    """The candidate has no proof on the chain, yet or for good."""


class StakingOver(StakingRefused):
    """The round's staking deadline has passed."""


class ContractPaused(StakingRefused):
    """The guardian has stopped new stakes and funds."""


class StakeTooSmall(StakingRefused):
    """The amount is below the contract's smallest stake."""


class BalanceTooSmall(StakingRefused):
    """The member has fewer tokens than that."""


class PermitUnsupported(StakingRefused):
    """Token or wallet know no permits; an approval does the same."""


class PermitInvalid(StakingRefused):
    """The signature is none of this member's over this permit."""

    status = 422


class NothingToTake(StakingRefused):
    """The member has nothing there, or took it out before."""


class StillLocked(StakingRefused):
    """The round is neither settled nor refundable."""


class NotDue(StakingRefused):
    """There is no result to settle, or it can still be vetoed."""


class FaucetResting(StakingRefused):
    """The faucet gave to this member a short while ago."""


class WouldRevert(StakingRefused):
    """The contract would refuse it, for a reason found by trying."""
