"""From logs to events, by layouts taken from the ABI.

Words are sliced out of the hex; what has no fixed length goes through eth_abi.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_hash.auto import keccak

from chain.artifacts import abi
from chain.indexer.errors import Disagreement
from chain.indexer.wire import RawLog
from curation.stakes import events as ev

WORD = 64  # hex digits
FOLLOWED: dict[str, tuple[type, ...]] = {  # by the name of the deployment
    "Curation": (
        *(ev.RoundOpened, ev.CandidatesAnchored, ev.BallotsAnchored, ev.Funded, ev.Staked),
        *(ev.ResultProposed, ev.ResultVetoed, ev.RoundCancelled, ev.RoundSettled),
        *(ev.Withdrawn, ev.Refunded),
    ),
    "SalonToken": (ev.Transfer,),
}
Fields = list[Any]
Layout = Callable[[RawLog], Fields]


@functools.lru_cache(maxsize=65_536)
def checksummed(digits: str) -> str:
    """EIP-55 of 40 lower-case hex digits."""
    marks = keccak(digits.encode()).hex()
    return "0x" + "".join(
        c.upper() if mark > "7" else c for c, mark in zip(digits, marks, strict=False)
    )


def _address(word: str) -> str:
    return checksummed(word[24:])


def _number(word: str) -> int:
    return int(word, 16)


def _bytes32(word: str) -> str:
    return word


def _reader(kind: str) -> Callable[[str], Any]:
    if kind.startswith("uint"):
        return _number
    return {"address": _address, "bytes32": _bytes32}[kind]


def _flat(inputs: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Inputs with the members of fixed tuples in their places."""
    for given in inputs:
        if given["type"] == "tuple":
            yield from _flat(given["components"])
        else:
            yield given


def _is_fixed(kind: str) -> bool:
    return not kind.endswith("]") and kind not in {"string", "bytes"}


def _layout(entry: Mapping[str, Any]) -> Layout:
    """How a log of this event is read; fields come in the order of the ABI."""
    indexed = [_reader(i["type"]) for i in entry["inputs"] if i["indexed"]]
    rest = [i["type"] for i in _flat(i for i in entry["inputs"] if not i["indexed"])]
    if not all(map(_is_fixed, rest)):
        return functools.partial(_read_long, indexed, rest)
    readers = [(_reader(kind), WORD * n, WORD * (n + 1)) for n, kind in enumerate(rest)]
    topics, size = len(indexed) + 1, WORD * len(rest)

    def read(log: RawLog) -> Fields:
        if len(log.topics) != topics or len(log.data) != size:
            raise Disagreement(f"A log of block {log.block} has another form than its event.")
        data = log.data
        fields = [take(topic) for take, topic in zip(indexed, log.topics[1:], strict=True)]
        fields += [take(data[begin:end]) for take, begin, end in readers]
        return fields

    return read


def _read_long(indexed: list[Callable[[str], Any]], kinds: list[str], log: RawLog) -> Fields:
    if len(log.topics) != len(indexed) + 1:
        raise Disagreement(f"A log of block {log.block} has another form than its event.")
    # Text is decoded by ourselves: a contract may say what is no UTF-8.
    asked = ["bytes" if kind == "string" else kind for kind in kinds]
    try:
        values = decode(asked, bytes.fromhex(log.data))
    except (DecodingError, ValueError, OverflowError) as error:
        raise Disagreement(f"A log of block {log.block} cannot be decoded.") from error
    head = [take(topic) for take, topic in zip(indexed, log.topics[1:], strict=True)]
    return [*head, *map(_plain, kinds, values)]


def _plain(kind: str, value: Any) -> Any:
    """A value as events hold it: hex for bytes, text that PostgreSQL can keep."""
    if kind == "string":
        return value.decode("utf-8", "replace").replace("\0", "\ufffd")
    if isinstance(value, tuple):
        return [_plain(kind.removesuffix("[]"), item) for item in value]
    return value.hex() if isinstance(value, bytes) else value


def _signature(entry: Mapping[str, Any]) -> str:
    def kind(given: Mapping[str, Any]) -> str:
        if not given["type"].startswith("tuple"):
            return str(given["type"])
        return f"({','.join(map(kind, given['components']))}){given['type'][5:]}"

    return f"{entry['name']}({','.join(map(kind, entry['inputs']))})"


@functools.cache
def layouts(name: str) -> dict[str, tuple[type, Layout]]:
    """What is read of a deployment's logs: first topic → event and layout."""
    wanted = {event.__name__: event for event in FOLLOWED[name]}
    return {
        keccak(_signature(entry).encode()).hex(): (wanted[entry["name"]], _layout(entry))
        for entry in abi(name)
        if entry["type"] == "event" and entry["name"] in wanted
    }


class Decoder:
    """Turns logs of the followed contracts into events."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        """`addresses`: the deployment's name → its address."""
        self._layouts = {
            (address.lower(), topic): found
            for name, address in addresses.items()
            for topic, found in layouts(name).items()
        }

    def events(self, logs: Iterable[RawLog], times: Mapping[int, datetime]) -> Iterator[ev.Event]:
        """Events in the order of their logs; other logs say nothing to us.

        `times`: block number → the block's time.

        Raises:
            Disagreement: a log has another form than its event.
        """
        known = self._layouts
        for log in logs:
            if log.topics and (found := known.get((log.address, log.topics[0]))) is not None:
                event, read = found
                place = ev.Place(log.block, log.log_index, log.tx_hash, times[log.block])
                yield event(place, *read(log))
