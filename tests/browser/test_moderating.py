"""A moderator at the queue: keys alone, many at once, light and dark, on a phone."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import Page, Route, expect

from curation.galleries.models import Candidate
from curation.models import Member, ModerationAction
from curation.moderation import log, rules
from curation.moderation.models import Report
from curation.moderation.roles import grant_role
from tests.factories import MemberFactory

from .gallery import Gallery
from .looking import wait_for
from .wallets import Fake, browse, sign_in

LOOK = os.environ.get("SALON_LOOK", "")  # a folder for pictures of the pages, to be looked at
_DRAWN = "[...document.querySelectorAll('.piece img')].slice(0, 2).every((i) => i.naturalWidth)"
_IDLE = "document.querySelectorAll('[data-going], .htmx-request').length === 0"


def enter(visit, fox: Fake, **options: object) -> Page:
    """The queue of somebody who signed in with their wallet."""
    page = browse(visit, fox, **options)
    sign_in(page, fox)
    page.goto("/moderation/")
    return page


@pytest.fixture
def moderator(house) -> Fake:
    fox = Fake()
    grant_role(address=fox.wallet.address, role=Member.Role.MODERATOR)
    return fox


def reported(gallery: Gallery, count: int) -> list[Candidate]:
    """Pictures with a report each; what earlier tests left is answered."""
    row = ModerationAction.objects.order_by("-number").first()
    Report.objects.filter(answer=None).update(answer=row)
    pictures = gallery.fill(gallery.round(candidates_per_round=200), count)
    member = MemberFactory()
    Report.objects.bulk_create(
        Report(candidate=picture, member=member, reason="charter", note="Off the brief.")
        for picture in pictures
    )
    return pictures


def test_a_moderator_clears_a_queue_of_a_hundred_with_the_keyboard(gallery, visit, moderator):
    pictures = reported(gallery, 100)
    page = enter(visit, moderator)
    expect(page.locator("[data-piece]")).to_have_count(60)
    keys = ("a", "h", "d")
    for index in range(100):
        if index % 60 == 0:
            expect(page.locator("[data-piece]").first).to_be_visible()
        page.keyboard.press(keys[index % 3])
        wait_for(page, _IDLE)
    expect(page.get_by_text("Nothing waits here")).to_be_visible()
    assert Report.objects.filter(candidate__in=pictures, answer=None).count() == 0
    ids = [picture.pk for picture in pictures]
    states = list(Candidate.objects.filter(pk__in=ids).values_list("status", flat=True))
    assert (states.count("published"), states.count("hidden")) == (34, 33)
    assert list(rules.faults_in(log.entries())) == []


def test_chosen_ones_are_shown_first_and_a_key_takes_the_last_deed_back(gallery, visit, moderator):
    pictures = reported(gallery, 4)
    page = enter(visit, moderator)
    page.keyboard.press("3")
    expect(page.locator("[data-reason]")).to_have_value("hate")
    page.keyboard.press("h")
    wait_for(page, _IDLE)
    expect(page.locator("[data-piece]")).to_have_count(3)
    assert Candidate.objects.filter(status="hidden", pk__in=[p.pk for p in pictures]).count() == 1
    page.keyboard.press("u")
    expect(page.get_by_text("taken back")).to_be_visible()
    expect(page.locator("[data-piece]")).to_have_count(4)
    assert not Candidate.objects.filter(status="hidden", pk__in=[p.pk for p in pictures]).exists()
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("h")
    expect(page.get_by_role("heading", name="Hide 2 pictures?")).to_be_visible()


def test_three_keys_within_one_answer_are_three_deeds(gallery, visit, moderator):
    pictures = reported(gallery, 4)
    page = enter(visit, moderator)
    late: list[Route] = []

    def hold(route: Route) -> None:
        late.append(route)
        if len(late) > 1:
            route.continue_()

    page.route("**/moderation/act", hold)
    with page.expect_request("**/moderation/act"):
        for _ in range(3):
            page.keyboard.press("h")
    late[0].continue_()
    expect(page.locator("#waiting-reported")).to_have_text("1")
    assert Candidate.objects.filter(status="hidden", pk__in=[p.pk for p in pictures]).count() == 3
    expect(page.locator("[data-piece]")).to_have_count(1)


def test_keys_pressed_while_the_grid_comes_anew_keep_their_meaning(gallery, visit, moderator):
    reported(gallery, 4)
    page = enter(visit, moderator)
    expect(page.locator("#waiting-reported")).to_have_text("4")
    page.keyboard.press("h")
    expect(page.locator("#waiting-reported")).to_have_text("3")
    wait_for(page, _IDLE)
    late: list[Route] = []

    def hold(route: Route) -> None:
        late.append(route)

    page.route("**/moderation/", hold)
    with page.expect_request("**/moderation/"):
        page.keyboard.press("u")
    expect(page.get_by_text("taken back")).to_be_visible()
    for key in ("x", "j", "x", "j"):
        page.keyboard.press(key)
    chosen = page.locator("[data-piece]:has(input:checked)")
    ids = chosen.evaluate_all("pieces => pieces.map((piece) => piece.id)")
    marked = page.evaluate("document.activeElement.closest('[data-piece]').id")
    expect(page.locator("#waiting-reported")).to_have_text("4")
    (route,) = late
    route.continue_()
    expect(page.locator("[data-piece]")).to_have_count(4)
    assert chosen.evaluate_all("pieces => pieces.map((piece) => piece.id)") == ids
    assert len(ids) == 2
    assert page.evaluate("document.activeElement.closest('[data-piece]').id") == marked
    expect(page.locator("[data-chosen]")).to_have_text("2 chosen")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_queue_fits_every_screen(gallery, visit, moderator, width, scheme):
    reported(gallery, 9)
    size = {"width": width, "height": 900}
    page = enter(visit, moderator, viewport=size, color_scheme=scheme)
    page.wait_for_load_state("networkidle")
    expect(page.locator("[data-piece]")).to_have_count(9)
    wait_for(page, _DRAWN)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for path in ("/moderation/", "/transparency/", "/moderation/log/", "/moderation/keys/"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert page.evaluate("window.salonTest.violations") == []
        if path != "/transparency/":
            expect(page.locator(".desk [aria-current]")).to_be_in_viewport(ratio=1)
        wait_for(page, _DRAWN)
        if LOOK:
            name = path.strip("/").replace("/", "-")
            page.screenshot(path=f"{LOOK}/{name}-{width}-{scheme}.png")
