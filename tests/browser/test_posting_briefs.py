"""A member writes a brief, looks at its prompts, posts it, and ends it."""

from __future__ import annotations

import re
import secrets

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.cache import cache
from playwright.sync_api import Page, expect

from curation.accounts.models import Member
from curation.accounts.sessions import SessionStore
from curation.briefs.services import post_brief
from curation.galleries.services import close_round, open_round
from curation.models import Brief
from generation.agents.previews import compose_preview
from generation.emblems import vocabulary
from project import seeds
from tests.factories import VersionFactory

from .sound import assert_sound, violations

PURPOSE = "It hangs above the oven and is stamped into loaves."


@pytest.fixture
def member(house) -> Member:
    return Member.objects.create_user(f"0x{secrets.token_hex(20)}", name="Berthe")


@pytest.fixture(autouse=True)
def ended(gallery, house):
    """Briefs posted by hand end with the test, as those of the gallery do."""
    yield
    gallery.briefs += Brief.objects.filter(status="active", posted_by__isnull=False)


def let_in(page: Page, member: Member) -> None:
    """Give a page's visitor a session of the member, as signing in does."""
    session = SessionStore()
    session[SESSION_KEY] = str(member.pk)
    session[BACKEND_SESSION_KEY] = "curation.accounts.backends.AddressBackend"
    session[HASH_SESSION_KEY] = member.get_session_auth_hash()
    session.create()
    cookie = {"name": "sessionid", "value": session.session_key}
    site = re.match(r"https?://[^/]+", page.url)[0]
    page.context.add_cookies([cookie | {"url": site}])


@pytest.fixture
def form(visit, member):
    """The form, open in a member's browser."""

    def opened(**options: object) -> Page:
        page = visit("/", **options)
        let_in(page, member)
        page.goto("/briefs/new/")
        return page

    return opened


def write(page: Page, title: str = "A crest for the night bakery") -> None:
    page.get_by_label("Title").fill(title)
    page.get_by_label("What is it for?").fill(PURPOSE)


@pytest.mark.parametrize("scripts", [True, False])
def test_member_posts_a_brief_sees_mistakes_kept_and_finds_it_on_the_front_page(form, scripts):
    page = form(java_script_enabled=scripts)
    page.get_by_label("What is it for?").fill(PURPOSE)
    page.get_by_label("gold").check()
    page.get_by_label("Deadline").fill("2001-02-03T04:05")
    page.get_by_role("button", name="Post the brief").click()
    expect(page.get_by_role("alert").filter(has_text="Not posted yet")).to_contain_text(
        "The title is empty."
    )
    expect(page.get_by_label("What is it for?")).to_have_value(PURPOSE)
    expect(page.get_by_label("gold")).to_be_checked()
    expect(page.get_by_label("Deadline")).to_have_value("2001-02-03T04:05")
    page.get_by_label("Deadline").fill("")
    page.get_by_label("Title", exact=True).fill("A crest for the night bakery")
    page.get_by_role("button", name="Post the brief").click()
    expect(page).to_have_url(re.compile(r"/briefs/a-crest-for-the-night-bakery-[0-9a-f]{6}/$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("A crest for the night bakery")
    expect(page.locator(".poster")).to_contain_text("Posted by Berthe")
    page.goto("/")
    expect(page.locator("#briefs")).to_contain_text("A crest for the night bakery")


def test_draft_survives_a_reload_and_is_forgotten_once_posted(form):
    page = form()
    write(page)
    page.get_by_label("teal").check()
    page.get_by_label("Rounds").fill("5")
    page.reload()
    expect(page.get_by_label("Title")).to_have_value("A crest for the night bakery")
    expect(page.get_by_label("teal")).to_be_checked()
    expect(page.locator("[data-sum]")).to_have_text(
        "240 pictures in all, the last after about 5 hours."
    )
    page.get_by_role("button", name="Post the brief").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("A crest for the night bakery")
    page.goto("/briefs/new/")
    expect(page.get_by_label("Title")).to_have_value("")


def test_deadline_is_told_in_the_visitors_own_time(form):
    page = form(timezone_id="Asia/Tokyo", locale="en-GB")
    page.get_by_label("Deadline").fill("2031-05-09T18:00")
    expect(page.locator("[data-deadline-here]")).to_have_text(
        "Where you are that is May 10, 2031, 3:00 AM."
    )


def test_second_press_posts_nothing_twice(form, member):
    page = form()
    write(page)
    page.get_by_role("button", name="Post the brief").dblclick()
    expect(page.locator(".poster")).to_be_visible()
    assert Brief.objects.filter(posted_by=member).count() == 1


@pytest.fixture
def studio(house):
    """What agents compose from; a worker's part is played by this process."""
    seeds.seed_primitives()
    seeds.seed_agents()
    made = VersionFactory(status="live", vocabulary="emblems")
    yield
    made.delete()


def token_asked_for(member: Member) -> str:
    return cache.get(f"preview-of:{member.pk}")


def fit(text: str, phrases: list[str]) -> list[float]:
    return [sum(c in text for c in phrase) / len(phrase) for phrase in phrases]


def test_preview_shows_its_progress_then_the_prompts_and_keeps_the_form(form, member, studio):
    page = form()
    write(page)
    page.get_by_label("Must not").fill("No skulls, nothing navy.")
    page.get_by_role("button", name="Preview the prompts").click()
    expect(page.locator("#preview")).to_contain_text("Waiting for an agent to be free")
    expect(page.locator("#preview progress")).to_be_visible()
    expect(page.locator("#preview")).to_contain_text("2 s gone")
    assert violations(page) == []
    compose_preview(token=token_asked_for(member), affinity=fit)
    expect(page.locator(".preview-prompts li")).to_have_count(8)
    expect(page.locator("#preview")).to_contain_text("skull, navy")
    expect(page.locator("#announcer")).to_have_text("The prompts are ready.")
    expect(page.get_by_label("Title")).to_have_value("A crest for the night bakery")
    assert not Brief.objects.filter(posted_by=member).exists()
    assert violations(page) == []


def test_preview_of_a_brief_with_mistakes_shows_them_in_the_form(form):
    page = form()
    page.get_by_role("button", name="Preview the prompts").click()
    expect(page.locator(".form-wrong")).to_contain_text("The title is empty.")
    expect(page.locator(".form-wrong")).to_be_focused()
    expect(page.get_by_label("Title")).to_have_attribute("aria-invalid", "true")


def test_preview_that_cannot_be_reached_says_so(form):
    page = form()
    write(page)
    page.route("**/briefs/preview", lambda route: route.abort())
    page.get_by_role("button", name="Preview the prompts").click()
    expect(page.get_by_role("alert").last).to_contain_text("cannot be reached right now")
    expect(page.get_by_label("Title")).to_have_value("A crest for the night bakery")


def test_poster_stops_a_brief_and_withdraws_it_between_rounds(visit, member, gallery):
    brief = post_brief(posted_by=member, title="A sign for the ferry", purpose=PURPOSE)
    round_ = open_round(brief=brief)
    page = visit("/")
    let_in(page, member)
    page.goto(brief.get_absolute_url())
    page.get_by_text("Stop this brief").click()
    expect(page.locator(".ending")).to_contain_text("cannot be withdrawn until it closes")
    page.get_by_role("button", name="Stop after this round").click()
    expect(page.locator("#notice")).to_contain_text("No further round will be opened.")
    close_round(round_=round_)
    page.reload()
    page.get_by_text("Withdraw this brief").click()
    page.get_by_role("button", name="Withdraw it").click()
    expect(page.locator("main .eyebrow").first).to_have_text("Brief · withdrawn")
    page.goto("/")
    expect(page.locator("#briefs")).not_to_contain_text("A sign for the ferry")


def test_pages_for_briefs_have_no_axe_violations_and_no_sideways_scrolling(form, member, visit):
    page = form(reduced_motion="reduce")
    brief = post_brief(
        posted_by=member, title="A sign", purpose=PURPOSE, palette=list(vocabulary.COLOURS)[:8]
    )
    open_round(brief=brief)
    visitor = visit("/briefs/new/", reduced_motion="reduce")
    looks = {
        "visitor": lambda: None,
        "form": lambda: page.goto("/briefs/new/"),
        "mistakes": page.get_by_role("button", name="Post the brief").click,
        "brief": lambda: (page.goto(brief.get_absolute_url()), page.click(".ending summary")),
    }
    for name, look in looks.items():
        look()
        shown = visitor if name == "visitor" else page
        assert_sound(shown, name)
