"""A house whose chain has the contracts: rounds that take stakes, and time that passes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.test import override_settings
from playwright.sync_api import Locator, Page, expect

from chain.anchoring.sending import anchor_what_waits
from chain.client import site_node
from chain.demo.members import DEMO_MEMBERS
from chain.indexer import selectors
from chain.indexer.running import make_indexer
from chain.operator.deploying import WHOLE, deploy, forget_chain
from chain.operator.following import follow
from chain.operator.plans import default_plan
from chain.operator.selectors import CURATION, FAUCET, TOKEN, address_of
from chain.settlement.proposing import propose_due_results
from chain.settlement.services import open_waiting_rounds, settle_due_rounds
from curation.galleries.models import Candidate, Round
from curation.galleries.services import close_round
from curation.stakes.models import ChainRound
from project.stack.chain import chain_environment
from tests.chain.chains import OwnChain, own_chain
from tests.factories import StandingFactory, TallyFactory

from .chromium import Visitor
from .gallery import Gallery
from .house import House
from .looking import PATIENCE_MS

ENOUGH_FOR_A_BATCH = 8
SPONSOR = DEMO_MEMBERS[9].address


class Exchange:
    """What the processes beside the web process do, step by step."""

    def __init__(self, chain: OwnChain) -> None:
        self.chain = chain

    def index(self) -> None:
        """Let the indexer see everything, and the site what became of its transactions."""
        follow()
        following = selectors.following(settings.CHAIN_ID)
        assert following is not None
        indexer = make_indexer(following)
        while indexer.step():
            pass

    def see(self, transaction: Locator) -> None:
        """Index a transaction that a page follows, and wait until the page says so."""
        expect(transaction).to_have_attribute("data-state", "included", timeout=PATIENCE_MS)
        self.index()
        expect(transaction).to_have_attribute("data-state", "seen", timeout=PATIENCE_MS)

    def finalise(self) -> None:
        self.chain.mine(4)
        self.index()

    def round(self, gallery: Gallery, *, anchor: bool = True) -> tuple[Round, list[Candidate]]:
        """A round on the chain with anchored pictures, the newest last."""
        round_ = gallery.round()
        open_waiting_rounds()
        self.index()
        hung = gallery.fill(round_, ENOUGH_FOR_A_BATCH)
        if anchor:
            anchor_what_waits()
            self.finalise()
        return round_, hung

    def give(self, *members: str) -> None:
        """A portion of tokens each, which the contract may take."""
        for member in members:
            self.chain.act(member, address_of(FAUCET), FAUCET, "give")
            to = address_of(CURATION)
            self.chain.act(member, address_of(TOKEN), TOKEN, "approve", to, 10**30)
        self.index()

    def fund(self, round_: Round, tokens: int) -> None:
        """The sponsor adds to a round's pool."""
        self.give(SPONSOR)
        amount = tokens * WHOLE
        self.chain.act(SPONSOR, address_of(CURATION), CURATION, "fund", round_.pk, amount)
        self.index()

    def close(self, round_: Round) -> None:
        """Let the round end by the chain's clock, and on the wall."""
        deadline = ChainRound.objects.get(pk=round_.pk).staking_deadline.timestamp()
        self.chain.go_on(max(1, deadline - self.chain.now() + 1))
        close_round(round_=round_)
        self.index()

    def propose(self, round_: Round, candidate: Candidate) -> None:
        """Say that nobody voted and this one won."""
        tally = TallyFactory(round=round_)
        StandingFactory(tally=tally, candidate=candidate, rank=1, share_bps=10_000)
        propose_due_results()
        self.index()

    def settle(self, round_: Round) -> None:
        self.chain.go_on(ChainRound.objects.get(pk=round_.pk).challenge_s + 1)
        settle_due_rounds()
        self.index()

    def balance_wei(self, address: str) -> int:
        """What an address has, by the contract."""
        return self.chain.ask(address_of(TOKEN), TOKEN, "balanceOf", address)


@contextmanager
def exchange_in(house: House) -> Iterator[Exchange]:
    """Give a house a chain of its own with the contracts; afterwards it is as before."""
    before = dict(house.env)
    house.kill()
    with own_chain() as chain:
        folder = house.log.parent / "keys"
        house.env.update(chain_environment(chain.port), CHALLENGE_S="60")
        changes = {"RPC_URL": chain.url, "SITE_KEYS_FOLDER": folder, "CHALLENGE_S": 60}
        with override_settings(**changes):
            assert site_node().url == chain.url
            deploy(default_plan())
            house.open()
            try:
                yield Exchange(chain)
            finally:
                house.kill()
                forget_chain()
                house.env.clear()
                house.env.update(before)


def demo_page(visit: Visitor, number: int, path: str, **options: object) -> Page:
    """The page of one of the demo's members, signed in by two clicks."""
    page = visit("/", **options)
    page.click("a[data-sign-in]")
    page.click(f"[data-demo='{DEMO_MEMBERS[number].address}']")
    expect(page.locator(".member-chip")).to_be_visible()
    page.goto(path)
    return page


def tray(page: Page, doing: str) -> Locator:
    """The newest transaction that does this."""
    return page.locator(f".tray-item:has(.tray-doing:text-is('{doing}'))").first


def until(page: Page, truth: Callable[[], object], what: str) -> None:
    """Wait for something outside the page while the page goes on."""
    deadline = time.monotonic() + 20
    while not truth():
        assert time.monotonic() < deadline, what
        page.wait_for_timeout(50)


@pytest.fixture(scope="module")
def exchange(house) -> Iterator[Exchange]:
    with exchange_in(house) as made:
        yield made


@pytest.fixture(autouse=True)
def afresh(exchange) -> Iterator[None]:
    """Every test begins with a chain that mines, an hour after the one before."""
    exchange.chain.automine(on=True)
    exchange.chain.go_on(3700)  # the faucet gives again
    exchange.index()
    yield
    exchange.chain.automine(on=True)
    exchange.chain.mine()


def submit(page: Page, amount: str) -> None:
    """Stake on the picture that is open."""
    page.fill("#stake-amount", amount)
    page.click("[data-submit]")
