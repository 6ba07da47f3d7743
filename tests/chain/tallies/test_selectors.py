"""Principal and kin, as the real contracts and made-up chains have them."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest
from eth_utils.address import to_checksum_address

from chain.indexer.models import Block
from chain.indexer.selectors import Following
from chain.operator.selectors import CURATION, TOKEN, address_of
from chain.tallies.models import Snapshot
from chain.tallies.selectors import kin, principal_at, roots_on_chain
from tests.chain.indexer.conftest import FOLLOWING, deployed, indexer, provider, scripted, town
from tests.chain.indexer.stories import MEMBERS
from tests.chain.indexer.town import DIGESTS, Town

__all__ = ["deployed", "indexer", "provider", "scripted", "town"]
ADA, BOB, CYD, DAN, *_ = MEMBERS
WHOLE = 10**18


def at(seconds: float) -> Snapshot:
    """A snapshot of a moment; what it is of is not asked."""
    return Snapshot(block_number=1, block_hash="00" * 32, at=datetime.fromtimestamp(seconds, UTC))


class Chain:
    """A scripted chain that is followed."""

    def __init__(self, scripted, indexer, deployed) -> None:
        self.scripted = scripted
        addresses = {name: to_checksum_address(a) for name, a in FOLLOWING.addresses.items()}
        deployed(scripted.url, Following(addresses, FOLLOWING.first))
        self.indexer = indexer()

    def tell(self, *events: tuple) -> Snapshot:
        """Mine a block with these events and some above it; a snapshot at it."""
        self.scripted.mine(*events)
        number = len(self.scripted.blocks) - 1
        self.scripted.mine()
        while self.indexer.step():
            pass
        block = Block.objects.filter(pk=number).first()
        return Snapshot(block_number=number, block_hash="", at=block.at)


@pytest.fixture
def told(scripted, indexer, deployed) -> Chain:
    return Chain(scripted, indexer, deployed)


def test_principal_equals_what_the_contract_says_of_every_moment(town, provider, deployed):
    from chain.indexer.indexer import Indexer

    deployed(town.url, town.following)
    rng = random.Random(8)
    began = town.now()
    rounds = (1, 2, 3)
    for round_id in rounds:
        town.open(round_id)
    town.mine()
    cancelled: set[int] = set()
    for _ in range(40):
        happen(town, rng, rounds, cancelled)
        town.go_on(rng.randint(0, 3))
    following = Indexer(town.chain_id, town.following, provider=provider(town.url))
    while following.step():
        pass
    for moment in [began - 5, *(rng.randint(began, town.now() - 1) for _ in range(30))]:
        said = {m: town.ask_curation("principalAt", m, moment) for m in town.members}
        assert principal_at(town.members, at(moment)) == {m: w for m, w in said.items() if w}


def happen(town: Town, rng: random.Random, rounds: tuple[int, ...], cancelled: set[int]) -> None:
    """Stakes, and withdrawals from rounds that were cancelled."""
    for _ in range(rng.randint(0, 3)):
        member, digest = rng.choice(town.members), rng.choice(DIGESTS)
        town.stake(member, rng.choice(rounds), digest, rng.randrange(1, 10**18))
        for round_id in cancelled:
            town.do(member, "withdraw", round_id, digest)
    if rng.random() < 0.1 and len(cancelled) < 2:
        cancelled.add(round_id := rng.choice(rounds))
        town.do(town.operator, "cancelRound", round_id)


def test_principal_of_nobody_is_nothing(told):
    assert principal_at([], told.tell()) == {}


def transfer(sender: str, receiver: str, tokens: float) -> tuple:
    return ("Transfer", sender, receiver, int(tokens * WHOLE))


ALL = (ADA, BOB, CYD, DAN)
LOCKED = dict.fromkeys(ALL, 200 * WHOLE)


def test_who_paid_for_what_another_has_locked_is_kin(told):
    snapshot = told.tell(transfer(BOB, ADA, 200), transfer(CYD, DAN, 40), transfer(CYD, DAN, 60))
    assert kin(ALL, snapshot, LOCKED) == sorted(
        [tuple(sorted((ADA, BOB))), tuple(sorted((CYD, DAN)))]
    )


def test_small_gifts_tie_nobody(told):
    snapshot = told.tell(transfer(ADA, BOB, 99), transfer(ADA, CYD, 1e-18), transfer(ADA, DAN, 0))
    assert kin(ALL, snapshot, LOCKED) == []


def test_threat_10_whoever_locks_too_little_to_weigh_is_tied_to_nobody(told):
    """Else half a token would tie each of those who stake the least, to cut their votes."""
    snapshot = told.tell(transfer(ADA, BOB, 100), transfer(ADA, CYD, 101))
    assert kin(ALL, snapshot, {BOB: 100 * WHOLE, CYD: 101 * WHOLE}) == [tuple(sorted((ADA, CYD)))]


def test_threat_10_nobody_can_be_tied_to_strangers_by_transfers_of_nothing(told):
    """Anyone may call `transferFrom` for anyone with an amount of zero."""
    told.tell(*(transfer(one, other, 0) for one in ALL for other in ALL))
    snapshot = told.tell()
    assert kin(ALL, snapshot, LOCKED) == []
    assert kin(ALL, snapshot, {}) == []


def test_who_has_nothing_locked_is_kin_of_nobody_who_gave_to_them(told):
    snapshot = told.tell(transfer(ADA, BOB, 5), transfer(BOB, CYD, 100))
    assert kin(ALL, snapshot, {CYD: 150 * WHOLE}) == [tuple(sorted((BOB, CYD)))]


def test_only_transfers_among_those_asked_for_up_to_the_snapshot_count(told):
    stranger = MEMBERS[7]
    snapshot = told.tell(transfer(ADA, stranger, 200), transfer(stranger, BOB, 200))
    told.tell(transfer(CYD, DAN, 200), transfer(ADA, ADA, 200))
    assert kin(ALL, snapshot, LOCKED) == []


def test_ballots_roots_come_in_the_chains_order_up_to_a_block(told):
    times = (2_000_000_000, 2_000_000_001, 2_000_000_002)
    told.tell(("RoundOpened", 1, (*times, 60)), ("RoundOpened", 2, (*times, 60)))
    roots = [bytes([n]) * 32 for n in (7, 3, 9, 3)]
    for root in roots[:3]:
        last = told.tell(("BallotsAnchored", 1, root), ("BallotsAnchored", 2, bytes([1]) * 32))
    told.tell(("BallotsAnchored", 1, roots[3]))
    found = roots_on_chain(1, until=last.block_number)
    assert found == [root.hex() for root in roots[:3]]
    assert roots_on_chain(1, until=10**9) == [root.hex() for root in roots]
    assert roots_on_chain(3, until=10**9) == []
    assert address_of(CURATION) != address_of(TOKEN)
