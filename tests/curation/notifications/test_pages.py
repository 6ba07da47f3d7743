"""The page of notifications and the bell."""

from __future__ import annotations

import re

import pytest
from django.db import transaction
from django.test import Client

from curation.models import Member, Notification
from curation.notifications.lines import PAGE
from curation.notifications.services import notify_members
from tests.factories import MemberFactory, RoundFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("collected_static")]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def member() -> Member:
    return MemberFactory()


@pytest.fixture
def hers(member) -> Client:
    client = Client()
    client.force_login(member, backend="curation.accounts.backends.AddressBackend")
    return client


def tell(member: Member, count: int = 1, **facts: object) -> None:
    with transaction.atomic():
        for _ in range(count):
            round_ = RoundFactory(brief__title="A <b>badge</b>")
            notify_members(
                member_ids=[member.pk], kind="result", about=f"round:{round_.pk}", facts=facts
            )


def test_visitors_are_led_to_the_sign_in_page_and_have_no_bell(client):
    assert client.get("/notifications/").status_code == 302
    assert client.post("/notifications/read", {"upto": "9"}).status_code == 302
    assert client.get("/notifications/bell").status_code == 204
    assert 'id="bell"' not in client.get("/").text


def test_the_bell_counts_what_is_new(hers, member):
    assert 'data-count="0"' in hers.get("/").text
    tell(member, 2)
    tell(MemberFactory(), 3)
    assert 'data-count="2"' in hers.get("/").text
    answer = hers.get("/notifications/bell")
    assert 'data-count="2"' in answer.text
    assert "no-store" in answer["Cache-Control"]
    assert "99+" not in answer.text
    with transaction.atomic():
        for number in range(120):
            notify_members(member_ids=[member.pk], kind="result", about=f"round:{9000 + number}")
    assert "99+" in hers.get("/notifications/bell").text


def test_the_page_lists_one_s_own_newest_first_as_text(hers, member):
    assert "Nothing yet." in hers.get("/notifications/").text
    tell(member, 2)
    text = hers.get("/notifications/").text
    newest = Notification.objects.latest("pk")
    assert text.count("told-new") == 2
    assert re.findall(r"/rounds/(\d+)/result/", text)[0] == newest.key
    assert "A &lt;b&gt;badge&lt;/b&gt;" in text
    assert f'name="upto" value="{newest.pk}"' in text


def test_looking_marks_nothing_read_a_form_does(hers, member):
    tell(member, 2)
    hers.get("/notifications/")
    assert 'data-count="2"' in hers.get("/notifications/bell").text
    upto = Notification.objects.latest("pk").pk
    tell(member)
    answer = hers.post("/notifications/read", {"upto": upto}, headers=HTMX)
    assert 'data-count="1"' in answer.text
    assert 'hx-swap-oob="true"' in answer.text
    assert hers.post("/notifications/read", {"upto": upto + 1}).url == "/notifications/"
    assert 'data-count="0"' in hers.get("/notifications/bell").text


@pytest.mark.parametrize("upto", ["", "x", "-1", "9" * 30, "²"])
def test_a_strange_number_marks_nothing(hers, member, upto):
    tell(member)
    assert hers.post("/notifications/read", {"upto": upto}).status_code == 302
    assert Notification.objects.filter(read_at=None).count() == 1


def test_a_long_list_goes_on(hers, member, django_assert_max_num_queries):
    tell(member, PAGE + 2)
    with django_assert_max_num_queries(6):
        first = hers.get("/notifications/").text
    after = Notification.objects.order_by("-pk")[PAGE - 1].pk
    assert f"?after={after}" in first
    rest = hers.get(f"/notifications/?after={after}").text
    assert (first.count("told-new"), rest.count("told-new")) == (PAGE, 2)
    assert "Older" not in rest
    assert hers.get("/notifications/?after=x").status_code == 400


def test_nothing_breaks_when_what_it_was_about_is_gone(hers, member):
    with transaction.atomic():
        for kind in Notification.Kind.values:
            name = {"model_promoted": "version:gone", "brief_completed": "brief:99"}
            about = name.get(kind, "round:99")
            if kind in ("report_answered", "sanctioned", "sanction_lifted", "appeal_answered"):
                about = "report:99" if kind == "report_answered" else "sanction:99"
            if kind == "brief_stopped":
                about = "brief:99"
            notify_members(member_ids=[member.pk], kind=kind, about=about)
    answer = hers.get("/notifications/")
    assert answer.status_code == 200
    assert answer.text.count("told-new") == len(Notification.Kind)


def test_the_export_tells_them(hers, member):
    tell(member)
    told = hers.get("/account/export.json").json()["notifications"]
    assert [row["kind"] for row in told] == ["result"]
