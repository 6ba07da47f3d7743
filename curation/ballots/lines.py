"""A member's own ballots in words, for the page that lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import reverse

from curation.accounts.models import Member
from curation.ballots.models import Ballot
from curation.ballots.selectors import votes_of
from curation.cursors import page_of
from curation.galleries.models import Round
from curation.pairs.selectors import Picture, pictures

PAGE = 24
_WHY = {
    Ballot.Why.COUNTED: "It counted in full: your reputation, and your stake up to the cap.",
    Ballot.Why.CAPPED: "It counted less: you, or a group, said much about one candidate.",
    Ballot.Why.SUPERSEDED: "You changed your mind; a later vote on the pair stands.",
    Ballot.Why.WITHDRAWN: "You took it back.",
    Ballot.Why.UNSERVED: "It did not count: the site had not asked you about this pair.",
    Ballot.Why.TEST: "A test pair: it counts for your reputation, not for the standings.",
    Ballot.Why.TRIAL: "A blind test of two models: it counts there, not for the standings.",
    Ballot.Why.STAKED: "It did not count: you had a stake on one of the two.",
    Ballot.Why.NO_REPUTATION: "It did not count: you had no reputation in this round yet.",
    Ballot.Why.MODERATED: "It did not count: one of the two was taken down.",
}

_SAYS = {
    Ballot.Outcome.PREFERENCE: "You chose the first over the second.",
    Ballot.Outcome.TIE: "You could not decide.",
    Ballot.Outcome.WITHDRAWN: "You took your vote back.",
}


@dataclass(frozen=True, slots=True)
class Vote:
    """One ballot as its voter reads it. `weight` is None before the tally is published."""

    ballot: Ballot
    round: Round
    chosen: Picture | None  # None: taken down since
    rejected: Picture | None
    says: str  # what the ballot said
    weight: float | None
    why: str  # what became of it
    receipt_url: str


@dataclass(frozen=True, slots=True)
class VotesPage:
    """Votes, the latest first, and the cursor of the next page, empty at the end."""

    votes: list[Vote]
    next_cursor: str


def votes_page(member: Member, *, cursor: str = "", round_id: int | None = None) -> VotesPage:
    """A page of a member's own ballots.

    Raises:
        CursorInvalid: the cursor is none of ours.
    """
    found, next_cursor = page_of(votes_of(member, round_id), cursor=cursor, limit=PAGE)
    shown = pictures({digest for row in found for digest in (row.chosen, row.rejected)})
    return VotesPage([_vote(row, shown) for row in found], next_cursor)


def _vote(row: Ballot, shown: Mapping[str, Picture]) -> Vote:
    return Vote(
        ballot=row,
        round=row.round,
        chosen=shown.get(row.chosen),
        rejected=shown.get(row.rejected),
        says=_SAYS[Ballot.Outcome(row.outcome)],
        weight=row.weight,
        why=_became(row),
        receipt_url=reverse("api:mine", args=[row.digest]),
    )


def _became(row: Ballot) -> str:
    if row.why:
        return _WHY[Ballot.Why(row.why)]
    if row.is_replaced:  # type: ignore[attr-defined]
        return _WHY[Ballot.Why.SUPERSEDED]
    if row.outcome == Ballot.Outcome.WITHDRAWN:
        return _WHY[Ballot.Why.WITHDRAWN]
    if row.round.is_open:
        return "Sealed until the round has closed."
    return "The round has closed; its tally is being made."
