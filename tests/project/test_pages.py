"""Error pages say what happened and what to do."""

from __future__ import annotations

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.test import Client

from curation import rates
from curation.errors import CurationError
from curation.postcards import views

pytestmark = pytest.mark.django_db


def test_a_form_without_its_token_is_refused_on_a_page_of_ours(collected_static) -> None:
    answer = Client(enforce_csrf_checks=True).post("/sign-out/")
    assert answer.status_code == 403
    assert b"belongs to an earlier visit" in answer.content
    assert b'class="masthead"' in answer.content


def test_an_unknown_address_says_so(pages) -> None:
    answer = pages.get("/nowhere/")
    assert answer.status_code == 404
    assert b"Nothing hangs here" in answer.content


def test_a_refusal_that_a_view_lets_through_says_when_to_come_back(pages, monkeypatch) -> None:
    rates._limiter().storage.reset()
    monkeypatch.setattr(views, "DRAWN", rates.Rate("postcards in a test", 0, 60))
    answer = pages.get("/postcards/home.jpg")
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 60
    assert b"That was too often" in answer.content
    assert b"Try again in" in answer.content


@pytest.mark.parametrize(
    ("status", "title"), [(403, "not accepted"), (404, "Nothing hangs"), (409, "could not be read")]
)
def test_other_refusals_keep_their_status_and_reason(pages, monkeypatch, status, title) -> None:
    class Refused(CurationError):
        pass

    def refuse(*_: object) -> None:
        Refused.status = status
        raise Refused("Because it rains.")

    monkeypatch.setattr(views.selectors, "pictures_of_home", refuse)
    answer = pages.get("/postcards/home.jpg")
    assert answer.status_code == status
    assert "Because it rains." in answer.text
    assert title in answer.text


def test_what_breaks_gets_a_page_in_the_house_s_clothes(pages, monkeypatch) -> None:
    pages.raise_request_exception = False
    monkeypatch.setattr(views.selectors, "pictures_of_home", lambda: 1 / 0)
    answer = pages.get("/postcards/home.jpg")
    assert answer.status_code == 500
    assert "Something broke on our side" in answer.text
    assert answer.text.count('rel="stylesheet"') == 2
    monkeypatch.setattr(staticfiles_storage, "url", lambda _: int("none"))
    assert "Something broke on our side" in pages.get("/postcards/home.jpg").text
