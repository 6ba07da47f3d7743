"""The same on a real anvil with the real contracts."""

from __future__ import annotations

import os
import random
import time

import pytest

from chain.indexer import store
from chain.indexer.checks import Checks
from chain.indexer.indexer import Indexer
from chain.indexer.models import Log, Progress
from chain.indexer.receipts import check_header, check_receipts
from tests.chain.indexer.model import tables
from tests.chain.indexer.town import DIGESTS, TREE

SOAK = os.environ.get("SALON_SOAK") == "1"
DEEPEST = 64


@pytest.fixture
def indexer(town, provider, db):
    """Makes indexers that believe nothing final above the hundredth block below the head."""

    def make(*, finality_depth=100, **how):
        asked = provider(town.url, finality_depth=finality_depth)
        asked.names_final = False
        return Indexer(town.chain_id, town.following, provider=asked, **how)

    return make


def catch_up(indexer) -> None:
    while indexer.step():
        pass


def test_whole_life_of_a_round_ends_in_the_tables(town, indexer):
    ada, bob, cyd, *_ = town.members
    following = indexer(receipts=True)
    town.open(4, staking_s=3600)
    town.mine()
    for member, digest, amount in ((ada, 0, 300), (ada, 0, 100), (bob, 1, 50), (cyd, 2, 7)):
        town.stake(member, 4, DIGESTS[digest], amount)
    town.do(ada, "fund", 4, 1000)
    town.do(bob, "fund", 4, 500)
    town.do(town.operator, "anchorBallots", 4, bytes(31) + b"\1")
    town.mine()
    catch_up(following)
    assert [row[1] for row in tables()["ChainRound"] if row[0] == 4] == ["open"]
    town.check(tables())
    town.go_on(3700)
    winners = [
        (DIGESTS[n], share, 0, TREE.proof(DIGESTS[n])) for n, share in ((0, 6000), (3, 4000))
    ]
    town.do(town.operator, "proposeResult", 4, winners, bytes(31) + b"\1", bytes(32))
    town.mine()
    catch_up(following)
    assert [row[1:] for row in tables()["Winner"]] == [
        (1, DIGESTS[0].hex(), 6000),
        (2, DIGESTS[3].hex(), 4000),
    ]
    town.go_on(70)
    town.do(ada, "settle", 4)
    town.do(ada, "withdraw", 4, DIGESTS[0])
    town.do(cyd, "withdraw", 4, DIGESTS[2])
    town.do(bob, "refund", 4)
    town.mine()
    catch_up(following)
    now = tables()
    town.check(now)
    assert (4, ada, DIGESTS[0].hex(), 400, 400, 900) in now["Stake"]  # 60% of the pool, all hers
    assert (4, bob, 500, 200) in now["Funding"]  # nobody had staked on the second winner
    row = next(row for row in now["ChainRound"] if row[0] == 4)
    assert (row[1], int(row[7]), int(row[8])) == ("settled", 1500, 600)
    kinds = [row[4] for row in sorted(now["Activity"]) if row[5] == 4]
    assert kinds == [
        *("opened", "anchored", "staked", "staked", "staked", "staked", "funded", "funded"),
        *("proposed", "settled", "withdrawn", "withdrawn", "refunded"),
    ]


def test_threat_16_after_every_reorg_of_anvil_tables_equal_the_contracts(town, indexer):
    rng = random.Random(int(os.environ.get("SALON_SEED") or time.time()))
    following = indexer()
    town.grow(rng, 70)
    catch_up(following)
    for number in range(100 if SOAK else 8):
        town.node.call("anvil_reorg", rng.randint(1, DEEPEST), [])
        town.grow(rng, rng.randint(0, 3))
        catch_up(following)
        now = tables()
        town.check(now)
        store.rebuild(town.chain_id)
        assert tables() == now
        if number % 4 == 0:
            store.start_over(town.chain_id, town.following)
            catch_up(indexer(receipts=True))
            assert tables() == now
    assert Progress.objects.get().next_block == town.head + 1


def test_roots_and_hashes_of_real_blocks_are_what_we_compute(town, provider):
    rng = random.Random(1)
    for _ in range(140):  # places from 128 on have longer keys in the trie
        town.something(rng, (1, 2, 3))
    town.mine()
    asked = provider(town.url)
    headers = asked.headers(town.first, town.head)
    ours = [address.lower() for address in town.following.addresses.values()]
    logs = asked.logs(town.first, town.head, ours)
    assert len(headers[-1].raw["transactions"]) > 128
    for header in headers:
        check_header(header)
        proven = check_receipts(header, asked.receipts(header))
        assert proven == [log for log in logs if log.block == header.number]
    checks = Checks(asked, ours, second=asked, receipts=True)
    checks.check(headers, logs, final=town.head)


def test_embedded_chain_that_lost_final_blocks_is_read_again(town, indexer, db):
    rng = random.Random(2)
    following = indexer(finality_depth=1, embedded=True)
    town.grow(rng, 12)
    catch_up(following)
    assert Progress.objects.get().final_block == town.head - 1
    town.node.call("anvil_reorg", 8, [])
    catch_up(following)
    town.check(tables())
    assert Progress.objects.get().next_block == town.head + 1
    town.node.call("anvil_rollback", 6)
    catch_up(following)
    town.check(tables())
    assert Progress.objects.get().next_block == town.head + 1
    assert Log.objects.exists()
