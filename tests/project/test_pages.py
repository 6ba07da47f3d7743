"""Error pages say what happened and what to do."""

from __future__ import annotations

import pytest
from django.test import Client

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
