"""Pairs as JSON."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from curation.models import Candidate, Round, ServedPair, Voter
from tests.curation.judging import decoy_of, judge, round_with, waiting

pytestmark = pytest.mark.django_db
CONTRACT = "0x" + "c0" * 20


def domain() -> tuple[int, str]:
    return 31337, CONTRACT


def test_pairs_come_with_all_it_takes_to_sign_a_ballot(hers, ada, settings) -> None:
    settings.BALLOT_DOMAIN = f"{__name__}.domain"
    round_ = round_with(2, 4)
    Voter.objects.create(member=ada, last_nonce=2**200)
    response = hers.get(f"/api/v1/rounds/{round_.pk}/pairs?count=2")
    assert response["Cache-Control"] == "no-store"
    answer = response.json()
    assert answer["domain"] == {
        "name": "Salon",
        "version": "1",
        "chainId": 31337,
        "verifyingContract": CONTRACT,
    }
    assert answer["voter"] == ada.address
    assert answer["last_nonce"] == str(2**200)
    assert abs(answer["now"] - timezone.now().timestamp()) < 30
    assert (answer["judged"], answer["remaining"], len(answer["pairs"])) == (0, 60, 2)
    judge(waiting(ada, round_)[0])
    again = hers.get(f"/api/v1/rounds/{round_.pk}/pairs?count=2").json()
    assert (again["judged"], again["remaining"]) == (1, 59)
    assert again["pairs"][0] == answer["pairs"][1]


def test_pictures_of_a_pair_are_there_and_described(hers) -> None:
    round_ = round_with(1, 2)
    [pair] = hers.get(f"/api/v1/rounds/{round_.pk}/pairs").json()["pairs"]
    for side in ("left", "right"):
        candidate = Candidate.objects.get(digest=pair[side]["digest"])
        assert pair[side] == {
            "digest": candidate.digest,
            "picture": candidate.file_url,
            "thumbnail": candidate.thumbnail_url,
            "alt": candidate.prompt,
            "width": candidate.width,
            "height": candidate.height,
        }
        assert hers.get(pair[side]["picture"]).status_code == 200
        assert hers.get(pair[side]["thumbnail"]).status_code == 200


def test_test_pair_looks_like_any_other(hers, ada) -> None:
    round_ = round_with(1, 4)
    decoys = {decoy_of(candidate).digest for candidate in round_.candidates.all()}
    answer = hers.get(f"/api/v1/rounds/{round_.pk}/pairs?count=12").json()
    kinds = [pair.kind for pair in ServedPair.objects.filter(member=ada).order_by("pk")]
    assert set(kinds) == {"gold", "preference"}
    shapes, headers = set(), []
    for pair in answer["pairs"]:
        text = json.dumps(pair)
        for side in ("left", "right"):
            text = text.replace(pair[side]["digest"], "DIGEST")
            files = [hers.get(pair[side][name]) for name in ("picture", "thumbnail")]
            assert [file.status_code for file in files] == [200, 200]
            headers.append([headers_of(file, pair[side]["digest"]) for file in files])
        shapes.add(text)
    assert len(shapes) == 1
    assert all(each == headers[0] for each in headers)
    assert decoys & {pair[side]["digest"] for pair in answer["pairs"] for side in pair}


def headers_of(file, digest: str) -> dict[str, str]:
    """What comes with a picture, without its name and length."""
    told = {name: text.replace(digest, "DIGEST") for name, text in file.items()}
    return told | {"Content-Length": ""}


def test_visitor_is_asked_to_sign_in(client) -> None:
    answer = client.get(f"/api/v1/rounds/{round_with(1, 2).pk}/pairs")
    assert (answer.status_code, answer.json()["code"]) == (401, "member-required")


def test_closed_round_and_no_round_are_told_apart(hers) -> None:
    round_ = round_with(1, 2)
    now = timezone.now()
    Round.objects.filter(pk=round_.pk).update(opened_at=now - timedelta(hours=2), closes_at=now)
    answer = hers.get(f"/api/v1/rounds/{round_.pk}/pairs")
    assert (answer.status_code, answer.json()["code"]) == (409, "round-closed")
    assert hers.get("/api/v1/rounds/999999/pairs").status_code == 404
    assert hers.get("/api/v1/rounds/99999999999999999999999/pairs").status_code == 404


@pytest.mark.parametrize("count", ["0", "13", "-1", "many", "1e400"])
def test_count_out_of_range_is_refused(hers, count) -> None:
    answer = hers.get(f"/api/v1/rounds/{round_with(1, 2).pk}/pairs?count={count}")
    assert answer.status_code == 422
