"""Pools of pairs that teach much."""

from __future__ import annotations

from random import Random

import pytest
import redis
from django.core.cache import cache
from django.utils import timezone

from curation.models import BallotAnchor, FrozenReputation, ServedPair
from curation.pairs import pools
from curation.pairs.services import serve_pairs
from tests.curation.judging import judge, round_with, waiting

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    cache.clear()


def trust(member, round_, value: float = 1.0) -> None:
    FrozenReputation.objects.create(
        round=round_, member=member, value=value, frozen_at=timezone.now()
    )


def test_served_pairs_come_from_the_pool_and_at_random(ada) -> None:
    round_ = round_with(6, 6)
    pools.refresh_pool(round_id=round_.pk)
    pool = pools.pool_of(round_.pk)
    pairs = {*pool.same_prompt, *pool.others}
    rng = Random(4)
    for _ in range(40):
        serve_pairs(member=ada, round_=round_, count=1, rng=rng)
        for pair in waiting(ada, round_):
            judge(pair)
    served = ServedPair.objects.filter(member=ada)
    chosen = {(pair.low, pair.high) for pair in served.filter(how="chosen")}
    assert len(chosen) >= 8
    assert chosen <= pairs
    assert served.filter(how="random").count() >= 12


def test_pool_is_used_while_no_two_pictures_share_a_prompt(ada) -> None:
    round_ = round_with(12, 1)
    pools.refresh_pool(round_id=round_.pk)
    pool = pools.pool_of(round_.pk)
    assert (len(pool.same_prompt), len(pool.others)) == (0, 16)
    serve_pairs(member=ada, round_=round_, count=12, rng=Random(4))
    assert ServedPair.objects.filter(how="chosen").count() >= 4


def test_pool_prefers_what_was_compared_little(ada) -> None:
    round_ = round_with(1, 8)
    trust(ada, round_)
    old = list(round_.candidates.order_by("pk").values_list("digest", flat=True)[:6])
    for digest in old:
        for other in old:
            if digest < other:
                low_high = {"low": digest, "high": other}
                judge(
                    ServedPair.objects.create(
                        round=round_,
                        member=ada,
                        kind="preference",
                        how="random",
                        low_left=True,
                        **low_high,
                    )
                )
    pools.refresh_pool(round_id=round_.pk)
    pool = pools.pool_of(round_.pk)
    assert len(pool.same_prompt) == 7
    assert all(not {low, high} <= set(old) for low, high in pool.same_prompt)


def test_voters_without_reputation_steer_nothing(ada) -> None:
    round_ = round_with(3, 4)
    pools.refresh_pool(round_id=round_.pk)
    before = pools.pool_of(round_.pk)
    serve_pairs(member=ada, round_=round_, count=12)
    for pair in waiting(ada, round_):
        judge(pair)
    pools.refresh_pool(round_id=round_.pk)
    assert pools.pool_of(round_.pk) == before
    trust(ada, round_)
    pools.refresh_pool(round_id=round_.pk)
    assert pools.pool_of(round_.pk) != before


def test_what_was_taken_down_is_not_served_from_an_older_pool(ada) -> None:
    round_ = round_with(1, 6)
    pools.refresh_pool(round_id=round_.pk)
    for digest in {digest for pair in pools.pool_of(round_.pk).others for digest in pair}:
        round_.candidates.filter(digest=digest).update(status="hidden")
    assert pools.pool_of(round_.pk).others
    serve_pairs(member=ada, round_=round_, count=12, rng=Random(1))
    assert not ServedPair.objects.filter(how="chosen").exists()


def test_pool_is_asked_for_when_there_is_news(ada) -> None:
    round_ = round_with(1, 4)
    round_with(1, 1)  # one picture makes no pair
    assert pools.rounds_with_news() == [round_.pk]
    pools.refresh_pool(round_id=round_.pk)
    assert pools.rounds_with_news() == []
    serve_pairs(member=ada, round_=round_, count=1)
    ballot = judge(waiting(ada, round_)[0])
    assert pools.rounds_with_news() == [round_.pk]
    pools.refresh_pool(round_id=round_.pk)
    assert pools.rounds_with_news() == []
    ballot.anchor = BallotAnchor.objects.create(round=round_, index=0, root="00" * 32, count=1)
    ballot.save()
    assert pools.rounds_with_news() == []
    round_.status = "closed"
    round_.save()
    pools.refresh_pool(round_id=round_.pk)
    assert pools.pool_of(round_.pk) == pools.Pool()
    assert pools.rounds_with_news() == []


def test_pool_is_asked_for_again_only_after_a_rest(ada) -> None:
    round_ = round_with(1, 4)
    assert pools.rounds_to_refresh() == [round_.pk]
    assert pools.rounds_to_refresh() == []  # a worker has been asked
    pools.refresh_pool(round_id=round_.pk)
    serve_pairs(member=ada, round_=round_, count=1)
    judge(waiting(ada, round_)[0])
    assert pools.rounds_with_news() == [round_.pk]
    assert pools.rounds_to_refresh() == []
    cache.delete(pools._asked(round_.pk))
    assert pools.rounds_to_refresh() == [round_.pk]


def test_without_a_cache_every_pair_is_random(ada, monkeypatch) -> None:
    round_ = round_with(2, 6)
    pools.refresh_pool(round_id=round_.pk)

    def away(*_: object) -> None:
        raise redis.ConnectionError

    monkeypatch.setattr(type(cache._connections["default"]), "get", away)  # as if Redis were down
    assert len(serve_pairs(member=ada, round_=round_, count=12).pairs) == 12
    assert set(ServedPair.objects.values_list("how", flat=True)) == {"random"}
