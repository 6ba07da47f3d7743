"""A candidate's way to the chain, as its page shows it."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import expect

from chain.anchoring.services import gather_batch
from tests.chain.anchoring.rounds import anchored, put_on_chain

from .looking import wait_for
from .sound import NARROW, assert_sound

SHOTS = os.environ.get("SALON_SHOTS")  # a folder for pictures of the page


@pytest.mark.parametrize("state", ["waiting", "gathered", "anchored"])
def test_the_page_of_a_proof_has_no_axe_violations_and_no_sideways_scrolling(
    gallery, visit, state
) -> None:
    round_ = gallery.round()
    put_on_chain(round_)
    candidate = gallery.fill(round_, 13)[6]
    if state != "waiting":
        batch = gather_batch(round_id=round_.pk)
    if state == "anchored":
        anchored(batch)
    page = visit(candidate.get_absolute_url(), reduced_motion="reduce")
    section = page.get_by_role("region", name="On the chain")
    expect(section).to_be_visible()
    if state != "waiting":
        page.get_by_text("The proof, and how to check it yourself").press("Enter")
        expect(section.locator(".hashes li")).to_have_count(len(candidate.anchor.proof))
        expect(section.locator("pre")).to_be_visible()
    assert_sound(page, f"proof-{state}", shots=SHOTS)


def test_a_round_that_is_not_on_the_chain_shows_no_proof(gallery, visit) -> None:
    page = visit(gallery.publish(gallery.round()).get_absolute_url())
    expect(page.get_by_role("region", name="On the chain")).to_have_count(0)


def test_arrow_keys_in_the_program_scroll_it_and_stay_on_the_page(gallery, visit) -> None:
    round_ = gallery.round()
    put_on_chain(round_)
    candidate = gallery.fill(round_, 3)[1]
    gather_batch(round_id=round_.pk)
    page = visit(candidate.get_absolute_url(), viewport=NARROW)
    page.get_by_text("The proof, and how to check it yourself").press("Enter")
    page.get_by_role("region", name="Program").press("ArrowRight")
    wait_for(page, "document.querySelector('.anchor pre').scrollLeft > 0")
    assert page.url.endswith(candidate.get_absolute_url())
