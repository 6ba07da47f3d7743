"""Events a second from a node to committed projections ÷ reading and decoding them only.

The peer asks the same node for the same logs in the same ranges over the same client and decodes
every log with eth_abi. We do that, and read headers, check them, store blocks and logs, and write
stakes, balances and activity, all durably and able to go back.
"""

from __future__ import annotations

import statistics
import time

from benchmarks import harness
from benchmarks.harness import Row

STAKES_A_BLOCK = 50
REPEATS = 7


def measure(quick: bool) -> list[Row]:
    """One row."""
    blocks = 60 if quick else 200
    command = harness.module("benchmarks.indexer_node", blocks, STAKES_A_BLOCK)
    with harness.salon(CHAIN_ID="31337"), harness.process(command, talk=True) as node:
        url = f"http://127.0.0.1:{harness.hear(node)['port']}"
        peer, ours = [], []
        for number in range(REPEATS + 1):
            theirs_s, events = read_only(url, blocks)
            took_s = index(url, blocks, events)
            if number:  # the first warms both up
                peer.append(events / theirs_s)
                ours.append(events / took_s)
    ratios = [mine / other for mine, other in zip(ours, peer, strict=True)]
    details = (
        f"{statistics.median(ours):,.0f} ÷ {statistics.median(peer):,.0f} events/s, "
        f"{events:,} events in {blocks} blocks, {REPEATS} runs {min(ratios):.2f} to "
        f"{max(ratios):.2f}"
    )
    return [Row("indexer", f"{statistics.median(ratios):.2f}", "≥ 0.5", details)]


def read_only(url: str, blocks: int) -> tuple[float, int]:
    """Seconds for reading and decoding every log with eth_abi, and how many there were."""
    from eth_abi.abi import decode

    from benchmarks.indexer_node import CURATION, STAKED, TOKEN
    from chain.client import Node

    node = Node(url, chain_id=31337, private=True, largest_answer=32_000_000)
    staked, paid = ["uint256", "address", "bytes32"], ["address", "address"]
    events, per_call = [], ENOUGH // (2 * STAKES_A_BLOCK)
    began = time.perf_counter()
    for first in range(1, blocks + 1, per_call):
        last = min(blocks, first + per_call - 1)
        wanted = {"fromBlock": hex(first), "toBlock": hex(last), "address": [CURATION, TOKEN]}
        for log in node.call("eth_getLogs", wanted):
            topics = b"".join(bytes.fromhex(topic[2:]) for topic in log["topics"][1:])
            kinds = staked if log["topics"][0] == STAKED else paid
            data = decode(["uint256"], bytes.fromhex(log["data"][2:]))
            events.append((*decode(kinds, topics), *data))
    return time.perf_counter() - began, len(events)


def index(url: str, blocks: int, events: int) -> float:
    """Seconds until everything is in the tables, from nothing."""
    from benchmarks.indexer_node import CURATION, TOKEN
    from chain.indexer import store
    from chain.indexer.indexer import Indexer
    from chain.indexer.models import Log, Progress
    from chain.indexer.provider import Provider
    from chain.indexer.selectors import Following
    from curation.stakes.models import Activity

    following = Following({"Curation": CURATION, "SalonToken": TOKEN}, first=1)
    provider = Provider(url, chain_id=31337, private=True, finality_depth=64)
    indexer = Indexer(31337, following, provider=provider)
    began = time.perf_counter()
    while indexer.step():
        pass
    took_s = time.perf_counter() - began
    if (Log.objects.count(), Activity.objects.count()) != (events, events // 2):
        raise RuntimeError("Not every event arrived.")
    if Progress.objects.get().next_block != blocks + 1:
        raise RuntimeError("The indexer stopped early.")
    store.start_over(31337, following)
    return took_s


ENOUGH = 4_000  # logs a call of the peer brings

if __name__ == "__main__":
    harness.main(measure, __doc__)
