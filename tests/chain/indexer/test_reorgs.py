"""The projections are always what a reading from the first block gives."""

from __future__ import annotations

import os
import random
import time

from chain.indexer import store
from chain.indexer.models import Block, Log, Progress
from tests.chain.indexer.model import Model, tables
from tests.chain.indexer.scripted import CHAIN_ID, ScriptedChain
from tests.chain.indexer.stories import grow

SOAK = os.environ.get("SALON_SOAK") == "1"
DEEPEST = 64


def catch_up(indexer) -> None:
    while indexer.step():
        pass


def stored() -> list[tuple]:
    return list(Log.objects.values_list("block_id", "block__hash", "log_index", "tx_hash"))


def told(chain: ScriptedChain) -> list[tuple]:
    return [
        (
            int(log["blockNumber"], 16),
            log["blockHash"][2:],
            int(log["logIndex"], 16),
            log["transactionHash"][2:],
        )
        for block in chain.blocks[1:]
        for log in block.logs
    ]


def check_equal(chain: ScriptedChain) -> None:
    """Everything in the database is what the chain says, and what a rebuild makes of it."""
    assert stored() == told(chain)
    now = tables()
    wanted = Model.of(chain.events()).tables()
    assert {name: now[name] for name in wanted} == wanted
    store.rebuild(CHAIN_ID)
    assert tables() == now


def test_threat_16_after_every_random_reorg_tables_equal_a_rebuild_from_genesis(scripted, indexer):
    seed = int(os.environ.get("SALON_SEED") or time.time())
    rng = random.Random(seed)
    print(f"SALON_SEED={seed}")
    following = indexer(finality_depth=DEEPEST + 1)
    grow(scripted, rng, 12)
    catch_up(following)
    for number in range(1000 if SOAK else 100):
        final = max(1, Progress.objects.get().final_block)
        depth = min(rng.randint(1, DEEPEST), scripted.head - final)
        scripted.reorg(depth)
        grow(scripted, rng, depth - rng.randint(0, min(depth - 1, 4)))
        if rng.random() < 0.2:  # the indexer sees a chain that is shorter, then longer again
            following.step()
        grow(scripted, rng, rng.randint(0, 6) if scripted.head < 110 else 0)
        catch_up(following)
        check_equal(scripted)
        if number % 20 == 0:  # and read from the node by another indexer
            before = tables()
            store.start_over(CHAIN_ID, following.following)
            catch_up(indexer(finality_depth=DEEPEST + 1))
            assert tables() == before
    assert Progress.objects.get().next_block == scripted.head + 1
    assert Block.objects.count() < scripted.head + 1
