"""Why a contract refused, in words: errors of our contracts, of OpenZeppelin, of the EVM itself."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak

from chain.errors import NodeRefused
from chain.operator.calls import artifact, selector, types_of

CONTRACTS = ("Curation", "SalonToken", "Faucet")
STATES = ("unknown to the contract", "open", "proposed", "settled", "refundable")
REVERT_CODE = 3  # geth's and anvil's; other nodes say it in the message
WORDS = {
    "RoundExists": "Round {round} exists on the chain already.",
    "RoundInState": "Round {round} is {state} on the chain; this cannot be done in that state.",
    "TimesRefused": "The round's times are not in order, or outside the contract's bounds.",
    "DeadlinePassed": "It is too late: the deadline was {deadline}.",
    "TooEarly": "It is too early: this can be done from {from} on.",
    "Empty": "A root, a count, an amount or an address is empty.",
    "TooManyBatches": "The round has as many batches as the contract allows.",
    "NotAnchored": "Candidate {candidate} was not anchored in batch {batch}.",
    "StakeTooSmall": "The stake of {amount} is below the smallest, {smallest}.",
    "AmountMismatch": "The token delivered {delivered} instead of {asked}.",
    "WinnersRefused": "A result has one to three different winners whose shares sum to 10,000.",
    "BallotsRootMismatch": "The ballots root {proposed} is not the one anchored, {anchored}.",
    "NothingToTake": "There is nothing to take out.",
    "EnforcedPause": "The contract is paused.",
    "ExpectedPause": "The contract is not paused.",
    "AccessControlUnauthorizedAccount": "{account} does not have the role {neededRole}.",
    "ERC20InsufficientBalance": "{sender} has {balance} of the token and needs {needed}.",
    "TooSoon": "The faucet gives again at {from}.",
}
ROLES = {bytes(32): "admin", keccak(text="OPERATOR_ROLE"): "operator"}
ROLES |= {keccak(text="GUARDIAN_ROLE"): "guardian"}
PANICS = {0x01: "an assertion failed", 0x11: "a number overflowed", 0x12: "a division by zero"}


def is_revert(error: NodeRefused) -> bool:
    """Whether a contract refused, rather than the node."""
    return error.code == REVERT_CODE or "revert" in error.message.lower()


def named(error: NodeRefused) -> tuple[str, dict[str, Any]] | None:
    """The error of our contracts that was reverted with, and its values; None for any other."""
    data = _data(error.data)
    if (entry := _errors().get(data[:4])) is None:
        return None
    try:
        values = decode(types_of(entry["inputs"]), data[4:])
    except (DecodingError, OverflowError):
        return None
    names = (field["name"] for field in entry["inputs"])
    return entry["name"], dict(zip(names, values, strict=True))


def reason(error: NodeRefused) -> str:
    """Why, as a sentence."""
    data = _data(error.data)
    return in_words(data) if data else f"It reverted: {error.message}."


def in_words(data: bytes) -> str:
    """What revert data says, as a sentence."""
    head, body = data[:4], data[4:]
    try:
        if head == bytes.fromhex("08c379a0"):
            return f"It reverted: {decode(['string'], body)[0][:300]}."
        if head == bytes.fromhex("4e487b71"):
            code = decode(["uint256"], body)[0]
            return f"It failed: {PANICS.get(code, f'panic {code:#x}')}."
        if (entry := _errors().get(head)) is not None:
            return _sentence(entry, decode(types_of(entry["inputs"]), body))
    except (DecodingError, UnicodeDecodeError, OverflowError):
        pass
    return f"It reverted with 0x{data[:36].hex()}, which no contract of ours says."


@functools.cache
def _errors() -> dict[bytes, dict[str, Any]]:
    entries = (entry for contract in CONTRACTS for entry in artifact(contract)["abi"])
    return {selector(entry): entry for entry in entries if entry["type"] == "error"}


def _sentence(entry: dict[str, Any], values: tuple[Any, ...]) -> str:
    fields = {
        field["name"]: _value(field["name"], value)
        for field, value in zip(entry["inputs"], values, strict=True)
    }
    if entry["name"] in WORDS:
        return WORDS[entry["name"]].format_map(fields)
    inside = ", ".join(f"{name} {value}" for name, value in fields.items())
    return f"It reverted with {entry['name']}({inside})."


def _value(name: str, value: Any) -> str:
    if name == "state":
        return STATES[value] if value < len(STATES) else str(value)
    if name in {"deadline", "from", "time"} and value < 1 << 33:
        return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M:%S} UTC"
    if name == "neededRole":
        return ROLES.get(value, "that was asked for")
    return f"0x{value.hex()}" if isinstance(value, bytes) else f"{value}"


def _data(found: object) -> bytes:
    """Revert data as nodes give it: hex, sometimes within an object."""
    if isinstance(found, dict):
        found = found.get("data") or found.get("result")
    if not isinstance(found, str) or not found.startswith("0x"):
        return b""
    try:
        return bytes.fromhex(found[2:])
    except ValueError:
        return b""
