"""The preview's pages: asking, waiting, looking, with scripts and without."""

from __future__ import annotations

import re

import pytest

from generation.agents import previews
from generation.agents.models import Agent, Primitive

pytestmark = pytest.mark.django_db

FORM = {
    "title": "An emblem for the harbour rowing club",
    "purpose": "On blades and jerseys, read from across the water.",
    "must_not": "No skulls and no navy.",
    "palette": ["teal"],
    "rounds_planned": 3,
    "candidates_per_round": 48,
    "round_minutes": 60,
}
HTMX = {"HX-Request": "true"}


def shared_letters(text: str, phrases: list[str]) -> list[float]:
    return [sum(c in text for c in phrase) / len(phrase) for phrase in phrases]


def compose(token: str) -> None:
    previews.compose_preview(token=token, affinity=shared_letters)


def test_page_asks_shows_progress_and_then_the_prompts(studio, sent, signed_in):
    asked = signed_in.post("/briefs/preview", FORM, headers=HTMX)
    assert asked.status_code == 200
    [(_, token)] = sent()
    poll = f"/briefs/preview/{token}"
    assert f'hx-get="{poll}" hx-trigger="every 500ms"' in asked.text
    assert "An agent is composing prompts." in asked.text  # for a screen reader, once
    waiting = signed_in.get(poll, headers=HTMX)
    assert "Waiting for an agent" in waiting.text
    assert re.search(r"about [456] s left", waiting.text)
    assert "announcer" not in waiting.text
    compose(token)
    done = signed_in.get(poll, headers=HTMX)
    assert "hx-trigger" not in done.text
    assert "The prompts are ready." in done.text
    assert done.text.count("<li>") == previews.PROMPTS
    assert "skull, navy" in done.text
    assert done["Cache-Control"].startswith("max-age=0")


def test_page_gives_up_after_a_minute(studio, sent, signed_in, monkeypatch):
    signed_in.post("/briefs/preview", FORM, headers=HTMX)
    [(_, token)] = sent()
    monkeypatch.setattr(previews, "PATIENCE_S", -1)
    late = signed_in.get(f"/briefs/preview/{token}", headers=HTMX)
    assert "No agent answered" in late.text
    assert "hx-trigger" not in late.text


def test_mistakes_come_back_as_the_form_in_its_place(studio, sent, signed_in):
    response = signed_in.post("/briefs/preview", FORM | {"title": ""}, headers=HTMX)
    assert response.status_code == 200
    assert (response["HX-Retarget"], response["HX-Reswap"]) == ("#brief-form", "outerHTML")
    assert "The title is empty." in response.text
    assert FORM["purpose"] in response.text
    assert sent() == []


def test_without_scripts_the_preview_is_a_page_of_its_own(studio, sent, signed_in):
    response = signed_in.post("/briefs/preview", FORM)
    [(_, token)] = sent()
    assert response["Location"] == f"/briefs/preview/{token}"
    page = signed_in.get(response["Location"])
    assert '<meta http-equiv="refresh" content="2">' in page.text
    compose(token)
    page = signed_in.get(response["Location"])
    assert 'http-equiv="refresh"' not in page.text
    assert page.text.count('<ol class="preview-prompts">') == 1
    wrong = signed_in.post("/briefs/preview", FORM | {"title": ""})
    assert "The title is empty." in wrong.text


def test_second_preview_and_unknown_tokens_are_answered_in_words(studio, signed_in):
    signed_in.post("/briefs/preview", FORM, headers=HTMX)
    again = signed_in.post("/briefs/preview", FORM, headers=HTMX)
    assert "One preview at a time" in again.text
    assert "no longer kept" in signed_in.get("/briefs/preview/unknown", headers=HTMX).text
    assert signed_in.get("/briefs/preview/unknown").status_code == 404


def test_visitors_are_led_to_signing_in_and_ask_nothing_of_workers(studio, sent, pages):
    assert "signed out" in pages.post("/briefs/preview", FORM, headers=HTMX).text
    assert pages.post("/briefs/preview", FORM)["Location"].startswith("/sign-in/")
    assert pages.get("/briefs/preview").status_code == 405
    assert sent() == []


def test_threat_20_hostile_text_in_a_preview_is_shown_as_words(studio, sent, signed_in):
    hostile = '"><img src=x onerror=alert(1)><script>alert(1)</script>'
    Primitive.objects.filter(kind="motif").update(gloss=hostile)
    Agent.objects.update(name=hostile[:60], manner=hostile)
    signed_in.post("/briefs/preview", FORM | {"title": hostile, "must_not": hostile}, headers=HTMX)
    [(_, token)] = sent()
    compose(token)
    for headers in (HTMX, {}):
        page = signed_in.get(f"/briefs/preview/{token}", headers=headers).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;alert" in page
