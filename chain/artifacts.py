"""The committed output of the Solidity compiler: ABI and bytecode by contract name."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "abi"


@functools.cache
def bytecode(contract: str) -> bytes:
    """The code that creates a contract, without its constructor's arguments."""
    artifact = json.loads((FOLDER / f"{contract}.json").read_text())
    return bytes.fromhex(artifact["bytecode"][2:])


@functools.cache
def abi(contract: str) -> list[dict[str, Any]]:
    """A contract's functions, events and errors."""
    artifact = json.loads((FOLDER / f"{contract}.json").read_text())
    return list(artifact["abi"])
