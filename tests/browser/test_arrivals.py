"""New pictures come to open pages by themselves."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from curation.galleries.takedowns import hide_candidate, restore_candidate

from .looking import expect_easel, expect_hanging, hanging, is_marked, mark, wait_live


def test_published_candidate_appears_in_two_browsers_without_a_reload(gallery, visit):
    round_ = gallery.round()
    first = gallery.publish(round_)
    wall, home = visit(round_.get_absolute_url()), visit("/")
    for page in (wall, home):
        wait_live(page, round_)
        mark(page)
    second = gallery.publish(round_)
    for page in (wall, home):
        expect_hanging(page, round_, [first, second])
        newest = page.locator(f"#candidate-{second.digest[:16]} img")
        expect(newest).to_have_attribute("src", second.thumbnail_url)
        newest.scroll_into_view_if_needed()
        expect(newest).not_to_have_js_property("naturalWidth", 0)
        expect(page.locator(f"#tally-{round_.pk} .tally-count")).to_have_text("2")
        expect(page.locator(f"#tally-{round_.pk} progress")).to_have_js_property("value", 2)
        assert is_marked(page)
    expect(wall.locator("#announcer")).to_contain_text(second.prompt)


def test_hidden_candidate_leaves_open_pages_and_comes_back_when_restored(gallery, visit):
    round_ = gallery.round()
    first, second = gallery.publish(round_), gallery.publish(round_)
    wall, home = visit(round_.get_absolute_url()), visit("/")
    for page in (wall, home):
        wait_live(page, round_)
        mark(page)
    hide_candidate(candidate=first)
    for page in (wall, home):
        expect_hanging(page, round_, [second])
    restore_candidate(candidate=first)
    for page in (wall, home):
        expect(page.locator(f"#candidate-{first.digest[:16]}")).to_be_attached()
        assert len(hanging(page, round_)) == 2
        assert is_marked(page)


def test_first_candidate_replaces_the_words_on_an_empty_wall(gallery, visit):
    round_ = gallery.round()
    page = visit(round_.get_absolute_url())
    expect(page.locator("[data-empty]")).to_contain_text("on its way")
    wait_live(page, round_)
    first = gallery.publish(round_)
    expect_hanging(page, round_, [first])
    expect(page.locator("[data-empty]")).to_have_count(0)


def test_easel_sharpens_and_is_replaced_in_place_by_its_candidate(gallery, visit):
    round_ = gallery.round()
    old = gallery.publish(round_)
    page = visit(round_.get_absolute_url())
    wait_live(page, round_)
    easel = page.locator("#easel-abc123")
    expect_easel(page, gallery, round_, "abc123", 0)
    blurs = []
    for step in (0, 3, 8, 12):
        gallery.preview(round_, "abc123", step)
        expect(easel.locator("progress")).to_have_js_property("value", step)
        expect(easel).to_have_class(re.compile(rf"\bsharpness-{min(5, 1 + 5 * step // 12)}\b"))
        if step:
            expect(easel.locator("img")).to_have_attribute("src", re.compile("^data:image/webp"))
            page.wait_for_timeout(450)
            blurs.append(easel.locator("img").evaluate("img => getComputedStyle(img).filter"))
    strengths = [float(re.search(r"blur\((.+?)px", blur)[1]) for blur in blurs]
    assert strengths == sorted(strengths, reverse=True)
    assert strengths[0] > strengths[-1]
    expect_easel(page, gallery, round_, "later", 3)
    candidate = gallery.publish(round_, easel="abc123")
    expect(easel).to_have_count(0)
    children = f"#wall-{round_.pk} > .card"
    ids = page.eval_on_selector_all(children, "cards => cards.map(c => c.id)")
    assert ids == [
        "easel-later",
        f"candidate-{candidate.digest[:16]}",
        f"candidate-{old.digest[:16]}",
    ]


def test_easel_of_a_dead_worker_is_taken_down(gallery, visit):
    round_ = gallery.round()
    page = visit(round_.get_absolute_url())
    wait_live(page, round_)
    expect_easel(page, gallery, round_, "orphan", 1)
    page.evaluate("document.querySelector('#easel-orphan').dataset.seen = Date.now() - 40000")
    expect(page.locator("#easel-orphan")).to_have_count(0, timeout=8_000)


def test_late_preview_does_not_put_a_hung_picture_back_on_an_easel(gallery, visit):
    round_ = gallery.round()
    page = visit(round_.get_absolute_url())
    wait_live(page, round_)
    hung = gallery.publish(round_, easel="done")
    expect_hanging(page, round_, [hung])
    gallery.preview(round_, "done", 11)
    expect_easel(page, gallery, round_, "other", 1)
    expect(page.locator("#easel-done")).to_have_count(0)


def test_a_page_of_one_round_hears_nothing_of_another(gallery, visit):
    mine, other = gallery.round(), gallery.round(title="Another brief")
    page = visit(mine.get_absolute_url())
    wait_live(page, mine)
    gallery.publish(other)
    gallery.preview(other, "elsewhere", 1)
    hung = gallery.publish(mine)
    expect_hanging(page, mine, [hung])
    assert hanging(page, other) == []
    expect(page.locator("#easel-elsewhere")).to_have_count(0)


def test_closed_round_says_so_on_open_pages_and_unseals_its_candidates(gallery, visit):
    round_ = gallery.round()
    hung = gallery.publish(round_)
    pages = [visit(path) for path in (round_.get_absolute_url(), "/")]
    for page in pages:
        wait_live(page, round_)
    candidate = visit(hung.get_absolute_url())
    expect(candidate.locator(".facts")).to_contain_text("Sealed until the round closes")
    gallery.close()
    expect(pages[0].locator(f"#state-{round_.pk}")).to_contain_text("Closed")
    for page in pages:
        expect(page.locator(f"#tally-{round_.pk}")).to_contain_text("closed")
        expect(page.get_by_text("Being drawn now")).to_have_count(0)
        expect(page.locator(".pulse:visible")).to_have_count(0)
    candidate.reload()
    facts = candidate.locator(".facts")
    expect(facts).to_contain_text(str(hung.seed))
    expect(facts).to_contain_text(hung.model_version)
