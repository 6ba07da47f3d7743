"""What a brief may say and ask for."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from curation.briefs.errors import BriefInvalid
from curation.errors import CurationError
from curation.rates import Rate

ACTIVE_MOST: Final = 3  # briefs one member may have active at a time
POSTED_MOST: Final = 10  # and may post within this time
POSTED_WITHIN: Final = timedelta(hours=24)
PALETTE_MOST: Final = 8
DEADLINE_WITHIN: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Least and most of what a brief may ask for, both included."""

    rounds: tuple[int, int]
    candidates: tuple[int, int]
    minutes: tuple[int, int]


HOUSE: Final = Bounds(rounds=(1, 100), candidates=(4, 5000), minutes=(1, 30 * 24 * 60))
MEMBERS: Final = Bounds(rounds=(1, 24), candidates=(4, 200), minutes=(2, 7 * 24 * 60))
# What the form offers for the length of a round, in minutes.
LENGTHS: Final = (
    (5, "5 minutes"),
    (15, "15 minutes"),
    (60, "1 hour"),
    (6 * 60, "6 hours"),
    (24 * 60, "1 day"),
    (3 * 24 * 60, "3 days"),
    (7 * 24 * 60, "7 days"),
)

# Bidirectional controls can make a text read as something it is not (Trojan Source).
# Members are free to make; what one client posts under all of its names is bounded too.
POSTS = Rate("briefs by client", 20, 24 * 3600)
_BIDI = dict.fromkeys(
    [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C], None
)
_KEPT_CONTROLS = "\n\t"


class TextRefused(CurationError):
    """A text is empty, too long or not text."""


def clean_text(value: str, *, name: str, longest: int, required: bool = True) -> str:
    """A member's text in NFC, without control and bidirectional override characters.

    Raises:
        TextRefused: nothing is left, or more than `longest` characters.
    """
    kept = "".join(
        c
        for c in value.translate(_BIDI)
        if c in _KEPT_CONTROLS or unicodedata.category(c) not in ("Cc", "Cs")
    )
    text = unicodedata.normalize("NFC", kept).strip()
    # Zero-width characters alone would look like nothing at all.
    if required and all(unicodedata.category(c)[0] in "ZC" for c in text):
        raise TextRefused(f"{name} is empty.")
    if len(text) > longest:
        raise TextRefused(f"{name} has {len(text):,} characters; at most {longest:,} fit.")
    return text


def check_deadline(deadline: datetime | None, now: datetime) -> datetime | None:
    """A deadline within a year; in UTC when it does not say where.

    Raises:
        BriefInvalid: it has passed or is too far away.
    """
    if deadline is None:
        return None
    if deadline.tzinfo is None:
        deadline = deadline.replace(tzinfo=UTC)
    if deadline <= now:
        raise BriefInvalid("The deadline has passed already.")
    if deadline > now + DEADLINE_WITHIN:
        raise BriefInvalid("The deadline is more than a year away.")
    return deadline
