"""Pools of pairs that teach much, made ahead by workers and kept in the cache.

They follow running standings, so nothing of them is shown, logged or counted anywhere: only
pairs drawn from them are served, among others drawn blindly.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import redis
from django.core.cache import cache
from django.db.models import Max

from curation.ballots.models import Ballot
from curation.ballots.selectors import counting
from curation.galleries.models import Round
from curation.pairs.models import ServedPair
from curation.pairs.rules import Pair, ordered
from curation.pairs.selectors import by_prompt, prompts_of
from curation.reputations.models import FrozenReputation

if TYPE_CHECKING:
    from curation.standings.comparisons import Comparisons

KEPT_S = 3600
EVERY_S, REST = 10.0, 9.0  # between two pools of a round: a large one takes a tenth of a worker
LOST_S = 60.0  # after which a pool that never came is asked for again
ROWS = 10_000  # fetched at a time


@dataclass(frozen=True, slots=True)
class Pool:
    """Pairs of a round that teach much."""

    same_prompt: list[Pair] = field(default_factory=list)
    others: list[Pair] = field(default_factory=list)


def pool_of(round_id: int) -> Pool:
    """The pool of a round; an empty one as long as there is none, or no cache to ask."""
    try:
        found = cache.get(_key(round_id))
    except (redis.RedisError, OSError):
        return Pool()
    return found or Pool()


def refresh_pool(*, round_id: int) -> None:
    """Make an open round's pool from the ballots so far; of a closed one it is thrown away."""
    began = time.monotonic()
    round_ = Round.objects.get(pk=round_id)
    if not round_.is_open:
        cache.delete(_key(round_id))
        return
    newest = Ballot.objects.aggregate(newest=Max("pk"))["newest"] or 0
    cache.set(_key(round_id), Pool(*_best(round_)), timeout=KEPT_S)
    cache.set(_mark(round_id), (round_.candidates_count, newest), timeout=KEPT_S)
    rest_s = max(EVERY_S, REST * (time.monotonic() - began))
    cache.set(_asked(round_id), 1, timeout=rest_s)


def rounds_to_refresh() -> list[int]:
    """Rounds whose pool a worker should make now; not asked again before it is and has rested."""
    found = rounds_with_news()
    return [pk for pk in found if cache.add(_asked(pk), 1, timeout=LOST_S)]


def rounds_with_news() -> list[int]:
    """Open rounds that got candidates or ballots since their pool was made.

    Ballots are looked for among those not anchored yet: older ones are no news.
    """
    rounds = Round.objects.filter(status=Round.Status.OPEN, candidates_count__gte=2)
    counts = dict(rounds.values_list("pk", "candidates_count"))
    waiting = Ballot.objects.filter(round__in=counts, anchor=None).values_list("round")
    newest = dict(waiting.annotate(Max("pk")))
    marks = cache.get_many([_mark(pk) for pk in counts])
    made = {pk: marks.get(_mark(pk), (0, 0)) for pk in counts}
    return [
        pk
        for pk, count in counts.items()
        if made[pk][0] != count or made[pk][1] < newest.get(pk, 0)
    ]


def _key(round_id: int) -> str:
    return f"pairs-pool:{round_id}"


def _mark(round_id: int) -> str:
    """Where it is kept what a pool was made from: candidates hung, and the newest ballot."""
    return f"pairs-pool-mark:{round_id}"


def _asked(round_id: int) -> str:
    return f"pairs-pool-asked:{round_id}"


def _best(round_: Round) -> tuple[list[Pair], list[Pair]]:
    """The pairs that teach most: of one prompt, and of any."""
    import numpy as np  # noqa: PLC0415 - keeps the web process light

    from curation.pairs.gains import best_pairs, estimate  # noqa: PLC0415

    prompts = prompts_of(round_)
    digests = list(prompts)
    numbers = {digest: number for number, digest in enumerate(digests)}
    known = estimate(len(digests), _comparisons(round_.pk, numbers))
    rng = np.random.default_rng(round_.pk)
    by_numbers = [[numbers[digest] for digest in group] for group in by_prompt(prompts)]
    same_prompt, others = (
        [ordered(digests[i], digests[j]) for i, j in best_pairs(known, groups, rng)]
        for groups in (by_numbers, [list(range(len(digests)))])
    )
    return same_prompt, others


def _comparisons(round_id: int, numbers: dict[str, int]) -> Comparisons:
    """The ballots so far, weighed by reputation alone: who has none steers nothing."""
    from curation.standings.comparisons import aggregated  # noqa: PLC0415

    frozen = FrozenReputation.objects.filter(round=round_id)
    reputations = dict(frozen.values_list("member", "value"))
    ballots = counting(round_id).filter(pair__kind=ServedPair.Kind.PREFERENCE)
    chosen, rejected, weights, ties = [], [], [], []
    fields = ("voter", "chosen", "rejected", "outcome")
    for voter, one, other, outcome in ballots.values_list(*fields).iterator(chunk_size=ROWS):
        if voter in reputations and one in numbers and other in numbers:
            chosen.append(numbers[one])
            rejected.append(numbers[other])
            weights.append(reputations[voter])
            ties.append(outcome == Ballot.Outcome.TIE)
    return aggregated(chosen, rejected, weights, ties)
