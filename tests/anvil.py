"""The test run's own chain, and the Solidity that only tests deploy."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

from eth_abi.abi import decode, encode
from eth_utils.abi import collapse_if_tuple
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from chain.client import Node
from project.env import BASE


def compile_contracts(out: Path) -> dict[str, dict[str, Any]]:
    """Every contract of tests/contracts: name → artifact."""
    command = ("node", "chain/compile.mjs", "--sources", "tests/contracts", "--out", str(out))
    subprocess.run(command, cwd=BASE, check=True, capture_output=True, text=True)
    return {path.stem: json.loads(path.read_text()) for path in out.glob("*.json")}


def selector(entry: dict[str, Any]) -> bytes:
    types = ",".join(map(collapse_if_tuple, entry["inputs"]))
    return keccak(text=f"{entry['name']}({types})")[:4]


class Anvil:
    """Deploys and asks contracts by name, as the first unlocked account."""

    def __init__(self, node: Node, contracts: dict[str, dict[str, Any]]) -> None:
        self.node = node
        self.contracts = contracts
        self.accounts = [to_checksum_address(a) for a in node.call("eth_accounts")]

    def creation_code(self, name: str, *arguments: object) -> bytes:
        """What a transaction without receiver carries to create this contract."""
        artifact = self.contracts[name]
        types = [
            given["type"]
            for entry in artifact["abi"]
            if entry["type"] == "constructor"
            for given in entry["inputs"]
        ]
        return bytes.fromhex(artifact["bytecode"][2:]) + encode(types, arguments)

    def deploy(self, name: str, *arguments: object) -> str:
        """The address of a new contract."""
        data = "0x" + self.creation_code(name, *arguments).hex()
        return to_checksum_address(self.transact({"data": data})["contractAddress"])

    def encode(self, name: str, function: str, *arguments: object) -> bytes:
        """A call of a contract's function."""
        entry = self._function(name, function)
        return selector(entry) + encode([*map(collapse_if_tuple, entry["inputs"])], arguments)

    def send(self, to: str, name: str, function: str, *arguments: object) -> dict[str, Any]:
        """The receipt of a mined call."""
        data = "0x" + self.encode(name, function, *arguments).hex()
        return self.transact({"to": to, "data": data})

    def ask(self, to: str, name: str, function: str, *arguments: object) -> Any:
        """What a function answers: its one value."""
        data = self.encode(name, function, *arguments)
        types = [*map(collapse_if_tuple, self._function(name, function)["outputs"])]
        return decode(types, self.node.eth_call(to=to, data=data, gas=10_000_000))[0]

    def transact(self, fields: dict[str, Any]) -> dict[str, Any]:
        sender = {"from": self.accounts[0], "gas": hex(10_000_000)}
        digest = self.node.call("eth_sendTransaction", sender | fields)
        deadline = time.monotonic() + 10
        while (receipt := self.node.call("eth_getTransactionReceipt", digest)) is None:
            assert time.monotonic() < deadline, "not mined"
            time.sleep(0.01)
        assert receipt["status"] == "0x1", receipt
        return receipt

    def set_code(self, address: str, code: str) -> None:
        """Put code where no key could deploy it; `0x` takes it away."""
        self.node.call("anvil_setCode", address, code)

    def _function(self, name: str, function: str) -> dict[str, Any]:
        entries = self.contracts[name]["abi"]
        return next(e for e in entries if e.get("name") == function)
