"""The chain's part of a soak's books: logs, stakes, balances, anchors, tallies."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from eth_abi.abi import decode, encode
from eth_hash.auto import keccak

from chain.client import Node
from chain.indexer import selectors
from chain.indexer.decoding import Decoder
from chain.indexer.models import Block, Log, Progress
from chain.indexer.wire import RawLog, log_of
from chain.operator.models import Transaction
from chain.operator.selectors import CURATION, TOKEN, address_of
from curation.models import AnchoredBatch, Balance, BallotAnchor, Batch, ChainRound, Stake, Tally
from curation.stakes import events as ev
from curation.standings.bundle import bundle_name
from project.env import BASE

LARGEST_ANSWER = 256_000_000  # bytes
GAS = 10_000_000
Found = Iterator[str]


def _node() -> Node:
    return Node(
        settings.RPC_URL,
        chain_id=settings.CHAIN_ID,
        private=True,
        largest_answer=LARGEST_ANSWER,
    )


def _ask(node: Node, to: str, signature: str, *values: Any, gives: str = "uint256") -> Any:
    """What a view function of a contract answers."""
    kinds = signature.partition("(")[2].rstrip(")").split(",")
    data = keccak(signature.encode())[:4] + encode(kinds, values)
    return decode([gives], node.eth_call(to=to, data=data, gas=GAS))[0]


def chain_logs() -> list[RawLog]:
    """Every log of the followed contracts that the chain has up to where the indexer is."""
    progress = Progress.objects.get(pk=settings.CHAIN_ID)
    followed = selectors.following(settings.CHAIN_ID)
    assert followed is not None
    wanted = {
        "address": list(followed.addresses.values()),
        "fromBlock": hex(followed.first),
        "toBlock": hex(progress.next_block - 1),
    }
    return [log_of(raw) for raw in _node().call("eth_getLogs", wanted)]


def chain() -> Found:
    """The stored logs are the chain's, one for one, and the indexer goes on."""
    progress = Progress.objects.get(pk=settings.CHAIN_ID)
    if progress.halted:
        yield f"chain: the indexer halted: {progress.halted}"
    theirs, ours = set(chain_logs()), set(selectors.all_logs())
    yield from (f"chain: a log of block {log.block} is not stored" for log in theirs - ours)
    yield from (f"chain: a stored log of block {log.block} is not there" for log in ours - theirs)
    failed = Transaction.objects.filter(status=Transaction.Status.FAILED)
    for purpose, reason in failed.values_list("purpose", "reason"):
        yield f"chain: {purpose} failed: {reason}"


def stakes() -> Found:
    """Projections are what the chain's logs add up to, and what the contracts say themselves."""
    logs = chain_logs()
    blocks = {log.block for log in logs}
    times = dict(Block.objects.filter(pk__in=blocks).values_list("number", "at"))
    followed = selectors.following(settings.CHAIN_ID)
    assert followed is not None
    staked: defaultdict[tuple[int, str, str], int] = defaultdict(int)
    held: defaultdict[str, int] = defaultdict(int)
    known = [log for log in logs if log.block in times]  # others are told of by `chain`
    for event in Decoder(followed.addresses).events(known, times):
        if isinstance(event, ev.Staked):
            staked[event.round, event.member, event.candidate] += event.amount
        elif isinstance(event, ev.Withdrawn):
            staked[event.round, event.member, event.candidate] -= event.principal
        elif isinstance(event, ev.Transfer):
            held[event.sender] -= event.amount
            held[event.receiver] += event.amount
    rows = {
        (row.round_id, row.address, row.digest): int(row.staked_wei - row.withdrawn_wei)
        for row in Stake.objects.all()
    }
    yield from differing("stakes", rows, {k: v for k, v in staked.items() if v})
    balances = {row.address: int(row.amount_wei) for row in Balance.objects.all()}
    nobody = "0x" + "0" * 40
    yield from differing("balances", balances, {k: v for k, v in held.items() if v and k != nobody})
    yield from _contracts(rows, balances)


def _contracts(rows: dict[tuple[int, str, str], int], balances: dict[str, int]) -> Found:
    node, curation, token = _node(), address_of(CURATION), address_of(TOKEN)
    for (round_id, member, digest), amount in rows.items():
        question = "stakeOf(uint256,address,bytes32)"
        found = _ask(node, curation, question, round_id, member, bytes.fromhex(digest))
        if found != amount:
            yield f"stakes: {member} has {amount} behind {digest}, the contract says {found}"
    for address, amount in balances.items():
        if (found := _ask(node, token, "balanceOf(address)", address)) != amount:
            yield f"balances: {address} has {amount}, the token says {found}"
    owed = sum(rows.values()) + sum(
        int(row.pool_wei - (row.returned_wei or 0)) for row in ChainRound.objects.all()
    )
    if (holds := _ask(node, token, "balanceOf(address)", curation)) < owed:
        yield f"stakes: the contract owes {owed} and holds {holds}"


def differing(name: str, ours: dict[Any, int], theirs: dict[Any, int]) -> Found:
    """Where two tables say something else."""
    for key in ours.keys() | theirs.keys():
        if ours.get(key, 0) != theirs.get(key, 0):
            yield f"{name}: {key} has {ours.get(key, 0)}, by the chain's logs {theirs.get(key, 0)}"


def anchors() -> Found:
    """The contract has the roots of the batches that count as anchored, and newest ballot roots."""
    node, curation = _node(), address_of(CURATION)
    own = set(Batch.objects.values_list("round_id", "root"))
    for row in ChainRound.objects.all():
        question = "rootsOf(uint256)"
        there = [
            root.hex() for root in _ask(node, curation, question, row.round_id, gives="bytes32[]")
        ]
        projected = AnchoredBatch.objects.filter(round=row.round_id).order_by("index")
        known = list(projected.values_list("root", flat=True))
        if there[: len(known)] != known:
            yield f"anchors: round {row.round_id} has other roots on the chain"
        for root in known:
            if (row.round_id, root) not in own:
                yield f"anchors: {root} of round {row.round_id} is over no batch of ours"
        made = BallotAnchor.objects.filter(round=row.round_id).order_by("index")
        if row.ballots_root and row.ballots_root not in made.values_list("root", flat=True):
            yield f"anchors: {row.ballots_root} is over no ballots of round {row.round_id}"
        last = made.last()
        if row.bundle_hash and row.ballots_root != (last.root if last else ""):
            yield f"anchors: the result of round {row.round_id} names another root over ballots"


def tallies() -> Found:
    """Every published tally, counted again from its bundle alone."""
    for tally in Tally.objects.all():
        with default_storage.open(bundle_name(tally.bundle_digest)) as file:
            path = file.name
        command = [sys.executable, "verify_round.py", path, "--bundle-hash", tally.bundle_digest]
        run = subprocess.run(command, cwd=BASE, capture_output=True, text=True, check=False)
        if run.returncode:
            lines = [line for line in run.stdout.splitlines() if "equal" not in line][:5]
            yield f"tallies: round {tally.round_id}: {'; '.join(lines) or run.stderr[-300:]}"


def counts(acknowledged: Sequence[tuple[str, float]]) -> dict[str, Any]:
    """How much there was; stakes that wallets were told of and the chain has no more."""
    there = set(Log.objects.values_list("tx_hash", flat=True))
    lost = [at for digest, at in acknowledged if digest.removeprefix("0x") not in there]
    return {
        "stakes": len(acknowledged),
        "stakes_lost_at": lost,
        "blocks": Progress.objects.get(pk=settings.CHAIN_ID).next_block,
        "tallies": Tally.objects.count(),
        "counted": sum(Tally.objects.values_list("counted_count", flat=True)),
        "batches": Batch.objects.count(),
        "ballot_roots": BallotAnchor.objects.count(),
    }
