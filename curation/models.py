"""Every table of this app, gathered where Django looks for them."""

from curation.accounts.models import Delegation, Member, MemberSession, SessionKey, SignInNonce
from curation.ballots.models import Ballot, BallotAnchor, Voter
from curation.briefs.models import Brief
from curation.galleries.models import Candidate, Round
from curation.live.models import Event, Stream
from curation.moderation.models import (
    Appeal,
    Erasure,
    ModerationAction,
    Proposal,
    Report,
    Sanction,
)
from curation.notifications.models import Notification, StakesTold
from curation.pairs.models import Decoy, ServedPair
from curation.passkeys.models import Passkey, PasskeyChallenge
from curation.reputations.models import FrozenReputation, Reputation
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
from curation.standings.models import Standing, Tally
from curation.validators.models import PictureHash, ValidatorResult

__all__ = [
    "Activity",
    "AnchoredBatch",
    "AnchoredCandidate",
    "Appeal",
    "Balance",
    "Ballot",
    "BallotAnchor",
    "Batch",
    "Brief",
    "Candidate",
    "ChainRound",
    "Decoy",
    "Delegation",
    "Erasure",
    "Event",
    "FrozenReputation",
    "Funding",
    "Member",
    "MemberSession",
    "ModerationAction",
    "Notification",
    "Passkey",
    "PasskeyChallenge",
    "PictureHash",
    "Proposal",
    "Report",
    "Reputation",
    "Round",
    "Sanction",
    "ServedPair",
    "SessionKey",
    "SignInNonce",
    "Stake",
    "StakesTold",
    "Standing",
    "Stream",
    "Tally",
    "ValidatorResult",
    "Voter",
    "Winner",
]
