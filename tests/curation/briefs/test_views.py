"""Posting, looking at and ending a brief through its pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from curation.briefs.palette import COLOURS
from curation.briefs.rules import ACTIVE_MOST
from curation.briefs.services import post_brief, withdraw_brief
from curation.galleries.services import close_round, open_round
from curation.models import Brief
from curation.moderation.roles import grant_role
from curation.moderation.sanctions import mute_member
from tests.factories import BriefFactory

pytestmark = pytest.mark.django_db


def shown_errors(response) -> dict[str, list[str]]:
    return dict(response.context["form"].errors)


def test_member_posts_a_brief_and_lands_on_its_page(signed_in, member, form):
    deadline = timezone.now() + timedelta(days=3)
    more = {
        "must": "An oven.",
        "must_not": "No skulls.",
        "palette": ["navy", "gold"],
        "rounds_planned": "2",
        "candidates_per_round": "40",
        "round_minutes": "360",
        "deadline": deadline.strftime("%Y-%m-%dT%H:%M"),
    }
    response = signed_in.post("/briefs/new/", form | more)
    brief = Brief.objects.get()
    assert response.status_code == 302
    assert response["Location"] == brief.get_absolute_url()
    assert brief.posted_by == member
    assert brief.palette == ["gold", "navy"]  # in the order of the colours
    assert (brief.rounds_planned, brief.candidates_per_round, brief.round_minutes) == (2, 40, 360)
    assert brief.deadline == deadline.replace(second=0, microsecond=0)
    page = signed_in.get(response["Location"]).text
    assert member.get_absolute_url() in page
    assert member.avatar_url in page
    assert "Posted. Its first round opens in a moment." in page
    assert "data-brief-posted" in page
    assert brief.title in signed_in.get("/").text


@pytest.mark.parametrize(
    ("wrong", "field", "said"),
    [
        ({"title": ""}, "title", "The title is empty."),
        ({"title": "\u200b\u202e"}, "title", "The title is empty."),
        ({"title": "x" * 121}, "title", "at most 120 fit"),
        ({"purpose": " "}, "purpose", "The purpose is empty."),
        ({"purpose": "x" * 2001}, "purpose", "at most 2,000 fit"),
        ({"must": "x" * 501}, "must", "at most 500 fit"),
        ({"must_not": "x" * 501}, "must_not", "at most 500 fit"),
        ({"palette": ["mauve"]}, "palette", "mauve is not one of these colours"),
        ({"palette": list(COLOURS)[:9]}, "palette", "You chose 9 colours; 8 at most"),
        ({"rounds_planned": "25"}, "rounds_planned", "less than or equal to 24"),
        ({"rounds_planned": "many"}, "rounds_planned", "whole number"),
        ({"candidates_per_round": "3"}, "candidates_per_round", "greater than or equal to 4"),
        ({"candidates_per_round": "9" * 400}, "candidates_per_round", "200"),
        ({"round_minutes": "7"}, "round_minutes", "not one of the available choices"),
        ({"deadline": "2001-01-01T00:00"}, "deadline", "has passed"),
        ({"deadline": "0001-01-01T00:00"}, "deadline", "has passed"),
        ({"deadline": "9999-12-31T23:59"}, "deadline", "more than a year away"),
        ({"deadline": "tomorrow"}, "deadline", "Give a date and a time"),
    ],
)
def test_mistakes_are_said_beside_their_field_and_nothing_typed_is_lost(
    signed_in, form, wrong, field, said
):
    typed = form | {"must": "A wooden oar.", "palette": ["teal"]} | wrong
    response = signed_in.post("/briefs/new/", typed)
    assert response.status_code == 200
    assert list(shown_errors(response)) == [field]
    assert said in shown_errors(response)[field][0]
    assert not Brief.objects.exists()
    bound = response.context["form"]
    assert all(bound[name].value() == value for name, value in typed.items())
    assert 'role="alert"' in response.text
    if field != "palette":
        assert f'id="id_{field}_error"' in response.text
        assert 'aria-invalid="true"' in response.text


def test_lines_of_a_text_count_once_each(signed_in, form):
    """Browsers send two characters for a line's end, and show one."""
    response = signed_in.post("/briefs/new/", form | {"must": "x\r\n" * 249 + "xx"})
    assert response.status_code == 302
    assert len(Brief.objects.get().must) == 500


def test_title_stays_on_one_line(signed_in, form):
    signed_in.post("/briefs/new/", form | {"title": "A crest\r\n\tfor\u2028the door"})
    assert Brief.objects.get().title == "A crest for the door"


def test_member_with_three_active_briefs_is_told_before_and_after_writing(
    signed_in, member, form, words
):
    for _ in range(ACTIVE_MOST):
        post_brief(posted_by=member, **words)
    assert "You have 3 active briefs" in signed_in.get("/briefs/new/").text
    response = signed_in.post("/briefs/new/", form)
    assert response.status_code == 200
    assert "You have 3 active briefs" in shown_errors(response)["__all__"][0]
    assert form["title"] in response.text
    assert Brief.objects.count() == ACTIVE_MOST


def test_visitor_reads_what_a_brief_is_and_is_led_to_signing_in(pages, form):
    page = pages.get("/briefs/new/")
    assert page.status_code == 200
    assert "/sign-in/?next=/briefs/new/" in page.text
    assert "brief-form" not in page.text
    response = pages.post("/briefs/new/", form)
    assert response.status_code == 302
    assert response["Location"].startswith("/sign-in/")
    assert not Brief.objects.exists()


def test_home_leads_to_the_form(pages):
    assert pages.get("/").text.count('href="/briefs/new/"') == 2  # beside the heading; no brief yet
    BriefFactory()
    assert pages.get("/").text.count('href="/briefs/new/"') == 1


def test_brief_of_the_house_says_so(pages):
    page = pages.get(BriefFactory().get_absolute_url()).text
    assert "Posted by the house" in page
    assert "/withdraw" not in page


def test_poster_sees_how_to_end_a_brief_and_nobody_else(pages, member, other, staff, words):
    brief = post_brief(posted_by=member, **words)
    address = f"{brief.get_absolute_url()}withdraw"
    assert address not in pages.get(brief.get_absolute_url()).text
    for person, sees in ((member, True), (other, False), (staff, False)):
        pages.force_login(person)
        assert (address in pages.get(brief.get_absolute_url()).text) is sees


def test_poster_withdraws_and_the_page_no_longer_promises_a_round(signed_in, member, words):
    brief = post_brief(posted_by=member, **words)
    response = signed_in.post(f"{brief.get_absolute_url()}withdraw", follow=True)
    assert response.redirect_chain == [(brief.get_absolute_url(), 302)]
    assert "The brief is withdrawn." in response.text
    assert "first round opens" not in response.text
    assert brief.title not in signed_in.get("/").text
    again = signed_in.post(f"{brief.get_absolute_url()}withdraw", follow=True)
    assert "had ended already" in again.text


def test_page_says_why_a_busy_brief_cannot_be_withdrawn_and_until_when(signed_in, member, words):
    brief = post_brief(posted_by=member, **words)
    round_ = open_round(brief=brief)
    page = signed_in.get(brief.get_absolute_url()).text
    assert f"{round_.closes_at:%H:%M} UTC" in page
    assert "Withdraw it" not in page
    refused = signed_in.post(f"{brief.get_absolute_url()}withdraw")
    assert refused.status_code == 409
    assert "A round is open" in refused.text
    response = signed_in.post(
        f"{brief.get_absolute_url()}withdraw", {"when": "after-round"}, follow=True
    )
    assert "No further round will be opened." in response.text
    assert "is its last" in response.text
    assert Brief.objects.get().rounds_planned == 1
    close_round(round_=round_)
    assert "Withdraw it" in signed_in.get(brief.get_absolute_url()).text


@pytest.mark.parametrize("data", [{}, {"when": "after-round"}])
def test_other_members_end_nothing(pages, member, other, words, data):
    brief = post_brief(posted_by=member, **words)
    open_round(brief=brief)
    address = f"{brief.get_absolute_url()}withdraw"
    assert pages.post(address, data)["Location"].startswith("/sign-in/")
    pages.force_login(other)
    assert pages.post(address, data).status_code == 403
    assert pages.get(address).status_code == 405
    assert (Brief.objects.get().status, Brief.objects.get().rounds_planned) == ("active", 3)


def test_writing_needs_a_token_of_the_page(signed_in, member, words, form):
    signed_in.handler.enforce_csrf_checks = True
    brief = post_brief(posted_by=member, **words)
    paths = ("/briefs/new/", "/briefs/preview", f"{brief.get_absolute_url()}withdraw")
    assert [signed_in.post(path, form).status_code for path in paths] == [403, 403, 403]
    assert Brief.objects.get().status == "active"


def test_oversized_and_overcrowded_forms_are_refused_with_the_error_page(signed_in, form):
    for giant in ({"purpose": "x" * 300_000}, {f"x{n}": "" for n in range(1001)}):
        response = signed_in.post("/briefs/new/", form | giant)
        assert response.status_code in (400, 413)
        assert "That request could not be read" in response.text
    assert not Brief.objects.exists()


def test_withdrawn_brief_is_in_no_list(signed_in, member, words):
    brief = post_brief(posted_by=member, **words)
    withdraw_brief(brief=brief, by=member)
    assert brief.get_absolute_url() not in signed_in.get("/").text


def test_muted_member_is_told_before_writing_and_led_to_the_appeal(signed_in, member, other):
    grant_role(address=other.address, role=other.Role.MODERATOR)
    other.refresh_from_db()
    assert "muted" not in signed_in.get("/briefs/new/").text
    assert 'href="/appeal/"' not in signed_in.get("/account/").text
    mute_member(member=member, by=other, reason="spam")
    assert "You are muted until" in signed_in.get("/briefs/new/").text
    assert 'href="/appeal/"' in signed_in.get("/account/").text
