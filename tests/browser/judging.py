"""A round to judge and the member who judges it, with a real chain's contracts behind."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from chain.demo.members import DEMO_MEMBERS
from curation.ballots.models import Ballot
from curation.galleries.models import Round
from curation.models import Member

from .chromium import Visitor
from .exchange import demo_page, until
from .looking import PATIENCE_MS

PAIR = "[data-part=pair]"


def judge_page(visit: Visitor, number: int, round_: Round, **options: object) -> Page:
    """The pair view of one of the demo's members."""
    page = demo_page(visit, number, f"{round_.get_absolute_url()}judge/", **options)
    expect(page.locator(PAIR)).to_be_visible(timeout=PATIENCE_MS)
    return page


def pair_on(page: Page) -> tuple[str, str]:
    """The digests that hang now, from left to right."""
    sources = page.eval_on_selector_all(
        "[data-frame] img", "images => images.map(image => image.getAttribute('src'))"
    )
    left, right = (source.rsplit("/", 1)[1].split(".")[0] for source in sources)
    return left, right


def press(page: Page, key: str) -> tuple[str, str]:
    """Vote by a key; what had hung, from left to right."""
    before = pair_on(page)
    page.keyboard.press(key)
    until(page, lambda: not page.locator(PAIR).is_visible() or pair_on(page) != before, "next pair")
    return before


def member(number: int) -> Member:
    return Member.objects.get(address=DEMO_MEMBERS[number].address)


def ballots(number: int, round_: Round) -> list[Ballot]:
    """A demo member's ballots of a round, the first one first."""
    return list(Ballot.objects.filter(voter=member(number), round=round_).order_by("pk"))


def wait_ballots(page: Page, number: int, round_: Round, count: int) -> list[Ballot]:
    """Wait until the site has so many."""
    until(page, lambda: len(ballots(number, round_)) >= count, f"{count} ballots")
    page.wait_for_timeout(50)
    found = ballots(number, round_)
    assert len(found) == count
    return found
