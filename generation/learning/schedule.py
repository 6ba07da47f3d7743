"""Which rows a step learns from: epochs of shuffled rows, each with the bank's next entry."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import torch

BLOCK = 64  # visits whose reference errors are computed together


@dataclass(frozen=True)
class Schedule:
    """The visits of a run; a function of its seed, so that nothing has to be stored."""

    rows: int
    batch: int
    entries: int  # of the noise bank
    seed: int

    def step(self, step: int) -> list[tuple[int, int]]:
        """(row, entry) of each place in a step's batch, steps from 0."""
        return [self._visit(place) for place in range(step * self.batch, (step + 1) * self.batch)]

    def block(self, row: int, entry: int) -> int:
        """The block that holds the first visit to a row with an entry."""
        return (entry * self.rows + self._places(entry)[row]) // BLOCK

    def block_visits(self, block: int) -> list[tuple[int, int]]:
        """The visits of a block; every (row, entry) is in exactly one."""
        end = min((block + 1) * BLOCK, self.rows * self.entries)
        return [self._visit(place) for place in range(block * BLOCK, end)]

    def _visit(self, place: int) -> tuple[int, int]:
        epoch, at = divmod(place, self.rows)
        return self._order(epoch)[at], epoch % self.entries

    @functools.lru_cache(maxsize=64)  # noqa: B019 - one schedule a run
    def _order(self, epoch: int) -> list[int]:
        stream = torch.Generator().manual_seed((self.seed * 1_000_003 + epoch) % 2**63)
        order: list[int] = torch.randperm(self.rows, generator=stream).tolist()
        return order

    @functools.lru_cache(maxsize=64)  # noqa: B019
    def _places(self, epoch: int) -> dict[int, int]:
        return {row: at for at, row in enumerate(self._order(epoch))}
