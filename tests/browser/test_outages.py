"""Lost sockets, lost processes, lost hints: the page catches up by itself."""

from __future__ import annotations

import os
import signal

import pytest
from playwright.sync_api import expect

from curation.live.services import trim
from tests.project.stack.helpers import eventually, pid_of, replaced

from .looking import PATIENCE_MS, expect_hanging, hanging, is_marked, mark, wait_live


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_page_catches_up_after_the_web_process_ended(house, gallery, visit, how):
    round_ = gallery.round()
    hung = gallery.fill(round_, 2)
    page = visit(round_.get_absolute_url())
    wait_live(page, round_)
    mark(page)
    hung += gallery.fill(round_, 1)
    expect_hanging(page, round_, hung)
    house.kill(how)
    hung += gallery.fill(round_, 3)
    house.begin()
    hung += gallery.fill(round_, 3)
    expect_hanging(page, round_, hung)
    wait_live(page, round_)
    hung += gallery.fill(round_, 1)
    expect_hanging(page, round_, hung)
    assert is_marked(page)


def test_page_says_that_it_is_reconnecting(house, gallery, visit):
    round_ = gallery.round()
    page = visit(round_.get_absolute_url())
    wait_live(page, round_)
    house.kill()
    word = page.locator(f"[data-live-word='{round_.pk}']")
    expect(word).to_contain_text("Reconnecting")
    house.open()
    expect(word).to_have_text("Being drawn now", timeout=PATIENCE_MS)


def test_threat_24_lost_hints_and_a_killed_broker_delay_a_picture_but_do_not_lose_it(
    data_folder, gallery, visit
):
    round_ = gallery.round()
    page = visit(round_.get_absolute_url())
    wait_live(page, round_)
    mark(page)
    old = pid_of(data_folder, "valkey")
    os.kill(old, signal.SIGKILL)
    hung = gallery.fill(round_, 2)
    expect_hanging(page, round_, hung)
    eventually(replaced(data_folder, "valkey", old), timeout_s=20)
    hung += gallery.fill(round_, 1)
    expect_hanging(page, round_, hung)
    assert is_marked(page)


def test_page_polls_where_sockets_are_impossible(gallery, visit):
    round_ = gallery.round()
    page = visit("/404")
    page.route_web_socket("**/ws/**", lambda socket: socket.close(code=1011))
    page.goto(round_.get_absolute_url())
    mark(page)
    expect(page.locator(f"[data-live-word='{round_.pk}']")).to_contain_text("Reconnecting")
    hung = gallery.fill(round_, 2)
    expect_hanging(page, round_, hung)
    assert is_marked(page)


def test_page_too_far_behind_loads_itself_again(house, gallery, visit):
    round_ = gallery.round()
    hung = gallery.fill(round_, 1)
    page = visit(round_.get_absolute_url())
    wait_live(page, round_)
    mark(page)
    house.kill()
    hung += gallery.fill(round_, 3)
    trim(keep=1)
    house.begin()
    expect_hanging(page, round_, hung)
    assert not is_marked(page)


def test_events_that_come_twice_hang_once(gallery, visit):
    round_ = gallery.round()
    page = visit(round_.get_absolute_url())
    wait_live(page, round_)
    hung = gallery.fill(round_, 3)
    expect_hanging(page, round_, hung)
    again = """async ({ url, room }) => {
        await htmx.ajax("GET", url, { source: document.querySelector(room), swap: "none" });
    }"""
    for _ in range(2):
        url = f"/rounds/{round_.pk}/events?since=0"
        page.evaluate(again, {"url": url, "room": f"[data-round='{round_.pk}']"})
    page.wait_for_timeout(200)
    expect_hanging(page, round_, hung)
    hung += gallery.fill(round_, 1)
    expect_hanging(page, round_, hung)


def test_pictures_published_while_the_page_loads_are_not_missed(house, gallery, visit):
    round_ = gallery.round()
    hung = gallery.fill(round_, 1)
    page = visit("/404")

    def late(route):
        hung.extend(gallery.fill(round_, 2))  # the page was rendered, its socket not yet opened
        route.continue_()

    page.route("**/main*.js", late)
    page.goto(round_.get_absolute_url())
    expect_hanging(page, round_, hung)
    assert len(hanging(page, round_)) == 3
