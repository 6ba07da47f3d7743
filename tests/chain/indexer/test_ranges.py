"""How much is read at once, and how little is kept of it."""

from __future__ import annotations

import random
import time

import pytest

from chain.indexer import store
from chain.indexer.models import Block, Log, Progress
from tests.chain.indexer.model import tables
from tests.chain.indexer.stories import MEMBERS, NOBODY, grow

ADA, BOB = MEMBERS[:2]
pytestmark = pytest.mark.django_db


def catch_up(indexer) -> None:
    while indexer.step():
        pass


def test_ranges_shrink_to_what_a_node_gives_and_grow_back(scripted, indexer):
    grow(scripted, random.Random(1), 60)
    scripted.largest_range = 7
    following = indexer()
    catch_up(following)
    assert Progress.objects.get().next_block == 61
    assert following.size.blocks <= 8
    scripted.largest_range = 10_000
    for _ in range(20):
        grow(scripted, random.Random(2), 12)
        catch_up(following)
    assert following.size.blocks > 8


def test_ranges_shrink_when_the_node_is_too_slow(scripted, deployed, follower, monkeypatch):
    deployed(scripted.url)
    monkeypatch.setattr("chain.connections.READ_S", 0.3)

    def slow(method, params, result):
        if method == "eth_getLogs" and "fromBlock" in params[0]:
            time.sleep(0.01 * (int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16)))
        return result

    grow(scripted, random.Random(1), 60)
    scripted.meddle = slow
    for _ in range(40):
        follower.once()
        if Progress.objects.get().next_block == 61:
            break
    assert Progress.objects.get().next_block == 61
    assert follower.indexer.size.blocks < 60


def test_block_larger_than_a_range_may_be_is_read_alone(scripted, indexer, monkeypatch):
    """Somebody can fill a block with transfers; that must not stop the indexer."""
    monkeypatch.setattr("chain.indexer.provider.LARGEST_ANSWER", 1_000_000)
    scripted.mine(("Transfer", NOBODY, ADA, 1))
    scripted.mine(*[("Transfer", NOBODY, ADA, n) for n in range(1, 2500)])
    scripted.mine(("Transfer", NOBODY, BOB, 1))
    following = indexer()
    catch_up(following)
    assert tables()["Balance"] == [(ADA, 1 + 2499 * 2500 // 2), (BOB, 1)]
    logs = [p for method, p in scripted.asked if method == "eth_getLogs"]
    assert [p["fromBlock"] for [p] in logs if p["fromBlock"] == p["toBlock"]] == [
        "0x1",
        "0x2",
        "0x3",
    ]


def test_headers_without_logs_are_forgotten_below_the_final_block(scripted, indexer):
    for _ in range(4):
        for _ in range(100):
            scripted.mine()
        scripted.mine(("Transfer", NOBODY, ADA, 1))
        scripted.final = scripted.head - 2
        catch_up(indexer())
    assert Log.objects.count() == 4
    assert Block.objects.count() <= 4 + store.KEEP + 3
