"""Calls of our contracts as bytes, by the committed ABI."""

from __future__ import annotations

import functools
import json
from typing import Any

from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak

from chain.artifacts import FOLDER, bytecode

GAS_TO_READ = 5_000_000


@functools.cache
def artifact(contract: str) -> dict[str, Any]:
    """What the compiler said of a contract: abi, compiler, source."""
    found: dict[str, Any] = json.loads((FOLDER / f"{contract}.json").read_text())
    return found


def creation(contract: str, *arguments: object) -> bytes:
    """What a transaction without receiver carries to create a contract."""
    entries = (e for e in artifact(contract)["abi"] if e["type"] == "constructor")
    return bytecode(contract) + encode(types_of(next(entries)["inputs"]), arguments)


def call(contract: str, function: str, *arguments: object) -> bytes:
    """A call of a function."""
    entry = _function(contract, function)
    return selector(entry) + encode(types_of(entry["inputs"]), arguments)


def answer(contract: str, function: str, data: bytes) -> tuple[Any, ...]:
    """What a function returned."""
    return decode(types_of(_function(contract, function)["outputs"]), data)


def selector(entry: dict[str, Any]) -> bytes:
    """The four bytes a function or an error is known by."""
    return keccak(text=f"{entry['name']}({','.join(types_of(entry['inputs']))})")[:4]


def types_of(fields: list[dict[str, Any]]) -> list[str]:
    """Types as eth_abi and selectors spell them; structs are tuples."""
    return [_type_of(field) for field in fields]


def _type_of(field: dict[str, Any]) -> str:
    kind: str = field["type"]
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(types_of(field['components']))}){kind.removeprefix('tuple')}"


def _function(contract: str, name: str) -> dict[str, Any]:
    abi = artifact(contract)["abi"]
    found: dict[str, Any] = next(e for e in abi if e["type"] == "function" and e["name"] == name)
    return found
