"""Sums over a published tally's ballots, kept: they never change, and there may be a million."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import redis
from django.core.cache import cache

from curation.standings.models import Tally

T = TypeVar("T")
KEPT_S = 24 * 3600


def kept(tally: Tally, name: str, make: Callable[[], T]) -> T:
    """What `make` gives for this tally, from the cache if it is there and knows it."""
    key = f"tally:{tally.bundle_digest}:{name}"
    try:
        if (found := cache.get(key)) is not None:
            return found  # type: ignore[no-any-return]
        cache.set(key, made := make(), timeout=KEPT_S)
    except (redis.RedisError, OSError):
        return make()
    return made
