"""Rate limits, and who they count."""

from __future__ import annotations

import pytest
from django.test import RequestFactory, override_settings

from curation import rates
from curation.clients import client_of
from curation.rates import Rate, RatesUnknown, TooMany, spend


@pytest.fixture(autouse=True)
def unspent_rates() -> None:
    rates._limiter().storage.reset()


@pytest.fixture
def no_redis(settings):
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    rates._limiter.cache_clear()
    yield
    rates._limiter.cache_clear()


def test_the_window_fills_up_and_says_when_to_come_back() -> None:
    rate = Rate("trial", 3, 60)
    for _ in range(3):
        spend(rate, "ada")
    with pytest.raises(TooMany) as refused:
        spend(rate, "ada")
    assert 1 <= refused.value.retry_after_s <= 61
    assert str(refused.value.retry_after_s) in str(refused.value)
    spend(rate, "grace")


def test_without_redis_a_limit_refuses_everybody(no_redis) -> None:
    with pytest.raises(RatesUnknown):
        spend(Rate("trial", 3, 60), "ada")


def test_without_redis_reading_goes_on(no_redis) -> None:
    spend(Rate("trial", 3, 60, fails_open=True), "ada")


@pytest.mark.django_db
def test_without_redis_nobody_signs_in_and_everybody_reads(no_redis, client) -> None:
    answer = client.get("/api/v1/nonce")
    assert (answer.status_code, answer.json()["code"]) == (503, "rates-unknown")
    answer = client.post("/api/v1/sign-in", {}, content_type="application/json")
    assert answer.status_code in (422, 503)
    signed = {"message": "x", "signature": "0x"}
    answer = client.post("/api/v1/sign-in", signed, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (503, "rates-unknown")
    assert client.get("/api/v1/briefs").status_code == 200


@pytest.mark.django_db
def test_too_many_answers_429_with_retry_after(client, monkeypatch) -> None:
    monkeypatch.setattr("curation.accounts.api.NONCES", Rate("trial", 2, 60))
    statuses = [client.get("/api/v1/nonce").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    refused = client.get("/api/v1/nonce")
    assert int(refused["Retry-After"]) >= 1
    assert refused.json()["code"] == "too-many"


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "client"),
    [
        (0, "203.0.113.9", "198.51.100.1", "203.0.113.9"),
        (1, "10.0.0.1", "198.51.100.1", "198.51.100.1"),
        (1, "10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        (2, "10.0.0.1", "6.6.6.6, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        (2, "10.0.0.1", "198.51.100.1", "10.0.0.1"),
        (0, "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        (0, "::ffff:203.0.113.9", "", "203.0.113.9"),
        (1, "10.0.0.1", "no address", "unknown"),
        (0, "", "", "unknown"),
    ],
)
def test_a_client_is_who_the_outermost_proxy_saw(proxies, peer, forwarded, client) -> None:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory(REMOTE_ADDR=peer).get("/", headers=headers)
    with override_settings(PROXY_COUNT=proxies):
        assert client_of(request) == client
