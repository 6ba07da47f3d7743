"""As fast as people look, not faster; and nobody pays for another's haste."""

from __future__ import annotations

import time

import pytest

from curation import rates
from curation.ballots.services import PACE
from curation.models import Ballot
from tests.curation.ballots.conftest import refusal
from tests.voters import Voter, hang


@pytest.fixture
def pairs(round_) -> list[tuple[str, str]]:
    digests = [candidate.digest for candidate in hang(round_, 12)]
    return [(one, other) for one in digests for other in digests if one < other]


def test_thirty_a_second_are_refused_with_the_time_to_wait(site, voter, round_, pairs) -> None:
    begun = time.monotonic()
    answers = [
        site.cast(voter.by_key(voter.fields(round_, *pair))) for pair in pairs[: PACE.times + 5]
    ]
    assert time.monotonic() - begun < PACE.within_s
    assert [a.status_code for a in answers] == [201] * PACE.times + [429] * 5
    assert refusal(answers[-1]) == (429, "too-many")
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= PACE.within_s
    assert Ballot.objects.count() == PACE.times


def test_two_a_second_are_never_refused() -> None:
    assert PACE.times / PACE.within_s == 2


def test_one_voters_haste_stops_nobody_else(site, domain, voter, round_, pairs) -> None:
    for _ in range(PACE.times):
        rates.spend(PACE, voter.wallet.address)
    assert site.refused(voter.by_key(voter.fields(round_, *pairs[0]))) == (429, "too-many")
    other = Voter(domain)
    assert site.cast(other.by_key(other.fields(round_, *pairs[0]))).status_code == 201


def test_nobody_spends_a_voters_pace_without_being_able_to_sign_for_them(
    site, domain, voter, round_, pairs
) -> None:
    thief = Voter(domain)
    for pair in pairs[: PACE.times + 1]:
        stolen = thief.by_key(voter.fields(round_, *pair))
        assert site.refused(stolen) == (403, "key-not-delegated")
    assert site.cast(voter.by_key(voter.fields(round_, *pairs[0]))).status_code == 201


def test_nobody_spends_a_voters_pace_with_ballots_that_were_published(
    site, voter, round_, pairs
) -> None:
    old = voter.by_key(voter.fields(round_, *pairs[0]))
    assert site.cast(old).status_code == 201
    assert {site.cast(old).status_code for _ in range(PACE.times + 1)} == {200}
    assert site.cast(voter.by_key(voter.fields(round_, *pairs[1]))).status_code == 201


@pytest.fixture
def no_redis(settings):
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    rates._limiter.cache_clear()
    yield
    rates._limiter.cache_clear()


def test_without_redis_ballots_are_taken_all_the_same(no_redis, site, voter, fields) -> None:
    with pytest.raises(rates.RatesUnknown):
        rates.spend(rates.Rate("anything", 1, 1))
    assert site.cast(voter.by_key(fields)).status_code == 201
