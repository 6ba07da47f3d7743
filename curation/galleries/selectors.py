"""Queries about rounds and candidates, paged by keyset."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Case, QuerySet, When

from curation.errors import CurationError
from curation.galleries.models import Candidate, Round

PAGE = 24


class CursorInvalid(CurationError):
    """A page cursor is not one of ours."""


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
    """What hangs on a round's wall, newest first."""
    return Candidate.objects.filter(round=round_, status=Candidate.Status.PUBLISHED).order_by("-id")


def wall_page(round_: Round, cursor: str = "", size: int = PAGE) -> Page:
    """One page of a wall; its cost does not depend on how deep it lies.

    Raises:
        CursorInvalid: the cursor is no positive number.
    """
    candidates = hanging(round_)
    if cursor:
        if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
            raise CursorInvalid("This page cursor is not one of ours. Start from the top again.")
        candidates = candidates.filter(pk__lt=int(cursor))
    found = list(candidates[: size + 1])
    for candidate in found:
        candidate.round = round_  # spares a query for each
    more = len(found) > size
    return Page(found[:size], str(found[size - 1].pk) if more else "")
