"""A round's wall as pages show it: candidates and the place in the stream they stand for."""

from __future__ import annotations

from dataclasses import dataclass

from curation.galleries.models import Round
from curation.galleries.selectors import Page, wall_page
from curation.live.selectors import position
from curation.stakes.selectors import add_stakes


@dataclass(frozen=True)
class Wall:
    """One page of a wall; events after `position` are not on it yet."""

    round: Round
    page: Page
    position: int

    @classmethod
    def of(cls, round_: Round, *, size: int, cursor: str = "") -> Wall:
        """Read the position first: an event seen twice is dropped, one missed is lost."""
        at = position(round_.stream)
        page = wall_page(round_, cursor, size)
        add_stakes(page.candidates)
        return cls(round_, page, at)
