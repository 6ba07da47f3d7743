"""`python -m benchmarks.indexer_node BLOCKS STAKES`: a node that serves a chain made up before.

Every stake is two logs, a Transfer and a Staked, as the real contracts say them. Answers are put
together from text made beforehand, so that serving costs next to nothing. Prints its port.
"""

from __future__ import annotations

import hashlib
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from eth_hash.auto import keccak

from chain.indexer.bloom import bloom_of

CURATION, TOKEN = "0x" + "c0" * 20, "0x" + "70" * 20
MEMBERS, CANDIDATES, ROUNDS = 2_000, 200, 4
STAKED = "0x" + keccak(b"Staked(uint256,address,bytes32,uint256)").hex()
TRANSFER = "0x" + keccak(b"Transfer(address,address,uint256)").hex()


def digest(*parts: object) -> str:
    """32 bytes in hex."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def word(value: int) -> str:
    return f"0x{value:064x}"


def stake_logs(number: int) -> tuple[dict, dict]:
    """The two logs of the `number`-th stake."""
    member = "0x" + "00" * 12 + digest("member", number * 7919 % MEMBERS)[:40]
    candidate = number * 31 % CANDIDATES
    amount = word(10**18 + number)
    topics = [STAKED, word(1 + candidate % ROUNDS), member, "0x" + digest(candidate)]
    paid = [TRANSFER, member, "0x" + "00" * 12 + CURATION[2:]]
    return (
        {"address": TOKEN, "topics": paid, "data": amount},
        {"address": CURATION, "topics": topics, "data": amount},
    )


def block(number: int, stakes: int) -> tuple[str, str]:
    """A block's header and its logs, as JSON."""
    place = {"blockNumber": hex(number), "blockHash": "0x" + digest("block", number)}
    place["blockTimestamp"] = hex(1_700_000_000 + 12 * number)
    logs, items, hashes = [], [], []
    for stake in range(stakes if number else 0):
        hashes.append("0x" + digest("tx", number, stake))
        for log in stake_logs(number * stakes + stake):
            where = {"transactionHash": hashes[-1], "transactionIndex": hex(stake)}
            where |= {"logIndex": hex(len(logs)), "removed": False}
            items.append((_raw(log["address"]), [_raw(topic) for topic in log["topics"]]))
            logs.append(json.dumps(log | place | where))
    header = {
        "number": hex(number),
        "hash": place["blockHash"],
        "parentHash": "0x" + digest("block", number - 1),
        "timestamp": place["blockTimestamp"],
        "logsBloom": "0x" + bloom_of(items).hex(),
        "transactions": hashes,
    }
    return json.dumps(header), ",".join(logs)


def _raw(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def main() -> None:
    blocks, stakes = map(int, sys.argv[1:])
    made = [block(number, stakes) for number in range(blocks + 1)]

    def result(method: str, params: list) -> str:
        if method == "eth_chainId":
            return '"0x7a69"'
        if method == "eth_getLogs":
            first, last = int(params[0]["fromBlock"], 16), int(params[0]["toBlock"], 16)
            return "[" + ",".join(logs for _, logs in made[first : last + 1]) + "]"
        which = {"latest": blocks, "finalized": blocks - 64}.get(params[0])
        return made[int(params[0], 16) if which is None else which][0]

    def answer(asked: dict) -> str:
        found = result(asked["method"], asked["params"])
        return f'{{"jsonrpc":"2.0","id":{asked["id"]},"result":{found}}}'

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            many = isinstance(asked, list)
            text = "[" + ",".join(map(answer, asked)) + "]" if many else answer(asked)
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        print(json.dumps({"port": server.server_address[1]}), flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
