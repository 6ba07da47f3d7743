"""EIP-712 typed data for tests: the ballot, random nested structs, and what has no digest."""

from __future__ import annotations

import copy
import random
from typing import Any

from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

BALLOT: dict[str, Any] = {
    "types": {
        "EIP712Domain": [
            {"name": "name", "type": "string"},
            {"name": "version", "type": "string"},
            {"name": "chainId", "type": "uint256"},
            {"name": "verifyingContract", "type": "address"},
        ],
        "Ballot": [
            {"name": "voter", "type": "address"},
            {"name": "round", "type": "uint256"},
            {"name": "chosen", "type": "bytes32"},
            {"name": "rejected", "type": "bytes32"},
            {"name": "outcome", "type": "uint8"},
            {"name": "nonce", "type": "uint256"},
            {"name": "issuedAt", "type": "uint256"},
        ],
    },
    "primaryType": "Ballot",
    "domain": {
        "name": "Salon",
        "version": "1",
        "chainId": 31337,
        "verifyingContract": "0x5FbDB2315678afecb367f032d93F642f64180aa3",
    },
    "message": {
        "voter": "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
        "round": 7,
        "chosen": "0x" + "ab" * 32,
        "rejected": "0x" + "cd" * 32,
        "outcome": 0,
        "nonce": 1_790_000_000_000,
        "issuedAt": 1_790_000_000,
    },
}
TEXTS = ("", "Salon", "élan vital", "名前 👩🏽‍🎨", "a" * 300, "line\nbreak\0")


def digest_of(case: dict[str, Any]) -> bytes:
    """The 32 bytes eth_account would sign."""
    signable = encode_typed_data(full_message=case)
    return keccak(b"\x19" + signable.version + signable.header + signable.body)


class _Maker:
    """Random types, and values that fit them."""

    def __init__(self, source: random.Random) -> None:
        self.source = source
        self.types: dict[str, list[dict[str, str]]] = {}

    def struct(self, depth: int) -> str:
        name = f"T{len(self.types)}{self.source.choice('aZ_q')}"
        self.types[name] = []
        for index in range(self.source.randint(1, 5)):
            self.types[name].append({"name": f"f{index}", "type": self.type(depth)})
        return name

    def type(self, depth: int) -> str:
        pick = self.source.random()
        if depth and pick < 0.2:
            return self.struct(depth - 1)
        if depth and pick < 0.45:
            return self.type(depth - 1) + self.source.choice(["[]", "[1]", "[3]"])
        if pick < 0.7:
            return f"{self.source.choice(['int', 'uint'])}{8 * self.source.randint(1, 32)}"
        if pick < 0.8:
            return f"bytes{self.source.randint(1, 32)}"
        return self.source.choice(["address", "bool", "string", "bytes"])

    def value(self, type_: str) -> Any:
        if type_.endswith("]"):
            base, _, length = type_[:-1].rpartition("[")
            return [self.value(base) for _ in range(int(length or self.source.randint(0, 3)))]
        if type_ in self.types:
            return {field["name"]: self.value(field["type"]) for field in self.types[type_]}
        if type_ in ("bool", "string"):
            return self.source.choice((True, False) if type_ == "bool" else TEXTS)
        if "int" in type_:
            return self.integer(type_)
        size = {"address": 20, "bytes": self.source.randint(0, 70)}.get(type_)
        return "0x" + self.source.randbytes(int(type_[5:]) if size is None else size).hex()

    def integer(self, type_: str) -> int | str:
        bits = int(type_.lstrip("uint"))
        low, high = (
            (0, 2**bits - 1) if type_[0] == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        )
        value = self.source.choice((low, high, 0, 1, self.source.randint(low, high)))
        return value if abs(value) < 2**53 else str(value)


def random_cases(*, seed: int, count: int) -> list[dict[str, Any]]:
    """The ballot, then typed data nobody would think of."""
    cases = [BALLOT]
    for number in range(1, count):
        maker = _Maker(random.Random(f"{seed}/{number}"))
        primary = maker.struct(3)
        domain = copy.deepcopy(BALLOT["domain"]) | {"chainId": number}
        types = {"EIP712Domain": BALLOT["types"]["EIP712Domain"], **maker.types}
        message = maker.value(primary)
        case = {"types": types, "primaryType": primary, "domain": domain, "message": message}
        cases.append(case)
    return cases


def _broken(**changes: Any) -> dict[str, Any]:
    case = copy.deepcopy(BALLOT)
    case["message"] |= changes
    return case


def _typed(type_: str, value: Any) -> dict[str, Any]:
    case = copy.deepcopy(BALLOT)
    case["types"]["Ballot"] = [{"name": "it", "type": type_}]
    return case | {"message": {"it": value}}


_missing = _broken()
del _missing["message"]["nonce"]
_twice = _typed("bool", True)
_twice["types"]["Ballot"] *= 2
# Each with words the refusal has.
BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "a missing field": (_missing, "Ballot.nonce: missing"),
    "a field too many": (_broken(tip=1), "Ballot.tip: no field"),
    "an inherited field": (_typed("bool", True) | {"message": {}}, "Ballot.it: missing"),
    "a uint8 of 256": (_broken(outcome=256), "out of the range of uint8"),
    "a negative uint": (_broken(round=-1), "out of the range of uint256"),
    "an int8 of 128": (_typed("int8", 128), "out of the range of int8"),
    "an int8 of -129": (_typed("int8", -129), "out of the range of int8"),
    "a uint256 of 2**256": (_broken(round=str(2**256)), "out of the range of uint256"),
    "a fraction": (_broken(round=1.5), "not an integer"),
    "an unsafe number": (_broken(round=2.0**60), "not an integer"),
    "an empty integer": (_broken(round=""), "not an integer"),
    "an exponent": (_broken(round="1e3"), "not an integer"),
    "a short digest": (_broken(chosen="0x" + "ab" * 31), "31 bytes"),
    "a long digest": (_broken(chosen="0x" + "ab" * 33), "33 bytes"),
    "odd hex": (_broken(chosen="0xabc"), "not bytes"),
    "a short address": (_broken(voter="0x" + "1" * 38), "19 bytes"),
    "a name for an address": (_broken(voter="salon.eth"), "not bytes"),
    "a number for a bool": (_typed("bool", 1), "not a bool"),
    "a number for a text": (_typed("string", 1), "not a text"),
    "half a character": (_typed("string", "\ud800"), "not a text"),
    "a list too short": (_typed("bool[2]", [True]), "1 items"),
    "no list": (_typed("bool[]", {"length": 0}), "not a list"),
    "null for a struct": (_typed("EIP712Domain", None), "not a EIP712Domain"),
    "an alias": (_typed("uint", 1), "unknown type"),
    "a uint7": (_typed("uint7", 1), "unknown type"),
    "a uint264": (_typed("uint264", 1), "unknown type"),
    "bytes33": (_typed("bytes33", "0x"), "unknown type"),
    "a type of Object's": (_typed("constructor", {}), "unknown type"),
    "a strange primary type": (BALLOT | {"primaryType": "toString"}, "no struct"),
    "the domain as the message": (BALLOT | {"primaryType": "EIP712Domain"}, "no struct"),
    "two fields of one name": (_twice, "two fields have one name"),
    "a domain of another shape": (
        BALLOT | {"domain": {"name": "Salon"}},
        "domain.version: missing",
    ),
}
