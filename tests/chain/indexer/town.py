"""The real contracts on a real anvil, and members who act on them."""

from __future__ import annotations

import hashlib
import random
import time
from typing import Any

from eth_utils.address import to_checksum_address

from chain.indexer.selectors import Following
from chain.merkle.tree import MerkleTree
from chain.operator.calls import call, creation
from tests.chain.chains import OwnChain
from tests.chain.indexer.model import Tables

DAY = 86_400
SUPPLY = 10**26
DIGESTS = [hashlib.sha256(b"picture %d" % n).digest() for n in range(6)]
TREE = MerkleTree(DIGESTS)
GAS = hex(2_000_000)


class Town(OwnChain):
    """Account 0 has every role; accounts 1 to 9 are members with tokens and an allowance."""

    def found(self) -> None:
        """Deploy, and give everybody tokens."""
        self.operator, *self.members = self.accounts
        self.first = int(self.node.call("eth_blockNumber"), 16) + 1
        self.token = self.deploy("SalonToken", self.operator, SUPPLY)
        roles = (self.operator, self.operator, self.operator)
        self.curation = self.deploy("Curation", self.token, *roles, 60, 1)
        self.automine(False)
        for member in self.members:
            self.send(self.operator, self.token, "SalonToken", "transfer", member, 10**24)
            self.send(member, self.token, "SalonToken", "approve", self.curation, 2**255)
        self.send(self.operator, self.token, "SalonToken", "approve", self.curation, 2**255)
        self.mine()

    @property
    def following(self) -> Following:
        return Following({"Curation": self.curation, "SalonToken": self.token}, self.first)

    @property
    def head(self) -> int:
        return int(self.node.call("eth_blockNumber"), 16)

    def deploy(self, contract: str, *arguments: object) -> str:
        data = "0x" + creation(contract, *arguments).hex()
        request = {"from": self.accounts[0], "data": data, "gas": hex(10_000_000)}
        digest = self.node.call("eth_sendTransaction", request)
        deadline = time.monotonic() + 10
        while (receipt := self.node.call("eth_getTransactionReceipt", digest)) is None:
            assert time.monotonic() < deadline
        assert receipt["status"] == "0x1"
        return to_checksum_address(receipt["contractAddress"])

    def send(self, sender: str, to: str, contract: str, function: str, *arguments: object) -> None:
        """Send without waiting; what reverts has no logs."""
        data = "0x" + call(contract, function, *arguments).hex()
        self.node.call("eth_sendTransaction", {"from": sender, "to": to, "data": data, "gas": GAS})

    def do(self, sender: str, function: str, *arguments: object) -> None:
        self.send(sender, self.curation, "Curation", function, *arguments)

    def open(self, round_id: int, *, staking_s: int = 60 * DAY) -> None:
        """A round whose candidates are anchored in the same block."""
        now = self.now()
        times = (now + staking_s, now + staking_s, now + staking_s + DAY, 60)
        self.do(self.operator, "openRound", round_id, times)
        self.do(self.operator, "anchor", round_id, TREE.root, len(DIGESTS), "https://x.example")

    def stake(self, member: str, round_id: int, digest: bytes, amount: int) -> None:
        self.do(member, "stake", round_id, digest, amount, (0, TREE.proof(digest)))

    def something(self, rng: random.Random, rounds: tuple[int, ...]) -> None:
        """A random thing a member might do."""
        member, round_id = rng.choice(self.members), rng.choice(rounds)
        amount = rng.randrange(1, 10**18)
        kind = rng.choice(("stake", "stake", "stake", "fund", "transfer", "ballots", "open"))
        if kind == "stake":
            self.stake(member, round_id, rng.choice(DIGESTS), amount)
        elif kind == "fund":
            self.do(member, "fund", round_id, amount)
        elif kind == "transfer":
            self.send(
                member, self.token, "SalonToken", "transfer", rng.choice(self.members), amount
            )
        elif kind == "ballots":
            self.do(self.operator, "anchorBallots", round_id, rng.randbytes(32))
        else:
            self.open(round_id)

    def grow(self, rng: random.Random, blocks: int, rounds: tuple[int, ...] = (1, 2, 3)) -> None:
        """Mine blocks with up to three things in each."""
        for _ in range(blocks):
            for _ in range(rng.randint(0, 3)):
                self.something(rng, rounds)
            self.mine()

    def check(self, tables: Tables) -> None:
        """Compare what was indexed with what the contracts answer."""
        holders = dict(tables["Balance"])
        for address in (*self.accounts, self.curation):
            amount = self.ask(self.token, "SalonToken", "balanceOf", address)
            assert int(holders.pop(address, 0)) == amount
        assert holders == {}
        for round_id, address, digest, staked, withdrawn, _ in tables["Stake"]:
            left = self.ask_curation("stakeOf", round_id, address, bytes.fromhex(digest))
            assert int(staked - withdrawn) == left
        pools = {row[0]: (row[1], int(row[7])) for row in tables["ChainRound"]}
        for round_id in range(1, 6):
            found = self.ask_curation("roundOf", round_id)
            state = ("unknown", "open", "proposed", "settled", "refundable")[found[0]]
            assert pools.get(round_id, ("unknown", 0)) == (state, found[4])
            behind = [r for r in tables["Stake"] if r[0] == round_id]
            for digest in DIGESTS:
                total = self.ask_curation("stakedBehind", round_id, digest)
                assert sum(int(r[3]) for r in behind if r[2] == digest.hex()) == total

    def ask_curation(self, function: str, *arguments: Any) -> Any:
        return self.ask(self.curation, "Curation", function, *arguments)
