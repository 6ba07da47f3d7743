"""Catching a node that lies, lags or leaves logs out.

What one node says is held against itself always: logs belong to the headers, in order, and a
block whose filter knows our contracts is asked about again when no log of theirs came. On top of
that a second node can be asked the same, or the receipts' roots be computed again, which binds
every log to its block's hash.
"""

from __future__ import annotations

from collections.abc import Sequence

from chain.indexer.bloom import may_hold
from chain.indexer.errors import Disagreement, ForkedProviders, NodeBehind
from chain.indexer.provider import HEADERS_AT_ONCE, Provider
from chain.indexer.receipts import check_header, check_receipts
from chain.indexer.wire import Header, RawLog, log_of


class Checks:
    """The checks of one range before it is taken in."""

    def __init__(
        self,
        provider: Provider,
        addresses: Sequence[str],
        *,
        second: Provider | None,
        receipts: bool,
    ) -> None:
        """`addresses`: of the contracts, in lower case. `second`: a node of somebody else."""
        self.provider = provider
        self.addresses = {address: bytes.fromhex(address[2:]) for address in addresses}
        self.second = second
        self.receipts = receipts

    def check(self, headers: Sequence[Header], logs: Sequence[RawLog], *, final: int) -> None:
        """Raises Disagreement, NodeUnreachable, TooMuch."""
        self._in_order(headers, logs)
        if self.second is not None:
            self._as_the_second_says(self.second, headers, logs, final)
        if self.receipts:
            self._as_receipts_say(headers, logs)
        else:
            self._not_left_out(headers, logs)

    def _in_order(self, headers: Sequence[Header], logs: Sequence[RawLog]) -> None:
        hashes = {header.number: header.hash for header in headers}
        before = (-1, -1)
        for log in logs:
            if hashes.get(log.block) != log.block_hash:
                raise Disagreement(f"A log is of another block {log.block} than the header.")
            if log.address not in self.addresses:
                raise Disagreement(f"A log of block {log.block} is of {log.address}, not asked.")
            if (place := (log.block, log.log_index)) <= before:
                raise Disagreement(f"Logs of block {log.block} are out of order or come twice.")
            before = place

    def _as_the_second_says(
        self, second: Provider, headers: Sequence[Header], logs: Sequence[RawLog], final: int
    ) -> None:
        for begin in range(0, len(headers), HEADERS_AT_ONCE):
            some = headers[begin : begin + HEADERS_AT_ONCE]
            theirs = second.hashes([header.number for header in some])
            for header in some:
                if (other := theirs.get(header.number)) is None:
                    raise NodeBehind(f"The second node has no block {header.number}.")
                if other != header.hash:
                    kind = Disagreement if header.number <= final else ForkedProviders
                    raise kind(
                        f"Block {header.number} is {header.hash} for one node and {other} for "
                        "the other."
                    )
        first, last = headers[0].number, headers[-1].number
        if second.logs(first, last, list(self.addresses)) != list(logs):
            raise Disagreement(f"Two nodes give different logs of blocks {first} to {last}.")

    def _suspects(self, headers: Sequence[Header], logs: Sequence[RawLog]) -> list[Header]:
        """Blocks that may have logs of a contract of which none came."""
        came = {(log.block, log.address) for log in logs}
        return [
            header
            for header in headers
            if any(
                (header.number, address) not in came and may_hold(header.bloom, raw)
                for address, raw in self.addresses.items()
            )
        ]

    def _as_receipts_say(self, headers: Sequence[Header], logs: Sequence[RawLog]) -> None:
        busy = {log.block for log in logs}
        busy |= {header.number for header in self._suspects(headers, logs)}
        for header in headers:
            check_header(header)
            if header.number not in busy:
                continue
            receipts = self.provider.receipts(header)
            if receipts is None:
                raise Disagreement("The node gives no receipts, and RPC_CHECK_RECEIPTS is set.")
            proven = [log for log in check_receipts(header, receipts) if self._is_ours(log)]
            if proven != [log for log in logs if log.block == header.number]:
                raise Disagreement(
                    f"The logs of block {header.number} are not what its receipts say."
                )

    def _not_left_out(self, headers: Sequence[Header], logs: Sequence[RawLog]) -> None:
        for header in self._suspects(headers, logs):
            came = [log for log in logs if log.block == header.number]
            again = self.provider.logs_of(header, list(self.addresses))
            receipts = self.provider.receipts(header) if again == came else None
            in_receipts = [
                log_of(raw)
                for receipt in receipts or ()
                for raw in (receipt.get("logs") or () if isinstance(receipt, dict) else ())
            ]
            left_out = sum(map(self._is_ours, in_receipts)) > len(came)
            if again != came or left_out:
                raise Disagreement(f"The node left out logs of block {header.number}.")

    def _is_ours(self, log: RawLog) -> bool:
        return log.address in self.addresses
