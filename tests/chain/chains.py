"""A chain of one's own, for tests that stop its clock, its mining or itself."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from eth_utils.address import to_checksum_address

from chain.client import Node
from chain.errors import NodeRefused
from chain.operator.calls import GAS_TO_READ, answer, call
from curation.accounts.wallets import NodeUnreachable
from project.stack.chain import anvil_binary
from project.stack.preflight import free_port

CHAIN_ID = 31337


class OwnChain:
    """Anvil that mines a block for each transaction and none in between."""

    def __init__(self, port: int, *, chain_id: int = CHAIN_ID, state: Path | None = None) -> None:
        self.port = port
        self.chain_id = chain_id
        self.state = state
        self.url = f"http://127.0.0.1:{port}"
        self.node = Node(self.url, chain_id=chain_id, private=True)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = ["--quiet", "--port", str(self.port), "--chain-id", str(self.chain_id)]
        options += ["--hardfork", "prague", "--slots-in-an-epoch", "1"]
        if self.state is not None and self.state.exists():
            options += ["--load-state", str(self.state)]
        self.process = subprocess.Popen([str(anvil_binary()), *options])
        deadline = time.monotonic() + 15
        while True:
            try:
                self.node.call("eth_chainId")
            except NodeUnreachable:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            else:
                break
        self.accounts = [to_checksum_address(a) for a in self.node.call("eth_accounts")]

    def stop(self, signum: int = signal.SIGKILL) -> None:
        assert self.process is not None
        self.process.send_signal(signum)
        self.process.wait(10)

    def mine(self, blocks: int = 1) -> None:
        self.node.call("anvil_mine", hex(blocks))

    def go_on(self, seconds: float) -> None:
        """Let the chain's time pass."""
        self.node.call("evm_increaseTime", int(seconds))
        self.mine()

    def automine(self, on: bool) -> None:
        self.node.call("evm_setAutomine", on)

    def now(self) -> int:
        return int(self.node.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    def count(self, address: str) -> int:
        return int(self.node.call("eth_getTransactionCount", address, "latest"), 16)

    def balance_wei(self, address: str) -> int:
        return int(self.node.call("eth_getBalance", address, "latest"), 16)

    def act(self, sender: str, to: str, contract: str, function: str, *arguments: object) -> dict:
        """The receipt of an unlocked account's call. Raises NodeRefused when it reverts."""
        data = "0x" + call(contract, function, *arguments).hex()
        request = {"from": sender, "to": to, "data": data}
        request["gas"] = self.node.call("eth_estimateGas", request)
        digest = self.node.call("eth_sendTransaction", request)
        deadline = time.monotonic() + 10
        while (receipt := self.node.call("eth_getTransactionReceipt", digest)) is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        if receipt["status"] != "0x1":
            raise NodeRefused(3, "execution reverted")
        return receipt

    def ask(self, to: str, contract: str, function: str, *arguments: object) -> Any:
        data = call(contract, function, *arguments)
        return answer(contract, function, self.node.eth_call(to=to, data=data, gas=GAS_TO_READ))[0]

    def logs(self, address: str, topic: bytes) -> list[dict]:
        """Every log of a contract with this first topic."""
        wanted = {"address": address, "topics": ["0x" + topic.hex()], "fromBlock": "0x0"}
        return self.node.call("eth_getLogs", wanted | {"toBlock": "latest"})


@contextmanager
def own_chain(*, chain_id: int = CHAIN_ID, state: Path | None = None) -> Iterator[OwnChain]:
    chain = OwnChain(free_port(), chain_id=chain_id, state=state)
    chain.start()
    try:
        yield chain
    finally:
        chain.stop()
