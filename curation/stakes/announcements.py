"""Telling open walls that stakes changed."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet

from curation.galleries.models import Candidate, Round
from curation.live import services as live
from curation.stakes.models import Stake


def announce(changed: Collection[tuple[int, str]]) -> None:
    """Tell of candidates, given by round and digest, in the current transaction.

    Walls of closed rounds hear nothing, and neither does anyone of what we do not know: the chain
    takes a stake on whatever was anchored.
    """
    if changed:
        found = Candidate.objects.filter(digest__in={digest for _, digest in changed})
        _tell(found, changed)


def announce_all() -> None:
    """Tell once of every candidate in an open round that has a stake."""
    staked = Stake.objects.filter(round__status=Round.Status.OPEN)
    changed = set(staked.values_list("round_id", "digest").distinct())
    announce(changed)


def _tell(found: QuerySet[Candidate], changed: Collection[tuple[int, str]]) -> None:
    rows = found.filter(round__status=Round.Status.OPEN).select_related("round").order_by("pk")
    told = [(c.round.stream, c.pk) for c in rows if (c.round_id, c.digest) in changed]
    for stream, pk in sorted(told):  # every writer takes streams in the same order
        live.append(stream=stream, kind="stake_changed", payload={"candidate": pk})
