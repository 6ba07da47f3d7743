"""What a ballot stands on, read and held until its transaction ends, so that nothing slips between.

These few statements are most of what casting a ballot costs, so they are SQL, sent together. Each
still sees what was committed before it began, the one after a lock what was committed meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from curation.ballots.models import Ballot, Voter
from curation.ballots.typed import BallotFields

LARGEST_ID = 2**63 - 1
LONGEST_LEAP = 2**128  # between two nonces: one ballot by a thief can't use all numbers up
# The voter: the row is locked in any case, and takes the nonce only if it is above all before;
# the first one begins at zero; a nonce out of reach is not taken either.
# The round: closing takes the row FOR UPDATE and so waits for every ballot under way. When the
# time is up nothing is locked any more: closing can't be kept waiting.
_HOLD = """
INSERT INTO curation_voter AS voter (member_id, last_nonce)
SELECT %(member)s, %(nonce)s WHERE %(nonce)s > 0 AND (
    %(nonce)s <= %(leap)s OR EXISTS (SELECT FROM curation_voter WHERE member_id = %(member)s)
)
ON CONFLICT (member_id) DO UPDATE SET last_nonce = EXCLUDED.last_nonce
WHERE voter.last_nonce < EXCLUDED.last_nonce AND EXCLUDED.last_nonce <= voter.last_nonce + %(leap)s
RETURNING 1;
SELECT opened_at, closes_at FROM curation_round
WHERE id = %(round)s AND status = 'open' AND closes_at > %(now)s FOR KEY SHARE;
SELECT id, kind FROM curation_servedpair
WHERE round_id = %(round)s AND member_id = %(member)s AND low = %(low)s AND high = %(high)s;
SELECT round_id FROM curation_candidate
WHERE digest IN (%(low)s, %(high)s) AND status = 'published';
SELECT min(accepted_at) FILTER (WHERE low = %(low)s AND high = %(high)s), count(*)
FROM curation_ballot WHERE round_id = %(round)s AND voter_id = %(member)s;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a ballot stands on; the voter, and the round if it is open, are held."""

    is_next: bool  # its nonce was above all before, and is now the voter's last
    times: tuple[datetime, datetime] | None  # when the round opened and closes; None: not open
    pair: tuple[int, str] | None  # the pair as it was served to the voter: id and kind
    shown_in: list[int]  # rounds of those of the two pictures that are candidates on show
    first_at: datetime | None  # when the voter's first ballot on the pair was accepted
    cast: int  # ballots of the voter in the round


def hold_ground(fields: BallotFields, *, member_id: int, now: datetime) -> Ground:
    """Read and hold all that decides about a ballot; its voter's others wait for it."""
    values: dict[str, str | int | datetime] = {
        "member": member_id,
        "nonce": fields.nonce,
        "leap": LONGEST_LEAP,
        "round": min(fields.round, LARGEST_ID),
        "now": now,
        "low": fields.low,
        "high": fields.high,
    }
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, values)
        taken, times, served, shown, own = _results(cursor, 5)
    return Ground(
        is_next=bool(taken),
        times=times[0] if times else None,
        pair=served[0] if served else None,
        shown_in=[round_id for (round_id,) in shown],
        first_at=own[0][0],
        cast=own[0][1],
    )


_ACCEPTED = "SELECT round_id, pair_id, accepted_at FROM curation_ballot WHERE digest = %s"


def accepted(digest: str, *, signer: str = "") -> Ballot | None:
    """A ballot that was accepted, as far as its receipt goes; `signer`: only if they signed it."""
    which = (_ACCEPTED + " AND signer = %s", [digest, signer]) if signer else (_ACCEPTED, [digest])
    with connection.cursor() as cursor:
        cursor.execute(*which)
        found = cursor.fetchone()
    if found is None:
        return None
    round_id, pair_id, accepted_at = found
    return Ballot(digest=digest, round_id=round_id, pair_id=pair_id, accepted_at=accepted_at)


def last_nonce(member_id: int) -> int:
    """The highest nonce of all ballots that were accepted from a voter, in any round."""
    found = Voter.objects.filter(pk=member_id).values_list("last_nonce", flat=True).first()
    return int(found or 0)


def _results(cursor: Any, count: int) -> list[list[Any]]:
    """The rows of each of several statements."""
    found = [cursor.fetchall()]
    while len(found) < count:
        cursor.nextset()
        found.append(cursor.fetchall())
    return found
