"""Rate limits: moving windows in Redis, counted for all processes together."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import redis
import structlog
from django.conf import settings
from limits import RateLimitItemPerSecond
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

from curation.errors import CurationError

log = structlog.get_logger(__name__)


class TooMany(CurationError):
    """Somebody asked too often; `retry_after_s` says when to come back."""

    status: ClassVar[int] = 429

    def __init__(self, retry_after_s: int) -> None:
        unit = "second" if retry_after_s == 1 else "seconds"
        super().__init__(f"That was too often. Try again in {retry_after_s:,} {unit}.")
        self.retry_after_s = retry_after_s


class RatesUnknown(CurationError):
    """Nobody can say how often this was asked, so it is refused."""

    status: ClassVar[int] = 503


@dataclass(frozen=True, slots=True)
class Rate:
    """So many times within so many seconds, each for itself under its name."""

    name: str
    times: int
    within_s: int
    fails_open: bool = False  # when Redis is away: let reading go on


def spend(rate: Rate, *who: str) -> None:
    """Count one use.

    Raises:
        TooMany: the window is full.
        RatesUnknown: Redis is away, and this rate does not fail open.
    """
    item = RateLimitItemPerSecond(rate.times, rate.within_s, namespace="salon-rates")
    limiter = _limiter()
    try:
        if limiter.hit(item, rate.name, *who):
            return
        free_at = limiter.get_window_stats(item, rate.name, *who).reset_time
    except (redis.RedisError, OSError) as error:
        if rate.fails_open:
            log.warning("a rate limit is not counted", rate=rate.name, error=repr(error))
            return
        raise RatesUnknown("This cannot be done right now. Try again in a minute.") from error
    raise TooMany(max(1, math.ceil(free_at - time.time())))


@lru_cache(maxsize=1)
def _limiter() -> MovingWindowRateLimiter:
    pool = redis.ConnectionPool.from_url(
        settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2
    )
    return MovingWindowRateLimiter(RedisStorage("redis://", connection_pool=pool))
