"""What the indexer asks of a node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chain.client import Node
from chain.errors import AnswerTooLarge, NodeRefused
from chain.indexer.errors import ChainMoved, NodeBehind
from chain.indexer.wire import Header, Malformed, RawLog, header_of, log_of

HEADERS_AT_ONCE = 50
LARGEST_ANSWER = 8_000_000  # bytes
ROOMY = 32_000_000  # bytes: more than the logs of any one block can be


class TooMuch(Exception):
    """The node does not give as much as a range of blocks holds; ask for less."""


class Provider:
    """Reads blocks and logs of one node."""

    def __init__(self, url: str, *, chain_id: int, private: bool, finality_depth: int) -> None:
        """`finality_depth`: how far below the head a block is final, when the node cannot say."""
        self.node = Node(url, chain_id=chain_id, private=private, largest_answer=LARGEST_ANSWER)
        self.roomy = Node(url, chain_id=chain_id, private=private, largest_answer=ROOMY)
        self.finality_depth = finality_depth
        self.names_final: bool | None = None  # not known yet

    def head(self) -> Header:
        """The newest block. Raises NodeUnreachable."""
        return header_of(self._ask("eth_getBlockByNumber", "latest", False))

    def final(self, head: int) -> int:
        """Number of the newest final block, as the node sees it. Raises NodeUnreachable."""
        if self.names_final is False:
            return max(0, head - self.finality_depth)
        try:
            raw = self.node.call("eth_getBlockByNumber", "finalized", False)
        except NodeRefused as error:
            if self.names_final:  # it did before: this has another reason
                raise NodeBehind(f"The node refused to say what is final: {error}") from error
            self.names_final = False  # a chain without finality of its own
            return self.final(head)
        self.names_final = True
        return min(head, header_of(raw).number) if raw is not None else 0

    def hashes(self, numbers: Sequence[int]) -> dict[int, str]:
        """Hashes of those blocks the node has. Raises NodeUnreachable."""
        calls = [("eth_getBlockByNumber", hex(number), False) for number in numbers]
        found = [header_of(raw) for raw in self.node.batch(calls) if raw is not None]
        return {header.number: header.hash for header in found}

    def headers(self, first: int, last: int) -> list[Header]:
        """Headers of a range, each the child of the one before.

        Raises:
            NodeBehind: the node lacks some.
            ChainMoved: they are of different branches.
            TooMuch: the node does not give so many at once.
            NodeUnreachable: as ever.
        """
        headers: list[Header] = []
        for begin in range(first, last + 1, HEADERS_AT_ONCE):
            numbers = range(begin, min(last + 1, begin + HEADERS_AT_ONCE))
            calls = [("eth_getBlockByNumber", hex(number), False) for number in numbers]
            for number, raw in zip(numbers, self._much(first, last, calls), strict=True):
                if raw is None:
                    raise NodeBehind(f"The node has no block {number}.")
                header = header_of(raw)
                if header.number != number:
                    raise Malformed(f"The node gave block {header.number} for {number}.")
                if headers and header.parent != headers[-1].hash:
                    raise ChainMoved(f"Block {number} is no child of the one before.")
                headers.append(header)
        return headers

    def logs(self, first: int, last: int, addresses: Sequence[str]) -> list[RawLog]:
        """Logs of a range by these addresses.

        Raises:
            TooMuch, NodeUnreachable: as in `headers`.
        """
        wanted = {"fromBlock": hex(first), "toBlock": hex(last), "address": list(addresses)}
        [raw] = self._much(first, last, [("eth_getLogs", wanted)])
        return _logs(raw)

    def logs_of(self, header: Header, addresses: Sequence[str]) -> list[RawLog]:
        """Logs of one block, asked for by its hash. Raises NodeUnreachable, NodeBehind."""
        wanted = {"blockHash": "0x" + header.hash, "address": list(addresses)}
        return _logs(self._ask("eth_getLogs", wanted))

    def receipts(self, header: Header) -> list[Any] | None:
        """Receipts of one block as they come; None when the node does not know how.

        Raises:
            NodeBehind: it does not have them.
            NodeUnreachable: as ever.
        """
        try:
            raw = self.roomy.call("eth_getBlockReceipts", "0x" + header.hash)
        except NodeRefused:
            return None
        if raw is None:
            raise NodeBehind(f"The node has no receipts of block {header.number}.")
        if not isinstance(raw, list):
            raise Malformed(f"The node gave {raw!r:.80} for receipts.")
        return raw

    def _ask(self, method: str, *params: object) -> Any:
        try:
            return self.roomy.call(method, *params)
        except NodeRefused as error:
            raise NodeBehind(f"The node refused {method}: {error}") from error

    def _much(self, first: int, last: int, calls: Sequence[tuple[object, ...]]) -> list[Any]:
        """Answers to calls about a range; a single block may be as large as it is."""
        try:
            return (self.node if last > first else self.roomy).batch(calls)
        except (NodeRefused, AnswerTooLarge) as error:
            if last > first:
                raise TooMuch(str(error)) from error
            raise NodeBehind(f"The node refused block {first}: {error}") from error


def _logs(raw: Any) -> list[RawLog]:
    if not isinstance(raw, list):
        raise Malformed(f"The node gave {raw!r:.80} for logs.")
    return [log_of(item) for item in raw]
