"""Postcards that were drawn, kept for an hour, and forgotten when a picture is taken down."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress

import redis
from django.core.cache import cache

from curation.galleries.models import Candidate

KEPT_S = 3600
AWAY = (redis.RedisError, OSError)  # what an unreachable cache raises
DRAWN_AS = 1  # raised when postcards are drawn otherwise


def fingerprint(title: str, digests: Sequence[str]) -> str:
    """What a postcard shows, in 32 hex digits: another one as soon as that changes."""
    said = "\0".join((str(DRAWN_AS), title, *digests))
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def kept(name: str, mark: str, make: Callable[[], bytes]) -> bytes:
    """The postcard of a page if it is kept and shows what `mark` says, else what `make` gives.

    There is one for each page: drawing it anew overwrites what it showed before.
    """
    key = _key(name)
    try:
        found = cache.get(key)
    except AWAY:
        return make()
    if found is not None and found[0] == mark:
        return bytes(found[1])
    made = make()
    with suppress(*AWAY):
        cache.set(key, (mark, made), timeout=KEPT_S)
    return made


def forget(candidate: Candidate) -> None:
    """Erase every postcard that may show a picture; if the cache is away, an hour does."""
    names = (
        "home",
        f"brief:{candidate.round.brief_id}",
        f"round:{candidate.round_id}",
        f"candidate:{candidate.digest}",
        f"version:{candidate.model_version}",
    )
    with suppress(*AWAY):
        cache.delete_many([_key(name) for name in names])


def _key(name: str) -> str:
    return f"postcard:{name}"
