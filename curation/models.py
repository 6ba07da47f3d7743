"""Every table of this app, gathered where Django looks for them."""

from curation.accounts.models import Delegation, Member, MemberSession, SessionKey, SignInNonce
from curation.briefs.models import Brief
from curation.galleries.models import Candidate, Round
from curation.live.models import Event, Stream
from curation.stakes.models import (
    Activity,
    AnchoredBatch,
    AnchoredCandidate,
    Balance,
    Batch,
    ChainRound,
    Funding,
    Stake,
    Winner,
)

__all__ = [
    "Activity",
    "AnchoredBatch",
    "AnchoredCandidate",
    "Balance",
    "Batch",
    "Brief",
    "Candidate",
    "ChainRound",
    "Delegation",
    "Event",
    "Funding",
    "Member",
    "MemberSession",
    "Round",
    "SessionKey",
    "SignInNonce",
    "Stake",
    "Stream",
    "Winner",
]
