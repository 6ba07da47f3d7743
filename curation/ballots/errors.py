"""Why a ballot was refused: each rule has its own error, its HTTP status and its code."""

from __future__ import annotations

from typing import Any, ClassVar

from curation.errors import CurationError


class BallotRefused(CurationError):
    """A ballot is against a rule; the text is meant for the voter."""

    status: ClassVar[int] = 422


class BallotMalformed(BallotRefused):
    """The ballot says something no ballot can say."""


class VotingUnready(BallotRefused):
    """The site has no contracts yet that a ballot could name."""

    status = 503


class VoterUnknown(BallotRefused):
    """The address is no member's, or its member was banned."""

    status = 403


class RoundUnknown(BallotRefused):
    """There is no round of this number."""

    status = 404


class RoundClosed(BallotRefused):
    """The round takes no more ballots."""

    status = 409


class BallotFromFuture(BallotRefused):
    """The ballot says it was made later than now."""


class BallotStale(BallotRefused):
    """The ballot says it was made before its round opened."""


class PairNotInRound(BallotRefused):
    """The two digests are not two pictures that can be compared in this round."""


class NonceReused(BallotRefused):
    """The voter has cast a ballot with this nonce or a higher one."""

    status = 409

    def __init__(self, last_nonce: int) -> None:
        super().__init__(
            "A ballot with this number or a higher one was cast already, perhaps from another "
            f"tab. The next one needs a number above {last_nonce}."
        )
        self.members: dict[str, Any] = {"last_nonce": str(last_nonce)}


class NonceTooFar(BallotRefused):
    """The nonce is so far above the last that it would use the numbers up."""

    status = 409

    def __init__(self, last_nonce: int) -> None:
        super().__init__(
            "The number of a ballot may be at most 2^128 above that of the one before, which was "
            f"{last_nonce}."
        )
        self.members: dict[str, Any] = {"last_nonce": str(last_nonce)}


class TooManyBallots(BallotRefused):
    """The voter has cast more ballots in the round than anybody needs."""

    status = 409


class PairDecided(BallotRefused):
    """The pair was judged earlier, and the time to change one's mind is over."""

    status = 409


class BallotsSealed(CurationError):
    """The round's ballots are told to nobody before its tally is published."""

    status: ClassVar[int] = 409
