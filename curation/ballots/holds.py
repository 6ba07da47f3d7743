"""What a ballot holds on to until its transaction ends, so that nothing slips in between."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from curation.ballots.errors import RoundClosed, RoundUnknown
from curation.ballots.models import Voter
from curation.galleries.models import Round

LARGEST_ID = 2**63 - 1
# Locks the voter's row in any case, and takes the nonce only if it is above all before.
_ADVANCE = """
INSERT INTO curation_voter AS voter (member_id, last_nonce) VALUES (%s, %s)
ON CONFLICT (member_id) DO UPDATE SET last_nonce = EXCLUDED.last_nonce
WHERE voter.last_nonce < EXCLUDED.last_nonce
RETURNING last_nonce
"""
# Closing takes the row FOR UPDATE and so waits for every ballot under way. After the time is up
# nothing is locked any more: closing can't be kept waiting.
_HOLD_ROUND = """
SELECT * FROM curation_round WHERE id = %s AND status = 'open' AND closes_at > %s
FOR KEY SHARE
"""


def advance_nonce(*, member_id: int, nonce: int) -> bool:
    """Take a voter's next nonce, in one statement; False when one as high was taken before.

    The voter's row stays locked: their ballots are written one after the other.
    """
    if nonce == 0:  # where a new voter's row begins
        return False
    with connection.cursor() as cursor:
        cursor.execute(_ADVANCE, [member_id, nonce])
        return cursor.fetchone() is not None


def last_nonce(member_id: int) -> int:
    """The highest nonce of all ballots that were accepted from a voter, in any round."""
    found = Voter.objects.filter(pk=member_id).values_list("last_nonce", flat=True).first()
    return int(found or 0)


def hold_open_round(*, round_id: int, now: datetime) -> Round:
    """An open round that won't close until this transaction ends.

    Raises:
        RoundUnknown: there is none.
        RoundClosed: its time is up, or it was closed.
    """
    if round_id > LARGEST_ID:
        raise RoundUnknown("There is no such round.")
    for held in Round.objects.raw(_HOLD_ROUND, [round_id, now]):
        return held
    if not Round.objects.filter(pk=round_id).exists():
        raise RoundUnknown("There is no such round.")
    raise RoundClosed("This round has closed; the vote was not counted.")
