"""Puts accepted ballots under Merkle roots; sending the roots is another module's work."""

from __future__ import annotations

from django.db import connection, transaction

from chain.merkle.tree import MerkleTree
from chain.tallies.selectors import newest_anchor
from curation.ballots.models import Ballot, BallotAnchor
from curation.galleries.models import Round

AT_ONCE = 10_000  # rows an UPDATE


@transaction.atomic
def gather_ballots(*, round_id: int) -> BallotAnchor | None:
    """Make a root over all ballots of a round accepted so far, those under earlier roots included.

    None when all are under a root already. Of two callers the second finds what the first has
    left. While the round is open no voter waits for this; of a closed one it waits for every
    ballot that is being written still, and its root is over all there will ever be.

    Raises:
        Round.DoesNotExist: there is no such round.
    """
    _take_turn(round_id)
    if not Round.objects.get(pk=round_id).is_open:
        Round.objects.select_for_update().get(pk=round_id)
    ballots = Ballot.objects.filter(round=round_id)
    if not ballots.filter(anchor=None).exists():
        return None
    found = list(ballots.order_by().values_list("pk", "digest", "anchor"))
    last = newest_anchor(round_id)
    anchor = BallotAnchor.objects.create(
        round_id=round_id,
        index=0 if last is None else last.index + 1,
        root=MerkleTree(bytes.fromhex(digest) for _, digest, _ in found).root.hex(),
        count=len(found),
    )
    new = [pk for pk, _, known in found if known is None]
    for begin in range(0, len(new), AT_ONCE):  # by name: others may have come since
        ballots.filter(pk__in=new[begin : begin + AT_ONCE]).update(anchor=anchor)
    return anchor


def _take_turn(round_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"ballots of round {round_id}"],
        )
