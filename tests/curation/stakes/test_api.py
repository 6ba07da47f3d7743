"""Stakes as JSON."""

from __future__ import annotations

import pytest
from django.test import Client

from curation.models import Candidate
from tests.factories import RoundFactory
from tests.wallets import Wallet

from .chains import WHOLE, decide, fund, round_with, stake

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("play")]


def get(client: Client, path: str) -> dict:
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_stakes_of_a_round_come_as_json_and_paged(client, ada) -> None:
    round_ = round_with(5)
    for place in range(5):
        stake(round_, place, ada.address, place + 1)
    stake(round_, 4, Wallet().address, 10)
    fund(round_, ada.address, 100)
    decide(round_, 10_000)
    seen, cursor = {}, ""
    while True:
        page = get(client, f"rounds/{round_.pk}/stakes?limit=2&cursor={cursor}")
        seen |= {row["candidate"]: (row["staked"], row["stakers"]) for row in page["items"]}
        if not (cursor := page["next_cursor"]):
            break
    digests = list(round_.candidates.order_by("pk").values_list("digest", flat=True))
    assert seen[digests[4]] == (str(15 * WHOLE), 2)
    assert len(seen) == 5
    assert (page["phase"], page["pool"], page["staked"]) == (
        "proposed",
        str(100 * WHOLE),
        str(25 * WHOLE),
    )
    assert page["winners"] == [{"place": 1, "candidate": digests[0], "share_bps": 10_000}]
    assert client.get(f"/api/v1/rounds/{RoundFactory().pk}/stakes").status_code == 404


def test_stakes_of_a_member_come_as_json(client, ada) -> None:
    round_ = round_with()
    stake(round_, 0, ada.address, 10, withdrawn_wei=10 * WHOLE, reward_wei=1)
    [row] = get(client, f"members/{ada.address.lower()}/stakes")["items"]
    assert row == {
        "round": round_.pk,
        "candidate": round_.candidates.order_by("pk").first().digest,
        "staked": str(10 * WHOLE),
        "withdrawn": str(10 * WHOLE),
        "reward": "1",
    }
    assert get(client, f"members/{Wallet().address}/stakes")["items"] == []
    assert client.get("/api/v1/members/0x12/stakes").status_code == 422


def test_hidden_candidates_are_in_the_sum_alone(client, ada) -> None:
    round_ = round_with()
    stake(round_, 0, ada.address, 10)
    Candidate.objects.update(status=Candidate.Status.HIDDEN)
    page = get(client, f"rounds/{round_.pk}/stakes")
    assert (page["items"], page["staked"]) == ([], str(10 * WHOLE))
