"""Briefs and rounds as moderators look for them: by status, title, and sponsor's address."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from curation.briefs.models import Brief
from curation.galleries.models import Round
from curation.moderation.deeds import deeds
from curation.stakes.models import ChainRound

PAGE = 40
LONGEST = 120  # characters of a search
State = ChainRound.State
# What two people can do to a round, by where it stands on the chain.
POSSIBLE = {State.OPEN: ("cancel_round",), State.PROPOSED: ("veto_result",)}


@dataclass(frozen=True, slots=True)
class Search:
    """What a moderator looks for."""

    text: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class RoundRow:
    """A round, where it stands on the chain, and what can be proposed about it."""

    round: Round
    on_chain: ChainRound | None
    deeds: tuple[tuple[str, str], ...]  # name and label


def briefs_found(search: Search) -> QuerySet[Brief]:
    """Briefs of a status whose title or slug has these words, or whose sponsor begins so."""
    found = Brief.objects.select_related("posted_by").annotate(held=Count("rounds"))
    if search.status in Brief.Status.values:
        found = found.filter(status=search.status)
    if text := search.text.strip()[:LONGEST]:
        found = found.filter(
            Q(title__icontains=text)
            | Q(slug__startswith=text.lower())
            | Q(posted_by__address__istartswith=text)
        )
    return found


def rounds_found(search: Search) -> QuerySet[Round]:
    """Rounds of a status whose brief is meant by the text, or whose number it is."""
    found = Round.objects.select_related("brief__posted_by")
    if search.status in Round.Status.values:
        found = found.filter(status=search.status)
    if text := search.text.strip()[:LONGEST]:
        meant = Q(brief__title__icontains=text) | Q(brief__posted_by__address__istartswith=text)
        if text.isdecimal() and len(text) < 10:
            meant |= Q(pk=int(text))
        found = found.filter(meant)
    return found


def with_chain(rounds: list[Round]) -> list[RoundRow]:
    """Rounds with their state on the chain, and the deeds that state allows."""
    known = ChainRound.objects.in_bulk([row.pk for row in rounds])
    labels = {name: deed.label for name, deed in deeds().items()}
    rows = []
    for round_ in rounds:
        on_chain = known.get(round_.pk)
        names = POSSIBLE.get(State(on_chain.state), ()) if on_chain else ()
        offered = tuple((name, labels[name]) for name in names if name in labels)
        rows.append(RoundRow(round_, on_chain, offered))
    return rows
