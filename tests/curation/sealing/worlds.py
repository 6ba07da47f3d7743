"""Worlds that are equal but for who chose what: time that stands still, and people who vote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import pytest
from django.conf import settings
from django.template import defaultfilters
from django.test import Client
from django.utils import timezone

from chain.tallies.gathering import gather_ballots
from curation.live import hub
from curation.models import ChainRound
from curation.pairs.pools import refresh_pool
from tests.curation.stakes.chains import Play

from . import databases
from .databases import Kept
from .ground import Ground

ROLES = ("visitor", "member", "sponsor", "staff")


@contextmanager
def standing_clock() -> Iterator[datetime]:
    """Stop the clock: what was not told at the same time could not be compared."""
    now = timezone.now()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timezone, "now", lambda: now)
        until, since = defaultfilters.timeuntil, defaultfilters.timesince
        patch.setattr(defaultfilters, "timeuntil", lambda at: until(at, now))
        patch.setattr(defaultfilters, "timesince", lambda at: since(at, now))
        patch.setattr(hub, "LOOK_EVERY_S", 1000)  # by the real clock it looks now and then
        patch.setattr(settings, "STAKING_TERMS", f"{Play.__module__}.play_terms")
        yield now


def live(ground: Ground, world: str) -> None:
    """Let everybody of a world vote, over HTTP, and the processes beside it do their work."""
    client = Client()
    for ballot in [*ground.own, *ground.ballots[world]]:
        body = json.dumps(ballot.body)
        answer = client.post("/api/v1/ballots", body, content_type="application/json")
        assert answer.status_code == 201, answer.content
    refresh_pool(round_id=ground.round.pk)
    anchor = gather_ballots(round_id=ground.round.pk)
    assert anchor is not None
    ChainRound.objects.filter(pk=ground.round.pk).update(ballots_root=anchor.root)


@dataclass(frozen=True)
class World:
    """A database in which people have voted, and what its cache held then."""

    name: str
    database: str
    cache: Kept
    casting: dict[str, str]  # what could be noticed while they did
    root: str  # of all ballots: a commitment, which says nothing of what is under it

    @contextmanager
    def visited(self) -> Iterator[None]:
        """Look around in a copy; what one leaves there is gone afterwards."""
        databases.put_back(self.cache)
        with databases.scratch_of(self.database, f"{self.database}_visited"):
            yield
        databases.put_back({})
