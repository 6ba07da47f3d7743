"""A chain made up in memory, served over HTTP as a node would, that can be told to misbehave."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import rlp
from eth_abi.abi import encode
from eth_hash.auto import keccak

from chain.artifacts import abi
from chain.indexer.bloom import bloom_of
from chain.indexer.trie import list_root

CHAIN_ID = 31337
CURATION = "0x" + "c0" * 20
TOKEN = "0x" + "70" * 20
ZERO = bytes(32)
Meddle = Callable[[str, list[Any], Any], Any]  # method, params, result → result


class Refuse(Exception):
    """Raised by what meddles: answer with this error."""


def event_log(name: str, *arguments: Any) -> dict[str, Any]:
    """A log of one of our contracts' events, without its place."""
    contract = "SalonToken" if name == "Transfer" else "Curation"
    entry = next(e for e in abi(contract) if e["type"] == "event" and e["name"] == name)
    kinds = [_kind(given) for given in entry["inputs"]]
    pairs = list(zip(entry["inputs"], kinds, arguments, strict=True))
    topics = [keccak(f"{name}({','.join(kinds)})".encode())]
    topics += [encode([kind], [value]) for given, kind, value in pairs if given["indexed"]]
    rest = [(kind, value) for given, kind, value in pairs if not given["indexed"]]
    data = encode([kind for kind, _ in rest], [value for _, value in rest])
    return {
        "address": TOKEN if contract == "SalonToken" else CURATION,
        "topics": ["0x" + topic.hex() for topic in topics],
        "data": "0x" + data.hex(),
    }


def _kind(given: dict[str, Any]) -> str:
    if given["type"] != "tuple":
        return given["type"]
    return f"({','.join(map(_kind, given['components']))})"


@dataclass
class Made:
    """One block: its header as nodes give it, its logs and receipts, and what happened in it."""

    header: dict[str, Any]
    logs: list[dict[str, Any]]
    receipts: list[dict[str, Any]]
    events: list[tuple[Any, ...]]


@dataclass
class ScriptedChain:
    """Blocks from number 0 on; each event is a transaction of its own."""

    blocks: list[Made] = field(default_factory=list)
    final: int | None = None  # None: the node knows no finality
    meddle: Meddle = lambda method, params, result: result
    salt: int = 0  # makes equal blocks differ after a reorg
    asked: list[tuple[str, list[Any]]] = field(default_factory=list)
    largest_range: int = 10_000
    url: str = ""

    def __post_init__(self) -> None:
        self.mine()

    @property
    def head(self) -> int:
        return len(self.blocks) - 1

    def mine(self, *events: tuple[Any, ...]) -> None:
        """Append a block with these events, each (name, *arguments)."""
        number = len(self.blocks)
        self.salt += 1
        raw = [event_log(*event) for event in events]
        parent = self.blocks[-1].header["hash"] if self.blocks else "0x" + ZERO.hex()
        hashes = ["0x" + keccak(f"{self.salt} {i}".encode()).hex() for i in range(len(raw))]
        receipts = [_receipt(log, i) for i, log in enumerate(raw)]
        filled = {"logs": raw, "receipts": receipts, "hashes": hashes}
        header = _header(number, parent, **filled, salt=self.salt)
        logs = []
        for i, (log, receipt) in enumerate(zip(raw, receipts, strict=True)):
            place = {"blockNumber": header["number"], "blockHash": header["hash"]}
            place |= {"transactionHash": hashes[i], "transactionIndex": hex(i)}
            logs.append({**log, **place, "logIndex": hex(i), "removed": False})
            receipt.update(place, logs=[logs[-1]])
        self.blocks.append(Made(header, logs, receipts, list(events)))

    def reorg(self, depth: int) -> None:
        """Take the newest blocks away; mine others afterwards."""
        del self.blocks[-depth:]

    def events(self) -> Iterator[tuple[int, int, tuple[Any, ...]]]:
        """Everything that happened: block, index, event."""
        for block in self.blocks:
            for index, event in enumerate(block.events):
                yield int(block.header["number"], 16), index, event

    def answer(self, method: str, params: list[Any]) -> Any:
        """What an honest node would answer."""
        self.asked.append((method, params))
        known = {
            "eth_chainId": lambda: hex(CHAIN_ID),
            "eth_getBlockByNumber": self._block,
            "eth_getLogs": self._logs,
            "eth_getBlockReceipts": self._receipts,
        }
        return known[method](*params)

    def _block(self, which: str, _full: bool) -> Any:
        if which == "finalized":
            if self.final is None:
                raise Refuse("unknown block tag")
            return self.blocks[self.final].header
        number = self.head if which == "latest" else int(which, 16)
        return self.blocks[number].header if number < len(self.blocks) else None

    def _logs(self, wanted: dict[str, Any]) -> Any:
        if "blockHash" in wanted:
            blocks = [b for b in self.blocks if b.header["hash"] == wanted["blockHash"]]
            if not blocks:
                raise Refuse("unknown block")
        else:
            first, last = int(wanted["fromBlock"], 16), int(wanted["toBlock"], 16)
            if last - first >= self.largest_range:
                raise Refuse("query returned more than 10000 results")
            blocks = self.blocks[first : last + 1]
        ours = set(wanted["address"])
        return [log for block in blocks for log in block.logs if log["address"] in ours]

    def _receipts(self, which: str) -> Any:
        found = [block for block in self.blocks if block.header["hash"] == which]
        return found[0].receipts if found else None


def _receipt(log: dict[str, Any], index: int) -> dict[str, Any]:
    return {
        "type": "0x2",
        "status": "0x1",
        "cumulativeGasUsed": hex(21_000 * (index + 1)),
        "logs": [log],
    }


def _items(log: dict[str, Any]) -> tuple[bytes, list[bytes], bytes]:
    topics = [bytes.fromhex(topic[2:]) for topic in log["topics"]]
    return bytes.fromhex(log["address"][2:]), topics, bytes.fromhex(log["data"][2:])


def _header(
    number: int, parent: str, *, logs: list, receipts: list, hashes: list[str], salt: int
) -> dict[str, Any]:
    """A header of the first fork's fifteen fields, with the hash they have."""
    items = list(map(_items, logs))
    encoded = [
        b"\x02" + rlp.encode([1, int(r["cumulativeGasUsed"], 16), bloom_of([i[:2]]), [list(i)]])
        for r, i in zip(receipts, items, strict=True)
    ]
    fields = {
        "parentHash": parent,
        "sha3Uncles": "0x" + ZERO.hex(),
        "miner": "0x" + "00" * 20,
        "stateRoot": "0x" + ZERO.hex(),
        "transactionsRoot": "0x" + ZERO.hex(),
        "receiptsRoot": "0x" + list_root(encoded).hex(),
        "logsBloom": "0x" + bloom_of([item[:2] for item in items]).hex(),
        "difficulty": "0x0",
        "number": hex(number),
        "gasLimit": hex(30_000_000),
        "gasUsed": hex(21_000 * len(logs)),
        "timestamp": hex(1_700_000_000 + 12 * number),
        "extraData": "0x" + salt.to_bytes(8, "big").hex(),
        "mixHash": "0x" + ZERO.hex(),
        "nonce": "0x" + "00" * 8,
    }
    numbers = {"difficulty", "number", "gasLimit", "gasUsed", "timestamp"}
    values = [
        int(value, 16) if name in numbers else bytes.fromhex(value[2:])
        for name, value in fields.items()
    ]
    return {**fields, "hash": "0x" + keccak(rlp.encode(values)).hex(), "transactions": hashes}


@contextmanager
def serve(answer: Callable[[str, list[Any]], Any], meddle: Callable[[], Meddle]) -> Iterator[str]:
    """A JSON-RPC server over HTTP that hands every result through what meddles; its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if isinstance(asked, list):
                text = json.dumps([one(request) for request in asked])
            else:
                text = json.dumps(one(asked))
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    def one(request: dict[str, Any]) -> dict[str, Any]:
        answered = {"jsonrpc": "2.0", "id": request["id"]}
        method, params = request["method"], list(request["params"])
        try:
            return answered | {"result": meddle()(method, params, answer(method, params))}
        except Refuse as error:
            return answered | {"error": {"code": -32000, "message": str(error)}}

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_: object) -> None:
            """Clients that were killed in mid-request are no news."""

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
