"""Pairs as they are served: which, how often, to whom."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest
from django.utils import timezone

from curation.ballots.errors import RoundClosed
from curation.models import Candidate, Decoy, ServedPair, Stake
from curation.pairs.services import serve_pairs
from tests.curation.judging import cast, decoy_of, judge, round_with, waiting
from tests.factories import RoundFactory, StandingFactory, TallyFactory, publish
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def digests(serving) -> list[frozenset[str]]:
    return [frozenset({pair.left.digest, pair.right.digest}) for pair in serving.pairs]


def judge_all(member, round_, times: int, **how: object) -> list[ServedPair]:
    """Serve one pair and judge it, over and over, as long as there are any."""
    for _ in range(times):
        serve_pairs(member=member, round_=round_, count=1, **how)
        for pair in waiting(member, round_):
            judge(pair)
    return list(ServedPair.objects.filter(member=member, round=round_).order_by("pk"))


def test_pair_served_but_not_judged_is_served_again(ada) -> None:
    round_ = round_with(3, 4)
    first = serve_pairs(member=ada, round_=round_, count=3)
    assert digests(serve_pairs(member=ada, round_=round_, count=3)) == digests(first)
    assert digests(serve_pairs(member=ada, round_=round_, count=5))[:3] == digests(first)
    assert ServedPair.objects.count() == 5
    assert (first.judged, first.remaining) == (0, 60)


def test_pair_is_never_served_twice_to_a_member_in_a_round(ada, settings) -> None:
    settings.PAIRS_PER_ROUND = 1000
    round_ = round_with(2, 3)
    served = judge_all(ada, round_, 30)
    assert len(served) == 15  # every pair of six, and then no more
    assert len({(pair.low, pair.high) for pair in served}) == 15
    end = serve_pairs(member=ada, round_=round_, count=12)
    assert (end.pairs, end.judged, end.remaining) == ([], 15, 985)


def test_pair_judged_without_having_been_served_is_not_served(ada) -> None:
    round_ = round_with(1, 3)
    one, two, three = sorted(round_.candidates.values_list("digest", flat=True))
    cast(ada, round_, (one, two), chosen=one)
    served = digests(serve_pairs(member=ada, round_=round_, count=12))
    assert sorted(map(sorted, served)) == [[one, three], [two, three]]


def test_share_of_a_round_is_used_up(ada, settings) -> None:
    settings.PAIRS_PER_ROUND = 4
    round_ = round_with(3, 4)
    assert len(judge_all(ada, round_, 9)) == 4
    end = serve_pairs(member=ada, round_=round_, count=3)
    assert (end.pairs, end.judged, end.remaining) == ([], 4, 0)


def test_at_most_twelve_pairs_wait(ada) -> None:
    round_ = round_with(3, 4)
    for _ in range(3):
        assert len(serve_pairs(member=ada, round_=round_, count=50).pairs) == 12
    assert ServedPair.objects.count() == 12


@pytest.mark.parametrize("seed", range(3))
def test_half_of_the_pairs_share_a_prompt_and_three_in_ten_are_random(ada, seed) -> None:
    round_ = round_with(8, 5)
    for candidate in Candidate.objects.filter(round=round_)[:8]:
        decoy_of(candidate)
    served = judge_all(ada, round_, 60, rng=Random(seed))
    prompts = dict(Candidate.objects.values_list("digest", "prompt"))
    alike = [
        pair.kind == "preference" and prompts[pair.low] == prompts[pair.high] for pair in served
    ]
    random = [pair.how == "random" for pair in served]
    for count in (10, 20, 40, 60):
        assert sum(alike[:count]) >= count / 2 - 1
        assert sum(random[:count]) >= 0.3 * count - 1
    assert not all(alike)  # standings need to know how prompts compare, too
    assert 15 < sum(pair.low_left for pair in served) < 45


def test_newcomer_meets_three_test_pairs_among_the_first_ten(ada) -> None:
    round_ = round_with(4, 4)
    for candidate in Candidate.objects.all()[:6]:
        decoy_of(candidate)
    served = judge_all(ada, round_, 10)
    gold = [pair for pair in served if pair.kind == "gold"]
    assert len(gold) >= 3
    originals = set(Candidate.objects.values_list("digest", flat=True))
    assert all(pair.expected in originals for pair in gold)


def test_newcomer_catches_up_with_test_pairs_that_came_late(ada) -> None:
    round_ = round_with(4, 4)
    assert {pair.kind for pair in judge_all(ada, round_, 6)} == {"preference"}
    for candidate in Candidate.objects.all()[:6]:
        decoy_of(candidate)
    served = judge_all(ada, round_, 3)
    assert [pair.kind for pair in served[6:]] == ["gold"] * 3


def test_whoever_passed_enough_tests_meets_one_in_about_twelve(ada, settings) -> None:
    settings.PAIRS_PER_ROUND = 200
    round_ = round_with(6, 6)
    for candidate in Candidate.objects.all():
        decoy_of(candidate)
    for _ in range(130):
        serve_pairs(member=ada, round_=round_, count=1)
        for pair in waiting(ada, round_):
            judge(pair, pair.expected)
    served = ServedPair.objects.filter(round=round_).order_by("pk")
    gold = [pair.kind == "gold" for pair in served]
    assert 3 + 5 <= sum(gold) <= 3 + 19


def test_pairs_with_own_stakes_come_only_when_no_others_are_left(ada) -> None:
    round_ = round_with(1, 4)
    staked = round_.candidates.first().digest
    Stake.objects.create(round=round_, address=ada.address, digest=staked, staked_wei=1)
    served = judge_all(ada, round_, 6)
    assert [staked in (pair.low, pair.high) for pair in served] == [False] * 3 + [True] * 3


def test_fewer_than_two_pictures_make_no_pair(ada) -> None:
    round_ = RoundFactory()
    assert serve_pairs(member=ada, round_=round_, count=3).pairs == []
    publish(round_, 1)
    assert serve_pairs(member=ada, round_=round_, count=3).pairs == []
    publish(round_, 2)
    assert len(serve_pairs(member=ada, round_=round_, count=3).pairs) == 1


@pytest.mark.parametrize("status", ["hidden", "disqualified"])
def test_what_was_taken_down_is_in_no_pair_not_even_in_one_served_before(ada, status) -> None:
    round_ = round_with(1, 4)
    before = digests(serve_pairs(member=ada, round_=round_, count=6))
    gone = round_.candidates.first()
    decoy_of(gone)
    assert any(gone.digest in pair for pair in before)
    Candidate.objects.filter(pk=gone.pk).update(status=status)
    after = digests(serve_pairs(member=ada, round_=round_, count=12))
    assert len(after) == 3
    assert not any(gone.digest in pair for pair in after)


def test_twins_of_a_blind_test_are_in_no_ordinary_pair(ada) -> None:
    round_ = round_with(1, 5)
    twins = round_.candidates.order_by("pk")[:2]
    Candidate.objects.filter(pk__in=[twin.pk for twin in twins]).update(trial=True)
    served = digests(serve_pairs(member=ada, round_=round_, count=12))
    assert len(served) == 3
    assert not any(twin.digest in pair for twin in twins for pair in served)


def test_closed_round_serves_nothing(ada) -> None:
    over = timezone.now() - timedelta(seconds=1)
    for changes in (
        {"status": "closed"},
        {"opened_at": over - timedelta(hours=1), "closes_at": over},  # not closed yet, but due
    ):
        round_ = round_with(1, 2)
        for name, value in changes.items():
            setattr(round_, name, value)
        with pytest.raises(RoundClosed):
            serve_pairs(member=ada, round_=round_, count=1)


@pytest.mark.django_db(transaction=True)
def test_tabs_that_ask_at_once_get_the_same_pairs(ada) -> None:
    round_ = round_with(3, 4)
    results = at_once(8, lambda _: digests(serve_pairs(member=ada, round_=round_, count=12)))
    assert [len(set(result)) for result in results] == [12] * 8
    assert ServedPair.objects.count() == 12
    assert len({tuple(result) for result in results}) == 1


def test_earlier_answer_is_asked_for_again_at_times(ada, settings) -> None:
    settings.PAIRS_PER_ROUND = 1000
    earlier = round_with(2, 5)
    judge_all(ada, earlier, 45)
    earlier.status = "closed"
    earlier.save()
    served = judge_all(ada, round_with(4, 5), 190, rng=Random(7))
    repeats = [pair for pair in served if pair.kind == "repeat"]
    assert 3 <= len(repeats) <= 20
    asked = {(pair.low, pair.high) for pair in ServedPair.objects.filter(round=earlier)}
    assert all((pair.low, pair.high) in asked for pair in repeats)
    ada.reputation.refresh_from_db()
    assert ada.reputation.repeats_answered == ada.reputation.repeats_agreed == len(repeats)


def test_pairs_an_earlier_tally_is_sure_of_are_test_pairs_too(ada, settings) -> None:
    settings.PAIRS_PER_ROUND = 400
    earlier, round_ = round_with(1, 6), round_with(6, 6)
    tally = TallyFactory(round=earlier)
    best = list(earlier.candidates.order_by("pk"))
    for rank, candidate in enumerate(best):
        score = 3.0 if rank < 2 else -3.0
        StandingFactory(tally=tally, candidate=candidate, rank=rank + 1, score=score, deviation=0.2)
    Candidate.objects.filter(pk=best[0].pk).update(status="hidden")
    for candidate in round_.candidates.all()[:10]:
        decoy_of(candidate)
    rng = Random(3)
    for _ in range(250):
        serve_pairs(member=ada, round_=round_, count=1, rng=rng)
        for pair in waiting(ada, round_):
            judge(pair, pair.expected)
    decoys = set(Decoy.objects.values_list("digest", flat=True))
    gold = list(ServedPair.objects.filter(round=round_, kind="gold").order_by("pk"))
    decided = [pair for pair in gold if decoys.isdisjoint({pair.low, pair.high})]
    assert 0 < len(decided) <= 4
    assert all(pair not in decided for pair in gold[:3])  # a newcomer's tests are plain
    losers = {candidate.digest for candidate in best[2:]}
    for pair in decided:
        assert pair.expected == best[1].digest
        assert {pair.low, pair.high} - {pair.expected} <= losers
