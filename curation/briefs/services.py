"""Writes about briefs."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from curation.briefs.models import Brief
from curation.briefs.rules import clean_text
from curation.errors import CurationError
from curation.status import advance


class BriefInvalid(CurationError):
    """A brief asks for something that cannot be."""


@transaction.atomic
def post_brief(
    *,
    title: str,
    purpose: str,
    must: str = "",
    must_not: str = "",
    palette: Sequence[str] = (),
    deadline: datetime | None = None,
    rounds_planned: int = 3,
    candidates_per_round: int = 48,
    round_minutes: int = 60,
) -> Brief:
    """Post a brief; the scheduler opens its first round.

    Raises:
        TextRefused: a text is empty or too long.
        BriefInvalid: the deadline has passed or an amount is out of range.
    """
    if deadline is not None and deadline <= timezone.now():
        raise BriefInvalid("The deadline has passed already.")
    if not 1 <= rounds_planned <= 100:
        raise BriefInvalid("A brief has 1 to 100 rounds.")
    if not 4 <= candidates_per_round <= 5000:
        raise BriefInvalid("A round has 4 to 5,000 candidates.")
    if not 1 <= round_minutes <= 60 * 24 * 30:
        raise BriefInvalid("A round takes a minute to thirty days.")
    clean_title = clean_text(title, name="The title", longest=120)
    return Brief.objects.create(
        slug=f"{slugify(clean_title)[:60] or 'brief'}-{secrets.token_hex(3)}",
        title=clean_title,
        purpose=clean_text(purpose, name="The purpose", longest=2000),
        must=clean_text(must, name="What it must have", longest=500, required=False),
        must_not=clean_text(must_not, name="What it must not have", longest=500, required=False),
        palette=[clean_text(c, name="A colour", longest=24) for c in palette][:8],
        deadline=deadline,
        rounds_planned=rounds_planned,
        candidates_per_round=candidates_per_round,
        round_minutes=round_minutes,
    )


def complete_brief(*, brief: Brief) -> None:
    """End a brief whose rounds are all done or whose deadline has passed.

    Raises:
        TransitionRefused: it was withdrawn or completed before.
    """
    advance(brief, Brief.GRAPH, Brief.Status.COMPLETED)
