"""The bell and the page behind it, as a member sees them."""

from __future__ import annotations

import pytest
from django.db import transaction
from playwright.sync_api import expect

from curation.galleries.services import close_round
from curation.models import Member, Notification
from curation.notifications.services import notify_members

from .looking import wait_live
from .sound import assert_sound, violations
from .wallets import Fake, browse, sign_in


@pytest.fixture
def fox(house) -> Fake:
    return Fake()


def tell(fox: Fake, kind: str, about: str) -> None:
    member = Member.objects.get(address=fox.wallet.address)
    with transaction.atomic():
        notify_members(member_ids=[member.pk], kind=kind, about=about)


def test_the_bell_rings_on_an_open_page_and_falls_silent_once_read(gallery, visit, fox):
    round_ = gallery.round()
    gallery.fill(round_, 2)
    page = browse(visit, fox)
    sign_in(page, fox)
    page.goto(round_.get_absolute_url())
    wait_live(page, round_)
    bell = page.locator("#bell")
    expect(bell).to_have_accessible_name("Notifications")
    tell(fox, "result", f"round:{round_.pk}")
    close_round(round_=round_)
    expect(bell).to_have_accessible_name("Notifications, 1 new")
    expect(page.locator("#announcer")).to_have_text("One new notification")
    bell.click()
    expect(page.locator(".told-new")).to_contain_text("round 1 of “An emblem for the test house”")
    expect(bell).to_have_accessible_name("Notifications")
    expect(page.locator(".told-new")).to_be_visible()  # what was new stays marked while one looks
    page.reload()
    expect(page.locator(".told-new")).to_have_count(0)
    page.locator(".told-lines a").click()
    page.wait_for_url(f"**/rounds/{round_.pk}/result/")


def test_without_scripts_a_button_marks_them_read(gallery, visit, fox):
    page = browse(visit, fox)
    sign_in(page, fox)
    tell(fox, "brief_round", "round:1")
    still = visit("/nowhere/", java_script_enabled=False)
    still.context.add_cookies(page.context.cookies())
    still.goto("/notifications/")
    expect(still.locator("#bell")).to_contain_text("1")
    still.get_by_role("button", name="Mark all as read").click()
    expect(still.locator(".told-new")).to_have_count(0)
    assert not Notification.objects.filter(read_at=None, about="round:1").exists()


def test_page_and_bell_are_accessible_everywhere(gallery, visit, fox):
    page = browse(visit, fox)
    sign_in(page, fox)
    page.goto("/notifications/")
    expect(page.locator(".empty")).to_be_visible()
    assert violations(page) == []
    for kind in ("result", "stake_won", "brief_round", "sanctioned"):
        tell(fox, kind, "sanction:99" if kind == "sanctioned" else "round:1")
    page.reload()
    assert_sound(page, "told", *({"width": width, "height": 640} for width in (320, 360)))
