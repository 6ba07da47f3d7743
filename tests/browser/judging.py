"""A round to judge, the member who judges it, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from chain.operator.deploying import forget_chain
from curation.ballots.models import Ballot
from curation.galleries.models import Round
from curation.models import Member
from tests.voters import deploy

from .chromium import Visitor
from .exchange import until
from .gallery import Gallery
from .looking import PATIENCE_MS
from .wallets import Fake, browse, choose, open_dialog

PAIR = "[data-part=pair]"
POSTS = "**/api/v1/ballots"


@pytest.fixture(scope="module")
def contracts(house) -> Iterator[None]:
    """The site has contracts that ballots can name."""
    deploy()
    yield
    forget_chain()


def a_round(gallery: Gallery, pictures: int = 8, **facts: object) -> Round:
    round_ = gallery.round(**facts)
    gallery.fill(round_, pictures)
    return round_


def judge_path(round_: Round) -> str:
    return f"{round_.get_absolute_url()}judge/"


def enter(visit: Visitor, round_: Round, fox: Fake, *, path: str = "", **options) -> Page:
    """The pair view, by the door that visitors find there."""
    page = browse(visit, fox, path=path or judge_path(round_), **options)
    open_dialog(page)
    choose(page, fox.name)
    page.click("[data-part=sign]")
    expect(page.locator("body")).to_have_attribute("data-member", fox.wallet.address)
    return page


def judge(visit: Visitor, round_: Round, fox: Fake, **options) -> Page:
    """The pair view with its first pair."""
    page = enter(visit, round_, fox, **options)
    expect_pair(page)
    return page


def expect_pair(page: Page) -> None:
    expect(page.locator(PAIR)).to_be_visible(timeout=PATIENCE_MS)


def hung(page: Page) -> tuple[str, str]:
    """The digests that hang now, the left or upper one first."""
    sources = page.eval_on_selector_all("[data-frame] img", "all => all.map(i => i.src)")
    left, right = (source.rsplit("/", 1)[1].split(".")[0] for source in sources)
    return left, right


def press(page: Page, key: str) -> tuple[str, str]:
    """Press a key once a pair hangs; what had hung until then."""
    expect_pair(page)
    before = hung(page)
    page.keyboard.press(key)
    expect_next(page, before)
    return before


def expect_next(page: Page, before: tuple[str, str]) -> None:
    """Wait until another pair hangs, or none."""
    until(page, lambda: not page.locator(PAIR).is_visible() or hung(page) != before, "next pair")


def member(fox: Fake) -> Member:
    return Member.objects.get(address=fox.wallet.address)


def ballots(fox: Fake, round_: Round) -> list[Ballot]:
    """What the site has of a member's ballots in a round, the first one first."""
    return list(Ballot.objects.filter(voter=member(fox), round=round_).order_by("pk"))


def wait_ballots(page: Page, fox: Fake, round_: Round, count: int) -> list[Ballot]:
    """Wait until the site has exactly so many."""
    until(page, lambda: len(ballots(fox, round_)) >= count, f"{count} ballots")
    page.wait_for_timeout(80)
    found = ballots(fox, round_)
    assert len(found) == count
    return found


def waiting(page: Page) -> int:
    """How many ballots this browser has not sent yet."""
    return page.evaluate(
        """async () => {
            const { openStore } = await import("/static/js/ballots/store.js");
            const store = await openStore();
            return (await store.waiting(document.body.dataset.member.toLowerCase())).length;
        }"""
    )


def cut(context: BrowserContext) -> None:
    """Let no ballot through, as when the connection is away; the page itself can be loaded."""
    context.route(POSTS, lambda route: route.abort())


def mend(context: BrowserContext) -> None:
    context.unroute(POSTS)
