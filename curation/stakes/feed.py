"""What happened on the chain, as people read it, page by page."""

from __future__ import annotations

from dataclasses import dataclass

from curation.accounts.models import Member
from curation.cursors import page_of
from curation.galleries.models import Candidate, Round
from curation.stakes import selectors
from curation.stakes.models import Activity

PAGE = 40


@dataclass(frozen=True, kw_only=True)
class Deed:
    """One thing that happened, with whom and what it was about, as far as they are known here."""

    activity: Activity
    member: Member | None
    candidate: Candidate | None
    round: Round | None


def feed_page(*, cursor: str = "", limit: int = PAGE) -> tuple[list[Deed], str]:
    """A page of what happened, the newest first, and the cursor of the next one.

    Rows are written in the order of the chain, also after a reorg: what it takes back are the
    newest. So a page is found by id.

    Raises:
        CursorInvalid: the cursor is none of ours.
    """
    rows, next_cursor = page_of(Activity.objects.all(), cursor=cursor, limit=limit)
    members = selectors.members_by_address({row.address for row in rows if row.address})
    candidates = selectors.shown_by_digest({row.digest for row in rows if row.digest})
    rounds = Round.objects.select_related("brief").in_bulk({row.round_id for row in rows})
    deeds = [
        Deed(
            activity=row,
            member=members.get(row.address),
            candidate=candidates.get(row.digest),
            round=rounds.get(row.round_id),
        )
        for row in rows
    ]
    return deeds, next_cursor
