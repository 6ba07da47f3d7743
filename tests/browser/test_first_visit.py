"""A newcomer's first visit: two clicks to be a member, a brief, a round for it."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from curation.briefs.models import Brief
from curation.galleries.services import keep_rounds_going


def test_newcomer_signs_in_with_two_clicks_posts_a_brief_and_sees_its_round_open(visit, gallery):
    page = visit("/")
    page.click("a[data-sign-in]")
    page.locator("[data-demo]").last.click()  # other tests are the first one
    expect(page.locator("body")).to_have_attribute("data-member", re.compile("^0x"))
    page.get_by_role("link", name="Post a brief").first.click()
    page.get_by_label("Title", exact=True).fill("A badge for the lighthouse choir")
    page.get_by_label("What is it for?").fill("Sewn on coats. They sing to ships at night.")
    page.get_by_role("button", name="Post the brief").click()
    expect(page).to_have_url(re.compile("/briefs/a-badge-for-the-lighthouse-choir-"))
    gallery.briefs += Brief.objects.filter(title="A badge for the lighthouse choir")
    keep_rounds_going()  # what the scheduler does every second
    page.reload()
    expect(page.get_by_role("heading", name="Round 1")).to_be_visible()
    expect(page.locator("main")).to_contain_text("Being drawn now")
