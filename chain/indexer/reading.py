"""Reading ranges of blocks, the next one while the last is being written."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from chain.indexer.provider import Provider
from chain.indexer.wire import Header, RawLog


class Range(NamedTuple):
    """Blocks as a node gave them, and which of them it calls final."""

    final: int
    headers: list[Header]
    logs: list[RawLog]


class Reader:
    """Reads ranges, one ahead if told which comes next."""

    def __init__(self, provider: Provider, addresses: Sequence[str]) -> None:
        self.provider = provider
        self.addresses = addresses
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reader")
        self._ahead: dict[tuple[int, int, str], Future[Range]] = {}

    def read(self, first: int, last: int, *, parent: str) -> Range:
        """A range; `parent`: the hash its first block should follow, "" for any.

        Raises:
            TooMuch, ChainMoved, NodeUnreachable: as the provider does.
        """
        found = self._ahead.pop((first, last, parent), None)
        self._ahead.clear()
        return self._read(first, last) if found is None else found.result()

    def read_ahead(self, first: int, last: int, *, parent: str) -> None:
        """Begin to read what will probably be asked for next."""
        self._ahead = {(first, last, parent): self._thread.submit(self._read, first, last)}

    def _read(self, first: int, last: int) -> Range:
        # What is final is asked first: headers that are read later belong to it.
        final = self.provider.final(self.provider.head().number)
        headers = self.provider.headers(first, last)
        return Range(final, headers, self.provider.logs(first, last, self.addresses))
