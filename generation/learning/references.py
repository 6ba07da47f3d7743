"""Errors of the reference model on a run's rows and bank: computed once, kept in blocks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from generation.learning.caching import Encoded, kept
from generation.learning.denoising import Noisy, Precision, denoising_error
from generation.learning.families import Family
from generation.learning.lora import LoraSlot
from generation.learning.memory import in_parts
from generation.learning.noise import NoiseBank
from generation.learning.rows import Row, rows_digest
from generation.learning.schedule import Schedule

Visit = tuple[int, int]  # row, entry of the bank


def errors_in_parts(
    family: Family, pictures: Callable[[int, int], Noisy], count: int, *, most: int, how: Precision
) -> Tensor:
    """Errors of pictures without gradients, fewer at once when memory is short, (count,).

    Args:
        pictures: gives those from one number up to another.
        most: at once.

    Raises:
        torch.OutOfMemoryError: not even one at a time fits.
    """

    def errors(start: int, end: int) -> Tensor:
        with torch.no_grad():
            return denoising_error(family, pictures(start, end).to(family.device), how).cpu()

    return torch.cat(in_parts(count, most, errors))


def pair_errors(
    family: Family,
    encoded: Encoded,
    bank: NoiseBank,
    visits: Sequence[tuple[Row, int]],
    *,
    most: int,
    how: Precision,
) -> Tensor:
    """Errors of both pictures of rows under what the network is now, (2, B)."""
    sides = []
    for side in (0, 1):

        def pictures(start: int, end: int, side: int = side) -> Noisy:
            part = visits[start:end]
            return encoded.pair([row for row, _ in part], bank, [e for _, e in part])[side]

        sides.append(errors_in_parts(family, pictures, len(visits), most=most, how=how))
    return torch.stack(sides)


@dataclass(slots=True)
class Reference:
    """What a loss is measured from: the last promoted version, anchored to the base.

    Its error is (1 - anchor)·promoted + anchor·base: to first order that of a product of both
    models' likelihoods, so that leaving either is paid for.
    """

    slot: LoraSlot
    promoted: Tensor | None  # the promoted adapter's vector; None if that is the base
    anchor: float

    def errors(self, compute: Callable[[], Tensor]) -> Tensor:
        """What `compute` gives under the reference."""
        if self.promoted is None or self.anchor:
            with self.slot.disabled():
                base = compute()
            if self.promoted is None:
                return base
        with self.slot.holding(self.promoted):
            promoted = compute()
        return (1 - self.anchor) * promoted + self.anchor * base if self.anchor else promoted

    @property
    def facts(self) -> list[str | float]:
        if self.promoted is None:
            return ["", 0.0]
        data = self.promoted.cpu().numpy().tobytes()
        return [hashlib.sha256(data).hexdigest(), self.anchor]


@dataclass(slots=True)
class ReferenceErrors:
    """The reference's errors for the visits of a run, block by block as they are needed."""

    family: Family
    encoded: Encoded
    rows: Sequence[Row]
    bank: NoiseBank
    schedule: Schedule
    reference: Reference
    base: str  # hash of the base model
    folder: Path
    how: Precision
    most: int  # pictures at once
    _blocks: set[int] = field(default_factory=set)
    _errors: dict[Visit, Tensor] = field(default_factory=dict)  # (2,) each

    def missing(self, visits: Sequence[Visit]) -> list[int]:
        """Blocks that have to be there before these visits."""
        return sorted({self.schedule.block(*visit) for visit in visits} - self._blocks)

    def ensure(self, block: int) -> None:
        """Have one block's errors in memory, from the disk or computed."""
        visits = self.schedule.block_visits(block)
        named = [(self.rows[row], entry) for row, entry in visits]
        digests, bank = self.encoded.digests, self.bank
        facts = {
            "base": self.base,
            "rows": rows_digest([row for row, _ in named]),
            "pictures": [[digests[row.chosen], digests[row.rejected]] for row, _ in named],
            "entries": [entry for _, entry in named],
            "bank": [bank.seed, bank.low, bank.high, bank.coarse, bank.fine],
            "reference": self.reference.facts,
            "precision": str(self.how.autocast),
        }

        def compute() -> Tensor:
            return pair_errors(
                self.family, self.encoded, self.bank, named, most=self.most, how=self.how
            )

        path = self.folder / f"reference-{block:05}.safetensors"
        errors = kept(path, facts, lambda: {"errors": self.reference.errors(compute)})["errors"]
        self._errors |= {visit: errors[:, at] for at, visit in enumerate(visits)}
        self._blocks.add(block)

    def of(self, visits: Sequence[Visit]) -> Tensor:
        """Errors of visits, (2, B): chosen, then rejected; their blocks must be there."""
        return torch.stack([self._errors[visit] for visit in visits], dim=1)
