"""The queue: what waits for a moderator, gathered from several sources.

A source is any class with the shape of `Source`; the setting `MODERATION_SOURCES` lists them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.conf import settings
from django.db.models import Count, Max, Min, Q, QuerySet
from django.utils.module_loading import import_string
from django.utils.timesince import timeuntil

from curation.galleries.models import Candidate, Round
from curation.moderation.models import Reason, Report
from curation.moderation.winners import winners_among
from curation.validators.selectors import held_candidates, results_of
from curation.validators.verdicts import Consequence

PAGE = 60
LONGEST = 200  # characters of a search


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a moderator looks for: words of a prompt, a digest's or an address's beginning."""

    text: str = ""
    reason: str = ""
    escalated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that waits."""

    source: str
    key: str  # unique in its source; of pictures the digest
    title: str
    since: datetime
    lines: tuple[str, ...] = ()  # why it is here, in words
    candidate: Candidate | None = None
    escalated: bool = False
    won: bool = False
    deeds: tuple[str, ...] = ("approve", "hide", "disqualify", "escalate")  # what can be done


class Source(Protocol):
    """Somewhere things come from that wait for a moderator.

    A source whose items are no pictures has `deeds`, by their names, does one by
    `act(deed=, key=, by=, reason=, note=, batch=)`, which returns the log's line, and lists in
    `refusals` what that may raise beside our own errors.
    """

    name: str
    label: str

    def count(self) -> int:
        """How many wait."""

    def items(self, wanted: Wanted, limit: int) -> list[Item]:
        """The first that wait, the most urgent one first."""


def sources() -> list[Source]:
    """Every source, in the order of the setting."""
    return [import_string(path)() for path in settings.MODERATION_SOURCES]


def matching(wanted: Wanted, candidates: QuerySet[Candidate]) -> QuerySet[Candidate]:
    """Those that a search means: by prompt, digest, or address of reporter or sponsor."""
    text = wanted.text.strip()[:LONGEST]
    if not text:
        return candidates
    lowered = text.lower()
    if lowered.startswith("0x"):
        return candidates.filter(
            Q(reports__member__address__istartswith=text)
            | Q(round__brief__posted_by__address__istartswith=text)
            | Q(digest__startswith=lowered[2:])
        )
    return candidates.filter(Q(prompt__icontains=text) | Q(digest__startswith=lowered))


def _item(
    source: str,
    picture: Candidate,
    deeds: tuple[str, ...],
    *,
    lines: tuple[str, ...] = (),
    won: bool = False,
) -> Item:
    """A picture that waits since it was published."""
    return Item(
        source=source,
        key=picture.digest,
        title=picture.prompt,
        since=picture.published_at,
        lines=lines,
        candidate=picture,
        won=won,
        deeds=deeds,
    )


class Reported:
    """Pictures that members reported, and nobody answered yet."""

    name = "reported"
    label = "Reported"

    def count(self) -> int:
        """How many pictures have open reports."""
        return Report.objects.filter(answer=None).values("candidate").distinct().count()

    def items(self, wanted: Wanted, limit: int) -> list[Item]:
        """Escalated ones first, then by how many reported them, then the oldest."""
        found = matching(wanted, Candidate.objects.select_related("round__brief"))
        waiting = Report.objects.filter(answer=None)
        if wanted.reason:
            waiting = waiting.filter(reason=wanted.reason)
        if wanted.escalated:
            waiting = waiting.filter(escalated_at__isnull=False)
        tops = (
            waiting.filter(candidate__in=found.values("pk"))
            .values("candidate")
            .annotate(n=Count("pk"), since=Min("created_at"), up=Max("escalated_at"))
            .order_by("up", "-n", "since")[:limit]  # PostgreSQL puts none last
        )
        rows = {row["candidate"]: row for row in tops}
        pictures = Candidate.objects.select_related("round__brief").in_bulk(list(rows))
        won = winners_among([picture.digest for picture in pictures.values()])
        said = self._said(list(rows))
        return [
            Item(
                source=self.name,
                key=pictures[pk].digest,
                title=pictures[pk].prompt,
                since=row["since"],
                lines=said[pk],
                candidate=pictures[pk],
                escalated=row["up"] is not None,
                won=pictures[pk].digest in won,
            )
            for pk, row in rows.items()
        ]

    @staticmethod
    def _said(ids: list[int]) -> dict[int, tuple[str, ...]]:
        """What was said of each, counted by reason, with the notes."""
        counts: dict[int, dict[str, int]] = {pk: {} for pk in ids}
        notes: dict[int, list[str]] = {pk: [] for pk in ids}
        found = Report.objects.filter(answer=None, candidate__in=ids).order_by("pk")
        for pk, reason, note in found.values_list("candidate", "reason", "note"):
            counts[pk][reason] = counts[pk].get(reason, 0) + 1
            notes[pk] += [f"“{note}”"] if note else []
        return {
            pk: (*(f"{n} × {Reason(r).label}" for r, n in counts[pk].items()), *notes[pk][:3])
            for pk in ids
        }


class Held:
    """Pictures that validators stopped: to be hung, while their round is open, or disqualified."""

    name = "held"
    label = "Held"

    def count(self) -> int:
        """How many could still hang."""
        return self._waiting().count()

    def items(self, wanted: Wanted, limit: int) -> list[Item]:
        """Those whose round ends first come first."""
        found = matching(wanted, self._waiting()).distinct()
        pictures = found.order_by("round__closes_at", "pk")[:limit]
        deeds = ("approve", "disqualify")
        return [
            _item(self.name, picture, deeds, lines=tuple(self._why(picture)))
            for picture in pictures
        ]

    @staticmethod
    def _waiting() -> QuerySet[Candidate]:
        return held_candidates().filter(round__status=Round.Status.OPEN)

    @staticmethod
    def _why(picture: Candidate) -> Iterator[str]:
        """What stopped it, and until when it could hang."""
        for row in results_of(picture):
            if row.consequence != Consequence.NONE:
                yield f"{row.validator}: {row.reason}"
        yield f"Its round closes in {timeuntil(picture.round.closes_at)}."


class Taken:
    """Pictures that are hidden, not for ever: to be restored or disqualified."""

    name = "hidden"
    label = "Hidden"

    def count(self) -> int:
        """How many are hidden."""
        return Candidate.objects.filter(status=Candidate.Status.HIDDEN).count()

    def items(self, wanted: Wanted, limit: int) -> list[Item]:
        """The latest first."""
        hidden = Candidate.objects.filter(status=Candidate.Status.HIDDEN)
        found = matching(wanted, hidden).select_related("round__brief").distinct()
        deeds = ("restore", "disqualify")
        return [_item(self.name, picture, deeds) for picture in found.order_by("-pk")[:limit]]


class Hanging:
    """Everything on show, for whoever looks for something."""

    name = "hanging"
    label = "On show"

    def count(self) -> int:
        """How many hang."""
        return Candidate.objects.filter(status=Candidate.Status.PUBLISHED).count()

    def items(self, wanted: Wanted, limit: int) -> list[Item]:
        """The newest first."""
        shown = Candidate.objects.filter(status=Candidate.Status.PUBLISHED)
        found = matching(wanted, shown).select_related("round__brief").distinct()
        pictures = list(found.order_by("-pk")[:limit])
        won = winners_among([picture.digest for picture in pictures])
        deeds = ("hide", "disqualify")
        return [_item(self.name, picture, deeds, won=picture.digest in won) for picture in pictures]
