"""Queries about tallies. Before a round's tally is published there is nothing here to find."""

from __future__ import annotations

from django.db.models import QuerySet

from curation.galleries.models import Round
from curation.standings.errors import TallyNotPublished
from curation.standings.models import Standing, Tally


def tally_of(round_: Round) -> Tally | None:
    """A round's tally, once it is published."""
    return Tally.objects.filter(pk=round_.pk).first()


def published_tally(round_: Round) -> Tally:
    """A round's tally.

    Raises:
        TallyNotPublished: its ballots have not been counted yet.
    """
    if (found := tally_of(round_)) is None:
        raise TallyNotPublished(
            "The tally is sealed until the round has closed."
            if round_.is_open
            else "The ballots are being counted. Try again in a minute."
        )
    return found


def standings_of(round_: Round) -> QuerySet[Standing]:
    """A round's standings with their candidates, the best first; none before the tally."""
    found = Standing.objects.filter(tally=round_.pk).select_related("candidate")
    return found.order_by("rank")
