"""Nodes that drop or alter logs or follow something else: halt or exact state, never wrong."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from chain.errors import NodeRefused
from chain.indexer.models import Log, Progress
from chain.indexer.running import Follower
from tests.chain.indexer.liars import FAULTS, Grudge, Liar
from tests.chain.indexer.model import tables
from tests.chain.indexer.scripted import Meddle, Refuse, serve
from tests.chain.indexer.town import Town

RUNS = 100 if os.environ.get("SALON_SOAK") == "1" else 8
SEED = int(os.environ.get("SALON_SEED") or time.time())
GUARDS = ("receipts", "second node")
pytestmark = pytest.mark.django_db


class Inquiry:
    """A follower that reads a town's chain through somebody who meddles."""

    def __init__(self, town: Town, follower: Follower, proxy: Callable[[Meddle], str]) -> None:
        self.town, self.follower, self.proxy = town, follower, proxy
        wanted = {"address": list(town.following.addresses.values()), "fromBlock": "0x0"}
        self.truth = town.node.call("eth_getLogs", wanted | {"toBlock": "latest"})

    def follow(self, *, steps: int = 60) -> Progress:
        """Go on until the head, a halt, or many steps in vain."""
        for _ in range(steps):
            done = self.follower.once() > 0 and not (self.follower.failures or self.follower.doubts)
            if done or self.follower.failures > 5:
                break
        return Progress.objects.get()

    def is_whole(self) -> bool:
        """Whether everything was read; checks that what was read is true."""
        reached = Progress.objects.get().next_block
        names = ("block_id", "block__hash", "log_index", "tx_hash", "address", "topics", "data")
        rows = Log.objects.values_list(*names)
        assert [(*row[:4], row[4].lower(), row[5], bytes(row[6]).hex()) for row in rows] == [
            (
                *(int(log["blockNumber"], 16), log["blockHash"][2:], int(log["logIndex"], 16)),
                *(log["transactionHash"][2:], log["address"]),
                *([topic[2:] for topic in log["topics"]], log["data"][2:]),
            )
            for log in self.truth
            if int(log["blockNumber"], 16) < reached
        ]
        if reached <= self.town.head:
            return False
        self.town.check(tables())
        return True


@pytest.fixture(scope="module")
def busy_town(town) -> Town:
    """Some hundred logs."""
    town.open(1)
    town.open(2)
    town.mine()
    town.grow(random.Random(5), 60, rounds=(1, 2))
    return town


@pytest.fixture
def proxy(busy_town) -> Iterator[Callable[[Meddle], str]]:
    """Serves the town's chain through something that meddles; hands out the URL."""

    def answer(method: str, params: list[Any]) -> Any:
        try:
            return busy_town.node.call(method, *params)
        except NodeRefused as error:
            raise Refuse(error.message) from error

    with ExitStack() as servers:
        yield lambda meddle: servers.enter_context(serve(answer, lambda: meddle))


@pytest.fixture
def inquire(busy_town, follower, proxy, deployed, settings) -> Callable[..., Inquiry]:
    def make(meddle: Meddle | None, guard: str = "") -> Inquiry:
        url = proxy(meddle) if meddle else busy_town.url
        deployed(url, busy_town.following)
        settings.RPC_CHECK_RECEIPTS = guard == "receipts"
        settings.RPC_CHECK_URL = busy_town.url if guard == "second node" else ""
        return Inquiry(busy_town, follower, proxy)

    return make


@pytest.mark.parametrize("guard", GUARDS)
@pytest.mark.parametrize("run", range(RUNS))
def test_threat_17_node_that_drops_or_alters_one_log_in_a_hundred(run, guard, inquire, monkeypatch):
    print(f"SALON_SEED={SEED}")
    monkeypatch.setattr("chain.indexer.sizes.FIRST", 4)  # some ranges pass untouched
    asked = inquire(Liar(random.Random(SEED + run), share=0.01), guard)
    progress = asked.follow()
    if asked.is_whole():
        assert not progress.halted
    else:
        assert progress.halted or asked.follower.failures


@pytest.mark.parametrize("guard", GUARDS)
@pytest.mark.parametrize("fault", FAULTS)
def test_threat_17_every_kind_of_lie_is_noticed(fault, guard, inquire):
    asked = inquire(None, guard)
    victim = asked.truth[len(asked.truth) // 2]["transactionHash"]
    asked = inquire(Grudge(fault, victim), guard)
    progress = asked.follow()
    assert not asked.is_whole()
    assert progress.halted or asked.follower.failures


def test_threat_17_one_honest_answer_after_a_lie_goes_on(inquire):
    told = []

    def lie_once(method, params, result):
        if method != "eth_getLogs" or told:
            return result
        told.append(params)
        return result[:5] + result[6:]

    asked = inquire(lie_once, "receipts")
    assert not asked.follow().halted
    assert told
    assert asked.is_whole()


@pytest.mark.parametrize("by_hash", ["honest", "lying"])
def test_threat_17_dropped_block_is_noticed_without_any_guard(by_hash, inquire):
    """A header's filter says that there are logs; the node is asked again in other ways."""

    def drop(method, params, result):
        if method != "eth_getLogs" or ("blockHash" in params[0] and by_hash == "honest"):
            return result
        return [log for log in result if log["blockHash"] != victim]

    asked = inquire(drop)
    victim = asked.truth[len(asked.truth) // 2]["blockHash"]
    assert "left out logs" in asked.follow().halted
    assert not asked.is_whole()


def test_threat_17_forged_header_has_another_hash(inquire):
    def hide(method, params, result):
        """An empty block in place of one with logs, consistently."""
        if method == "eth_getBlockByNumber" and result and result["number"] == victim:
            return {**result, "logsBloom": "0x" + "00" * 256}
        if method == "eth_getLogs":
            return [log for log in result if log["blockNumber"] != victim]
        return result

    asked = inquire(hide, "receipts")
    victim = asked.truth[9]["blockNumber"]
    assert "another hash" in asked.follow().halted
    assert not asked.is_whole()


def test_threat_17_node_of_another_chain_is_not_read(inquire):
    def elsewhere(method, params, result):
        return "0x1" if method == "eth_chainId" else result

    asked = inquire(elsewhere)
    for _ in range(3):
        asked.follower.once()
    assert asked.follower.failures == 3
    assert not Progress.objects.exists()


def test_threat_17_second_node_on_another_branch_is_waited_for(inquire, settings):
    """Near the head honest nodes may differ: nothing is taken meanwhile, and nothing is halted."""
    differs = [True]

    def fork(method, params, result):
        newest = result and method == "eth_getBlockByNumber" and result["number"] == head
        return {**result, "hash": "0x" + "ab" * 32} if newest and differs[0] else result

    asked = inquire(None)
    head = hex(asked.town.head)
    settings.RPC_CHECK_URL = asked.proxy(fork)
    settings.FINALITY_DEPTH = 1
    for _ in range(10):
        asked.follower.once()
        asked.follower.indexer.provider.names_final = False
    progress = Progress.objects.get()
    assert asked.town.first < progress.next_block <= asked.town.head
    assert not progress.halted
    assert not asked.is_whole()
    differs[0] = False
    assert not asked.follow().halted
    assert asked.is_whole()


def test_threat_17_second_node_that_never_agrees_halts(inquire, settings):
    def fork(method, params, result):
        deep = result and method == "eth_getBlockByNumber" and result["number"] == hex(20)
        return {**result, "hash": "0x" + "ab" * 32} if deep else result

    asked = inquire(None)
    settings.RPC_CHECK_URL = asked.proxy(fork)
    assert "for one node and" in asked.follow().halted
    assert not asked.is_whole()
