"""Queries about rounds and candidates, paged by keyset."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Case, QuerySet, When

from curation.cursors import page_of
from curation.galleries.models import Candidate, Round

PAGE = 24


@dataclass(frozen=True)
class Page:
    """Candidates, newest first, and the cursor of the next page, empty at the end."""

    candidates: list[Candidate]
    next_cursor: str


def open_rounds(limit: int = 6) -> QuerySet[Round]:
    """Rounds that are open now with their briefs; those with pictures first, then the newest."""
    rounds = Round.objects.filter(status=Round.Status.OPEN).select_related("brief")
    return rounds.order_by(Case(When(candidates_count=0, then=1), default=0), "-pk")[:limit]


def hanging(round_: Round) -> QuerySet[Candidate]:
    """What hangs on a round's wall, newest first; twins of a blind test hang on none."""
    found = Candidate.objects.filter(round=round_, status=Candidate.Status.PUBLISHED, trial=False)
    return found.order_by("-id")


def shown() -> QuerySet[Candidate]:
    """Candidates with a page: all that were not taken down, twins once their round is over."""
    found = Candidate.objects.filter(status=Candidate.Status.PUBLISHED).select_related("round")
    return found.exclude(trial=True, round__status=Round.Status.OPEN)


def wall_page(round_: Round, cursor: str = "", size: int = PAGE) -> Page:
    """One page of a wall; its cost does not depend on how deep it lies.

    Raises:
        CursorInvalid: the cursor is no positive number.
    """
    found, next_cursor = page_of(hanging(round_), cursor=cursor, limit=size)
    for candidate in found:
        candidate.round = round_  # spares a query for each
    return Page(found, next_cursor)
