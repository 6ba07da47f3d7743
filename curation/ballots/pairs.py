"""Whether two pictures may be compared by somebody in a round."""

from __future__ import annotations

from curation.ballots.errors import PairNotInRound
from curation.ballots.typed import BallotFields
from curation.galleries.models import Candidate
from curation.pairs.models import Decoy, ServedPair


def find_pair(fields: BallotFields, *, member_id: int) -> ServedPair | None:
    """The pair as the site served it to a member; None for two candidates it did not serve them.

    Raises:
        PairNotInRound: it was not served, and is not two candidates of the round; or one of the
            two was hidden or disqualified.
    """
    round_id, low, high = fields.round, fields.low, fields.high
    served = ServedPair.objects.filter(
        round_id=round_id, member_id=member_id, low=low, high=high
    ).first()
    found = Candidate.objects.filter(digest__in=(low, high)).values_list("round_id", "status")
    shown = [at for at, status in found if status == Candidate.Status.PUBLISHED]
    if served is None:
        if shown != [round_id, round_id]:
            raise PairNotInRound("These are not two pictures that hang in this round.")
    elif len(shown) < 2 and len(shown) + _shown_decoys(low, high) < 2:
        raise PairNotInRound("One of the two pictures was taken down meanwhile.")
    return served


def _shown_decoys(low: str, high: str) -> int:
    published = Candidate.Status.PUBLISHED
    return Decoy.objects.filter(digest__in=(low, high), original__status=published).count()
