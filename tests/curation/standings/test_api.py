"""Results over HTTP: nothing before the tally, everything after it."""

from __future__ import annotations

import hashlib

import pytest
from asgiref.sync import async_to_sync
from django.core.files.storage import default_storage
from django.test import Client

from curation.galleries.models import Round
from curation.standings.api import StreamedFile
from curation.standings.bundle import bundle_name
from curation.standings.services import publish_tally
from tests.curation.standings.full_round import Court, full_round

pytestmark = pytest.mark.django_db


@pytest.fixture
def court() -> Court:
    return full_round()


def get(court: Court, what: str, **query: object):
    return Client().get(f"/api/v1/rounds/{court.round.pk}/{what}", query)


@pytest.mark.parametrize("what", ["bundle", "standings"])
def test_nothing_is_told_before_the_tally(court, what):
    Round.objects.filter(pk=court.round.pk).update(status="open")
    answer = get(court, what)
    assert (answer.status_code, answer.json()["code"]) == (409, "tally-not-published")
    assert "sealed" in answer.json()["detail"]
    Round.objects.filter(pk=court.round.pk).update(status="closed")
    answer = get(court, what)
    assert answer.status_code == 409
    assert "being counted" in answer.json()["detail"]


@pytest.mark.parametrize("what", ["bundle", "standings"])
def test_rounds_that_never_were_are_not_found(what):
    assert Client().get(f"/api/v1/rounds/{10**9}/{what}").status_code == 404


def test_bundle_is_handed_out_byte_for_byte(court):
    tally = publish_tally(round_id=court.round.pk, facts=court.facts)
    answer = get(court, "bundle")
    assert answer.status_code == 200
    data = answer.getvalue()
    assert hashlib.sha256(data).hexdigest() == tally.bundle_digest
    assert answer["Content-Type"] == "application/json"
    assert answer["Content-Length"] == str(len(data))
    assert answer["ETag"] == f'"{tally.bundle_digest}"'
    assert f"round-{court.round.pk}-" in answer["Content-Disposition"]


def test_bundle_is_sent_in_pieces_by_an_asynchronous_server(court):
    tally = publish_tally(round_id=court.round.pk, facts=court.facts)

    async def pieces() -> list[bytes]:
        return [piece async for piece in StreamedFile(file)]

    file = default_storage.open(bundle_name(tally.bundle_digest))
    found = async_to_sync(pieces)()
    assert hashlib.sha256(b"".join(found)).hexdigest() == tally.bundle_digest
    assert max(map(len, found)) <= StreamedFile.block_size


def test_a_bundle_that_storage_lost_is_not_found(court):
    tally = publish_tally(round_id=court.round.pk, facts=court.facts)
    default_storage.delete(bundle_name(tally.bundle_digest))
    assert get(court, "bundle").status_code == 404


def test_standings_are_paged_best_first(court):
    tally = publish_tally(round_id=court.round.pk, facts=court.facts)
    first = get(court, "standings", limit=3).json()
    assert [row["rank"] for row in first["items"]] == [1, 2, 3]
    assert first["bundle"] == tally.bundle_digest
    assert (first["ballots"], first["counted"]) == (tally.ballots_count, tally.counted_count)
    ranks, cursor = [1, 2, 3], first["next_cursor"]
    while cursor:
        page = get(court, "standings", limit=3, cursor=cursor).json()
        ranks += [row["rank"] for row in page["items"]]
        cursor = page["next_cursor"]
    assert ranks == [1, 2, 3, 4, 5, 6, 7]
    shares = [row["share_bps"] for row in first["items"]]
    assert sum(shares) == 10_000


@pytest.mark.parametrize("cursor", ["-1", "x", "1.5", str(10**30)])
def test_cursors_that_are_none_are_refused(court, cursor):
    publish_tally(round_id=court.round.pk, facts=court.facts)
    assert get(court, "standings", cursor=cursor).status_code == 422
