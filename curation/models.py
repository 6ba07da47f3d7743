"""Every table of this app, gathered where Django looks for them."""

from curation.accounts.models import Delegation, Member, MemberSession, SessionKey, SignInNonce
from curation.briefs.models import Brief
from curation.galleries.models import Candidate, Round
from curation.live.models import Event, Stream

__all__ = [
    "Brief",
    "Candidate",
    "Delegation",
    "Event",
    "Member",
    "MemberSession",
    "Round",
    "SessionKey",
    "SignInNonce",
    "Stream",
]
