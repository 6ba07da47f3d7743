"""The JSON API for reading, and what it says when something is wrong."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from curation import rates
from curation.galleries.services import close_round
from curation.models import Brief, Candidate, Member
from tests.factories import BriefFactory, RoundFactory, publish
from tests.wallets import Wallet

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def unspent_rates() -> None:
    rates._limiter().storage.reset()


def get(client: Client, path: str) -> dict:
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_briefs_are_listed_newest_first_and_paged_without_gaps(client) -> None:
    made = [BriefFactory().slug for _ in range(7)]
    seen, cursor = [], ""
    while True:
        page = get(client, f"briefs?limit=3&cursor={cursor}")
        seen += [item["slug"] for item in page["items"]]
        BriefFactory()  # what is posted meanwhile shifts nothing
        if not (cursor := page["next_cursor"]):
            break
    assert seen == made[::-1]


def test_withdrawn_briefs_are_gone(client) -> None:
    brief = BriefFactory(status=Brief.Status.WITHDRAWN)
    round_ = RoundFactory(brief=brief, status="closed", closed_at=timezone.now())
    assert get(client, "briefs")["items"] == []
    assert client.get(f"/api/v1/briefs/{brief.slug}").status_code == 404
    assert get(client, "rounds")["items"] == []
    assert round_.pk


def test_rounds_can_be_asked_for_by_brief_and_status(client) -> None:
    first, second = RoundFactory(), RoundFactory()
    close_round(round_=first)
    assert [r["id"] for r in get(client, "rounds")["items"]] == [second.pk, first.pk]
    assert [r["id"] for r in get(client, "rounds?status=open")["items"]] == [second.pk]
    by_brief = get(client, f"rounds?brief={first.brief.slug}")["items"]
    assert [r["id"] for r in by_brief] == [first.pk]
    assert get(client, f"rounds/{first.pk}")["status"] == "closed"


def test_candidates_tell_sealed_facts_only_after_the_round(client) -> None:
    round_ = RoundFactory()
    hung = publish(round_, 1)
    listed = get(client, f"rounds/{round_.pk}/candidates")
    shown = get(client, f"candidates/{hung.digest}")
    assert shown["unsealed"] is None
    text = json.dumps([listed, shown])
    for sealed in Candidate.SEALED:
        assert str(getattr(hung, sealed)) not in text
    close_round(round_=round_)
    after = get(client, f"candidates/{hung.digest}")["unsealed"]
    assert after["seed"] == str(hung.seed)
    assert after["model_version"] == hung.model_version
    assert after["job_key"] == hung.job_key


def test_hidden_candidates_are_gone(client) -> None:
    round_ = RoundFactory()
    hung = publish(round_, 1)
    Candidate.objects.update(status=Candidate.Status.HIDDEN)
    assert get(client, f"rounds/{round_.pk}/candidates")["items"] == []
    assert client.get(f"/api/v1/candidates/{hung.digest}").status_code == 404


def test_a_member_is_shown_with_what_they_did_in_public(client) -> None:
    member = Member.objects.create_user(Wallet().address, name="Ada")
    brief = BriefFactory(posted_by=member)
    BriefFactory(posted_by=member, status=Brief.Status.WITHDRAWN)
    shown = get(client, f"members/{member.address}")
    assert (shown["shown_name"], shown["address"]) == ("Ada", member.address)
    assert [b["slug"] for b in shown["briefs"]] == [brief.slug]
    assert get(client, f"members/{member.address.lower()}") == shown
    assert "last_login" not in shown


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("briefs?cursor=x", 400, "cursor-invalid"),
        ("briefs?cursor=-1", 400, "cursor-invalid"),
        ("briefs?cursor=" + "9" * 30, 400, "cursor-invalid"),
        ("briefs?cursor=%D9%A3", 400, "cursor-invalid"),
        ("briefs?limit=0", 422, "request-invalid"),
        ("briefs?limit=101", 422, "request-invalid"),
        ("briefs?limit=x", 422, "request-invalid"),
        ("briefs/none", 404, "not-found"),
        ("rounds?status=dreaming", 422, "request-invalid"),
        ("rounds/999999999", 404, "not-found"),
        ("rounds/99999999999999999999999", 404, "not-found"),
        ("rounds/1/candidates", 404, "not-found"),
        ("candidates/" + "0" * 64, 404, "not-found"),
        ("members/0x12", 422, "address-invalid"),
        ("members/0x" + "0" * 40, 404, "not-found"),
        ("me", 401, "member-required"),
    ],
)
def test_problems_say_what_is_wrong(client, path, status, code) -> None:
    answer = client.get(f"/api/v1/{path}")
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["detail"]


def signed_in() -> tuple[Client, Member]:
    member = Member.objects.create_user(Wallet().address)
    client = Client()
    client.force_login(member, backend="curation.accounts.backends.AddressBackend")
    return client, member


def test_a_member_posts_a_brief() -> None:
    client, member = signed_in()
    deadline = timezone.now() + timedelta(days=2)
    body = {"title": "A mark", "purpose": "For the door.", "deadline": deadline.isoformat()}
    answer = client.post("/api/v1/briefs", body, content_type="application/json")
    assert answer.status_code == 201, answer.content
    assert answer.json()["posted_by"]["address"] == member.address
    assert Brief.objects.get().posted_by == member


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"title": ""}, 422),
        ({"title": "x" * 10_000}, 422),
        ({"title": "x" * 200}, 422),
        ({"rounds_planned": 10**300}, 422),
        ({"rounds_planned": 0}, 422),
        ({"deadline": "2001-01-01T00:00:00Z"}, 422),
        ({"deadline": "soon"}, 422),
        ({"palette": ["red"] * 50}, 422),
        ({"palette": "red"}, 422),
    ],
)
def test_a_brief_that_cannot_be_is_refused_in_words(change, status) -> None:
    client, _ = signed_in()
    body = {"title": "A mark", "purpose": "For the door."} | change
    answer = client.post("/api/v1/briefs", body, content_type="application/json")
    assert (answer.status_code, bool(answer.json()["detail"])) == (status, True)
    assert not Brief.objects.exists()


def test_only_members_post_briefs_and_only_from_this_site(client) -> None:
    body = {"title": "A mark", "purpose": "For the door."}
    answer = client.post("/api/v1/briefs", body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (401, "member-required")
    member, _ = signed_in()
    answer = member.post(
        "/api/v1/briefs",
        body,
        content_type="application/json",
        headers={"Origin": "http://evil.example"},
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "other-site")
    assert not Brief.objects.exists()


def test_the_description_covers_every_endpoint_and_the_page_shows_it(pages) -> None:
    described = get(pages, "openapi.json")
    assert {"/api/v1/nonce", "/api/v1/sign-in", "/api/v1/sign-out", "/api/v1/me"} <= set(
        described["paths"]
    )
    assert {"/api/v1/briefs", "/api/v1/rounds", "/api/v1/candidates/{digest}"} <= set(
        described["paths"]
    )
    page = pages.get("/api/v1/docs")
    assert page.status_code == 200
    assert b"http" not in page.content.replace(b"http-equiv", b"")  # nothing from elsewhere


def test_a_failure_of_ours_is_a_problem_without_its_reasons(client, monkeypatch) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError("secret reason")

    monkeypatch.setattr("curation.briefs.api.shown", broken)
    answer = client.get("/api/v1/briefs")
    assert (answer.status_code, answer.json()["code"]) == (500, "broken")
    assert b"secret" not in answer.content
