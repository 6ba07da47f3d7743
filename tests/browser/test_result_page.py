"""The result page: readable in every light and width, by everybody; its charts say what its
tables say; it turns over by itself when the round closes and when it is counted.
"""

from __future__ import annotations

import math
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import transaction
from PIL import Image
from playwright.sync_api import Page, expect

from chain.operator.deploying import forget_chain
from curation.galleries.models import Candidate, Round
from curation.galleries.services import close_round
from curation.live import services as live
from curation.models import Activity, ChainRound, Member
from curation.standings.charts import chance
from tests.chain.anchoring.rounds import put_on_chain
from tests.curation.stakes.chains import decide, fund, note, stake
from tests.factories import MemberFactory
from tests.tallies import counted_round, tally_of
from tests.voters import deploy

from .chromium import Visitor
from .gallery import Gallery
from .looking import PATIENCE_MS, wait_for
from .sound import assert_fits, looks, violations
from .test_posting_briefs import let_in

SHOTS = os.environ.get("SALON_SHOTS")  # a folder for pictures of the pages
PICTURES = os.environ.get("SALON_PICTURES")  # a folder of pictures to hang for them
PROMPTS = ("two crossed oars, waves below", "an anchor in a ring of rope", "a boat under the sun")


@pytest.fixture(scope="module")
def contracts(house) -> Iterator[None]:
    """The site has contracts, so that rounds can be on a chain."""
    deploy()
    yield
    forget_chain()


@pytest.fixture
def round_(gallery: Gallery) -> Round:
    return gallery.round(title="An emblem for the harbour rowing club")


def hang(gallery: Gallery, round_: Round, count: int) -> list[Candidate]:
    files = sorted(Path(PICTURES).glob("*.png")) if PICTURES else []
    images = [Image.open(file).convert("RGB") for file in files[:count]]
    for image in images:
        image.putpixel((0, 0), tuple(secrets.token_bytes(3)))  # none hangs twice
    images += [None] * (count - len(images))
    return [
        gallery.publish(round_, prompt=PROMPTS[number % 3], image=image)
        for number, image in enumerate(images)
    ]


def path(round_: Round) -> str:
    return f"{round_.get_absolute_url()}result/"


def settled_on_chain(gallery: Gallery, round_: Round, count: int = 30, ballots: int = 900) -> None:
    """A counted round with stakes, a pool, and a result that can still be vetoed."""
    hung = hang(gallery, round_, count)
    put_on_chain(round_)
    ada, bob = MemberFactory(name="Ada"), MemberFactory(name="Bob")
    fund(round_, ada.address, 1200)
    stake(round_, 0, ada.address, 50)
    stake(round_, 1, bob.address, 20)
    tally = counted_round(round_, hung, ballots=ballots)
    decide(round_, 6000, 2500, 1500, in_s=2 * 3600)
    ChainRound.objects.filter(pk=round_.pk).update(
        ballots_root=tally.ballots_root, bundle_hash=tally.bundle_digest
    )
    note(Activity.Kind.PROPOSED, round_)


def state_of(name: str, gallery: Gallery, round_: Round) -> str:
    """Bring a round into a state; the address of the page that shows it."""
    if name in ("result", "candidate"):
        settled_on_chain(gallery, round_)
        return path(round_) if name == "result" else first(round_).get_absolute_url()
    hung = hang(gallery, round_, 8)
    if name == "few ballots":
        counted_round(round_, hung, ballots=9, voters=2)
    elif name == "no winner":
        counted_round(round_, hung, ballots=0, no_winner="No ballot was cast in this round.")
    elif name != "sealed":
        put_on_chain(round_)
        close_round(round_=round_)
    if name == "cancelled":
        Round.objects.filter(pk=round_.pk).update(status=Round.Status.CANCELLED)
    return path(round_)


def first(round_: Round) -> Candidate:
    return round_.tally.standings.get(rank=1).candidate


STATES = ["sealed", "counting", "cancelled", "no winner", "few ballots", "result", "candidate"]


@pytest.mark.usefixtures("contracts")
@pytest.mark.parametrize("name", STATES)
def test_page_is_sound_in_every_light_and_width(gallery, visit, round_, name) -> None:
    address = state_of(name, gallery, round_)
    page = visit(address, reduced_motion="reduce")
    for look in looks(page, every=bool(SHOTS)):
        for opened in (False, True):
            if opened:
                page.eval_on_selector_all("main details", "all => all.map(d => d.open = true)")
            assert_fits(page, look)
            assert violations(page) == [], look
        page.eval_on_selector_all("main details", "all => all.map(d => d.open = false)")
        shoot(page, f"{name.replace(' ', '-')}-{look}")
    assert visit.console == []


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.eval_on_selector_all("main img", "all => all.map(image => image.loading = 'eager')")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=Path(SHOTS) / f"result-{name}.png", full_page=True)


def test_charts_say_what_the_tables_say(gallery, visit, round_) -> None:
    counted_round(round_, gallery.fill(round_, 15), ballots=600)
    page = visit(path(round_))
    page.click(".meetings-table summary")
    rows = page.eval_on_selector_all(
        ".meetings-table tbody tr",
        """all => all.map(row =>
            [row.dataset.pair, ...[...row.cells].slice(1).map(cell => cell.innerText)])""",
    )
    discs = page.eval_on_selector_all(
        ".cell",
        """all => all.map(cell => [`${cell.dataset.row}-${cell.dataset.column}`, {
            r: cell.querySelector("circle").r.baseVal.value,
            full: cell.querySelector(".disc-full") !== null,
            wedge: cell.querySelector("path") !== null,
            up: cell.classList.contains("disc-up"),
        }])""",
    )
    drawn = dict(discs)
    assert len(drawn) == len(discs) == 2 * len(rows) > 40
    for pair, *_, share in rows:
        one, other = pair.split("-")
        mine, theirs = drawn[pair], drawn[f"{other}-{one}"]
        percent = int(share.rstrip("%"))
        assert mine["r"] == theirs["r"]
        assert mine["full"] == (percent == 100)
        assert theirs["full"] == (percent == 0)
        assert mine["wedge"] == theirs["wedge"] == (0 < percent < 100)
        assert mine["up"] == (percent > 50) or percent == 50
    by_size = sorted((int(ballots), drawn[pair]["r"]) for pair, ballots, *_ in rows)
    assert [r for _, r in by_size] == sorted(r for _, r in by_size)


def test_intervals_lie_where_their_numbers_say(gallery, visit, round_) -> None:
    tally = counted_round(round_, gallery.fill(round_, 12), ballots=500)
    page = visit(path(round_))
    reach = axis_reach(page)
    for standing in tally.standings.order_by("rank"):
        place = page.locator(f"#place-{standing.rank}")
        dot = float(place.locator(".interval-dot").get_attribute("cx").rstrip("%"))
        assert dot == pytest.approx(50 + 50 * standing.score / reach, abs=0.05)
        said = place.locator(".place-numbers strong").inner_text()
        assert int(said.rstrip("%")) == round(100 * chance(standing.score))
        spans = re.findall(r"\d+", place.locator(".place-numbers .quiet").inner_text())
        ends = [
            standing.score - 1.96 * standing.deviation,
            standing.score + 1.96 * standing.deviation,
        ]
        assert [int(end) for end in spans] == [round(100 * chance(end)) for end in ends]
    box = page.locator("#place-1 .place-interval").bounding_box()
    words = page.locator(".place-axis .axis").bounding_box()
    assert (box["x"], box["width"]) == pytest.approx((words["x"], words["width"]), abs=1)


def axis_reach(page: Page) -> float:
    """Half the axis in log-odds, by where 90% is written on it."""
    at = page.locator(".axis-word:text-is('90%')").get_attribute("x")
    return 50 * math.log(9) / (float(at.rstrip("%")) - 50)


def test_everything_has_a_name_for_whoever_does_not_see(gallery, visit, round_) -> None:
    hung = hang(gallery, round_, 6)
    counted_round(round_, hung, ballots=200)
    page = visit(path(round_))
    expect(page.locator(".won img")).to_have_count(3)
    for number in range(3):
        expect(page.locator(".won img").nth(number)).to_have_attribute("alt", hung[number].prompt)
    expect(
        page.get_by_role("img", name=re.compile("How the 6 best pictures fared"))
    ).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="Place 4")).to_have_count(1)
    page.click(".meetings-table summary")
    expect(page.get_by_role("region", name="Who met whom").first).to_be_visible()
    expect(page.get_by_role("rowheader")).to_have_count(15)
    headings = page.locator("main :is(h1, h2)").all_inner_texts()
    assert headings[0] == "The jury chose three pictures"
    assert headings[1:4] == ["First", "Second", "Third"]


def test_all_of_it_can_be_read_without_scripts(gallery, visit, round_) -> None:
    hung = gallery.fill(round_, 30)
    counted_round(round_, hung, ballots=300)
    page = visit(path(round_), java_script_enabled=False)
    expect(page.locator(".place[id]")).to_have_count(24)
    expect(page.locator(".matrix .cell").first).to_be_visible()
    page.click(".making summary")
    expect(page.locator(".parameters")).to_contain_text("Shares of the pool, by place")
    page.click("text=Show more")
    expect(page.locator(".place[id]")).to_have_count(6)
    page.click("text=Back to the winners")
    page.locator(".won a").first.click()
    expect(page.locator("h1")).to_have_text(hung[0].prompt)
    expect(page.locator("#place-title")).to_have_text("Place 1 of 30, 60% of the pool")
    page.click("text=The whole result")
    expect(page.locator("h1")).to_have_text("The jury chose three pictures")


def test_more_places_come_without_leaving_the_page(gallery, visit, round_) -> None:
    counted_round(round_, gallery.fill(round_, 30), ballots=300)
    page = visit(path(round_))
    page.click("text=Show more")
    expect(page.locator(".place[id]")).to_have_count(30, timeout=PATIENCE_MS)
    ranks = page.eval_on_selector_all(".place[id]", "all => all.map(place => place.value)")
    assert ranks == list(range(1, 31))
    expect(page.locator(".won")).to_be_visible()
    expect(page.get_by_text("Show more")).to_have_count(0)


def test_the_page_turns_over_when_the_round_closes_and_when_it_is_counted(
    gallery: Gallery, visit: Visitor, round_: Round
) -> None:
    hung = gallery.fill(round_, 4)
    page = visit(path(round_))
    expect(page.locator("h1")).to_have_text("Sealed until it closes")
    wait_for(page, "document.querySelector('[data-round]')['htmx-internal-data']?.webSocket !== 0")
    page.wait_for_timeout(500)
    close_round(round_=round_)
    expect(page.locator("h1")).to_have_text("The ballots are being counted", timeout=PATIENCE_MS)
    page.wait_for_timeout(500)
    with transaction.atomic():
        tally_of(round_, hung, [], no_winner="No ballot was cast in this round.")
        live.append(stream=round_.stream, kind="tally_published", payload={})
    expect(page.locator("h1")).to_have_text("The jury chose none", timeout=PATIENCE_MS)


def test_members_see_their_own_part(gallery, visit, round_) -> None:
    counted_round(round_, gallery.fill(round_, 5), ballots=80, voters=4)
    page = visit("/")
    let_in(page, Member.objects.filter(ballots__round=round_).first())
    page.goto(path(round_))
    expect(page.locator(".yours")).to_contain_text("You cast 20 ballots;")
    expect(page.locator(".yours a")).to_have_attribute("href", "/votes/")
