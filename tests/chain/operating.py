"""Fixtures of tests in which the site acts on a chain of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.anchoring.sending import anchor_what_waits
from chain.indexer import selectors
from chain.indexer.running import make_indexer
from chain.operator.deploying import WHOLE, deploy
from chain.operator.following import follow, wait
from chain.operator.models import Deployment, Transaction
from chain.operator.plans import default_plan
from chain.operator.selectors import CURATION, FAUCET, TOKEN
from chain.settlement.proposing import propose_result
from chain.settlement.services import open_waiting_rounds, settle_due_rounds
from curation.galleries.services import close_round
from curation.stakes.models import AnchoredCandidate, ChainRound
from curation.standings.models import Tally
from tests.chain.chains import OwnChain, own_chain
from tests.factories import RoundFactory, StandingFactory, TallyFactory, publish


@pytest.fixture(scope="session")
def keys_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded chain's keys, made once."""
    return tmp_path_factory.mktemp("keys") / "keys"


@pytest.fixture
def chain(settings, keys_folder) -> Iterator[OwnChain]:
    """A new chain, which the site takes for its embedded one."""
    with own_chain() as made:
        settings.RPC_URL = made.url
        settings.SITE_KEYS_FOLDER = keys_folder
        assert settings.EMBEDDED_CHAIN
        yield made


@pytest.fixture
def contracts(chain, db) -> dict[str, Deployment]:
    """The site's contracts on that chain, by name."""
    return {found.name: found for found in deploy(default_plan())}


@pytest.fixture
def curation(contracts) -> str:
    """Where the curation contract is."""
    return contracts[CURATION].address


def wait_for_all() -> None:
    """Until a block has whatever the site sent: the chain mines a moment after it answered."""
    for row in Transaction.objects.filter(status=Transaction.Status.SENT):
        wait(row)


class Gallery:
    """A round with nine candidates, its stakers and its funder, on the wall and on the chain."""

    def __init__(self, chain: OwnChain, contracts: dict[str, Deployment]) -> None:
        self.chain = chain
        self.curation = contracts[CURATION].address
        self.token = contracts[TOKEN].address
        self.faucet = contracts[FAUCET].address
        self.numbers = itertools.count()
        self.renew()

    def renew(self) -> None:
        """Begin a round with nine pictures that hung nowhere before."""
        self.round = RoundFactory()
        self.candidates = [publish(self.round, next(self.numbers)) for _ in range(9)]

    @property
    def on_chain(self) -> ChainRound:
        return ChainRound.objects.get(pk=self.round.pk)

    def index(self) -> None:
        """Let the indexer see everything, and the site what became of its transactions."""
        follow()
        following = selectors.following(self.chain.chain_id)
        assert following is not None
        indexer = make_indexer(following)
        while indexer.step():
            pass

    def open(self) -> None:
        open_waiting_rounds()
        wait_for_all()
        self.index()

    def anchor(self) -> None:
        """Anchor all candidates, for good."""
        anchor_what_waits()
        wait_for_all()
        self.chain.mine(4)
        self.index()

    def welcome(self, *members: str) -> None:
        """Give members a portion of tokens, which the contract may take."""
        for member in members:
            self.chain.act(member, self.faucet, FAUCET, "give")
            self.chain.act(member, self.token, TOKEN, "approve", self.curation, 10**30)

    def stake(self, member: str, place: int, tokens: int) -> None:
        digest, anchor = self.anchored(place)
        arguments = (self.round.pk, digest, tokens * WHOLE, anchor)
        self.chain.act(member, self.curation, CURATION, "stake", *arguments)

    def fund(self, member: str, tokens: int) -> None:
        amount_wei = tokens * WHOLE
        self.chain.act(member, self.curation, CURATION, "fund", self.round.pk, amount_wei)

    def anchored(self, place: int) -> tuple[bytes, tuple[int, list[bytes]]]:
        """A candidate as the contract takes it: digest, (batch, proof)."""
        found = AnchoredCandidate.objects.get(candidate=self.candidates[place])
        return bytes.fromhex(self.candidates[place].digest), (
            0,
            list(map(bytes.fromhex, found.proof)),
        )

    def close(self) -> None:
        """Let the round end, on the wall and by the chain's clock."""
        end = max(self.round.closes_at, self.on_chain.staking_deadline)  # as a chain ahead has it
        self.chain.go_on(max(1, end.timestamp() - self.chain.now()))
        close_round(round_=self.round)
        self.index()

    def tally(self, *shares: tuple[int, int], **facts: object) -> Tally:
        """Say that nobody voted and these won: by their places, with shares in basis points."""
        tally = TallyFactory(round=self.round, **facts)
        for rank, (place, bps) in enumerate(shares, 1):
            candidate = self.candidates[place]
            StandingFactory(tally=tally, candidate=candidate, rank=rank, share_bps=bps)
        return tally

    def propose(self, *shares: tuple[int, int]) -> None:
        """Propose winners by their places, with their shares in basis points."""
        self.tally(*shares)
        wait(propose_result(round_id=self.round.pk))
        self.index()

    def settle(self) -> None:
        self.chain.go_on(self.on_chain.challenge_s + 1)
        settle_due_rounds()
        wait_for_all()
        self.index()

    def withdraw(self, member: str, place: int) -> None:
        digest, _ = self.anchored(place)
        self.chain.act(member, self.curation, CURATION, "withdraw", self.round.pk, digest)

    def refund(self, member: str) -> None:
        self.chain.act(member, self.curation, CURATION, "refund", self.round.pk)

    def tokens(self, address: str) -> float:
        """How many whole tokens an address has."""
        return self.chain.ask(self.token, TOKEN, "balanceOf", address) / WHOLE


@pytest.fixture
def gallery(chain, contracts, settings) -> Gallery:
    settings.RPC_CHECK_URL = ""
    return Gallery(chain, contracts)
