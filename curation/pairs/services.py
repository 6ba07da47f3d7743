"""Writes about pairs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from curation.accounts.models import Member
from curation.ballots.errors import RoundClosed
from curation.galleries.models import Round
from curation.pairs import selectors
from curation.pairs.choosing import Chooser
from curation.pairs.models import ServedPair
from curation.pairs.selectors import Picture

MOST_WAITING = 12  # pairs served to one member and not judged


@dataclass(frozen=True, slots=True)
class Served:
    """Two pictures as they hang beside each other."""

    left: Picture
    right: Picture


@dataclass(frozen=True, slots=True)
class Serving:
    """Pairs to judge, and how far the member has come in the round."""

    pairs: list[Served]
    judged: int
    remaining: int  # that may still be judged in this round


@transaction.atomic
def serve_pairs(*, member: Member, round_: Round, count: int, rng: Random | None = None) -> Serving:
    """Hand a member pairs to judge and record them; those served but not judged come again first.

    Fewer than `count` when twelve wait, the member's share of the round is used up, or the round
    has no more pairs for them yet. What was hidden or disqualified since is left out.

    Raises:
        RoundClosed: the round takes no more ballots.
    """
    if not round_.is_open or round_.closes_at <= timezone.now():
        raise RoundClosed("This round has closed; there is nothing left to judge in it.")
    _hold(member)
    served = selectors.served_to(member, round_)
    judged = sum(pair.judged for pair in served)  # type: ignore[attr-defined]
    remaining = max(0, settings.PAIRS_PER_ROUND - judged)
    waiting = _hung(pair for pair in served if not pair.judged)  # type: ignore[attr-defined]
    wanted = min(count, MOST_WAITING, remaining) - len(waiting)
    if wanted > 0:
        chooser = Chooser(member=member, round_=round_, served=served, rng=rng or Random())
        chosen = [row for _ in range(wanted) if (row := chooser.next()) is not None]
        ServedPair.objects.bulk_create(chosen, ignore_conflicts=True)
        waiting += _hung(chosen)
    return Serving(waiting[:count], judged, remaining)


def _hold(member: Member) -> None:
    """Let a member's other tabs wait until this transaction has ended."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"pairs:{member.pk}"]
        )


def _hung(rows: Iterable[ServedPair]) -> list[Served]:
    """Rows as pairs of pictures, without those of which a picture is not on show."""
    rows = list(rows)
    shown = selectors.pictures({digest for row in rows for digest in (row.low, row.high)})
    hung = [row for row in rows if row.low in shown and row.high in shown]
    return [Served(*(shown[digest] for digest in _sides(row))) for row in hung]


def _sides(row: ServedPair) -> tuple[str, str]:
    return (row.low, row.high) if row.low_left else (row.high, row.low)
