"""A fixed bank of noise levels and noise, so that a reference's errors can be kept."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

_GOLDEN = 0.6180339887498949
EXAMINED = 2  # added to a run's seed: the bank by which what was learned is examined


@dataclass(frozen=True, slots=True)
class NoiseBank:
    """`size` draws of (level, noise) for every row; both pictures of a row share them.

    A share of levels, `fine`, lies below `coarse`; on either side they lie evenly. A draw depends
    on the bank's seed, the row's key and the entry's number alone, not on batches or processes.
    """

    seed: int
    size: int = 16
    low: float = 0.02  # levels near 0 and 1 teach nothing and weigh on the errors
    high: float = 0.98
    coarse: float = 0.5
    fine: float = 0.5

    def levels(self, keys: Sequence[str], entries: Sequence[int]) -> Tensor:
        """Noise levels, (B,): a row's first entries already lie as a whole bank does."""
        levels = [
            self._level((self._start(key) + entry * _GOLDEN) % 1.0)
            for key, entry in zip(keys, entries, strict=True)
        ]
        return torch.tensor(levels)

    def noise(self, keys: Sequence[str], entries: Sequence[int], shape: Sequence[int]) -> Tensor:
        """Standard normal noise, (B, *shape), float32 on the CPU."""
        streams = (
            torch.Generator().manual_seed(self._hash(f"{key}\0{entry}"))
            for key, entry in zip(keys, entries, strict=True)
        )
        return torch.stack([torch.randn(*shape, generator=stream) for stream in streams])

    def _level(self, place: float) -> float:
        if place < self.fine:
            return self.low + (self.coarse - self.low) * place / self.fine
        return self.coarse + (self.high - self.coarse) * (place - self.fine) / (1 - self.fine)

    def _start(self, key: str) -> float:
        return self._hash(key) / 2**63

    def _hash(self, text: str) -> int:
        digest = hashlib.sha256(f"{self.seed}\0{text}".encode()).digest()
        return int.from_bytes(digest[:8], "big") >> 1
