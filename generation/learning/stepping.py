"""One optimizer step: errors of both branches, their gradients, the safeguard."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from accelerate.utils import reduce
from torch import Tensor

from generation.engines.loading import free_memory, is_out_of_memory
from generation.learning.caching import Encoded
from generation.learning.denoising import Precision, denoising_error
from generation.learning.dpo import diffusion_dpo_loss, margins, pull
from generation.learning.families import Family
from generation.learning.lora import LoraSlot
from generation.learning.noise import NoiseBank
from generation.learning.references import ReferenceErrors
from generation.learning.rows import Row

_SUMS = ("loss", "agreed", "decided", "squares", "chosen", "chosen_ref", "rejected", "rejected_ref")


@dataclass(slots=True)
class Branches:
    """Gradients of the pull-weighted errors of a whole batch, and sums for the curves.

    Rejected pictures count from the bank's coarse levels on. Below them the network sees which
    picture it is, and pushing there teaches it to draw that one badly, not what was disliked.
    """

    chosen: Tensor  # (P,)
    rejected: Tensor  # (P,)
    sums: Tensor  # one for each of _SUMS

    def sum(self, name: str) -> float:
        return float(self.sums[_SUMS.index(name)])

    @property
    def finite(self) -> bool:
        both = self.chosen.isfinite().all() & self.rejected.isfinite().all()
        return bool(both & self.sums.isfinite().all())


@dataclass(frozen=True, slots=True)
class Batches:
    """What a step needs to turn visits into gradients."""

    family: Family
    slot: LoraSlot
    encoded: Encoded
    rows: Sequence[Row]
    bank: NoiseBank
    references: ReferenceErrors
    how: Precision
    batch: int  # pairs over all processes

    def branches(
        self, visits: Sequence[tuple[int, int]], *, beta: float, micro: int, scale: float
    ) -> Branches | None:
        """Gradients over this process's visits, summed over all processes.

        None if memory ran out in one of them: all have to try again with less at once. A
        pair's noise does not depend on what else is in its batch, so that doing less at once
        changes nothing but rounding.
        """
        size = self.slot.vector.numel()
        total = torch.zeros(2 * size + len(_SUMS), device=self.family.device)
        short = torch.zeros(1, device=self.family.device)
        try:
            for start in range(0, len(visits), micro):
                total += self._micro(visits[start : start + micro], beta, scale)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            error.__traceback__ = None  # its frames hold the tensors that should be freed
            short += 1
        if bool(reduce(short, "sum")):
            free_memory()
            return None
        total = reduce(total, "sum")
        total[: 2 * size] /= scale
        chosen, rejected, sums = total.split([size, size, len(_SUMS)])
        return Branches(chosen, rejected, sums)

    def _micro(self, visits: Sequence[tuple[int, int]], beta: float, scale: float) -> Tensor:
        device = self.family.device
        rows = [self.rows[index] for index, _ in visits]
        label = torch.tensor([row.label for row in rows], device=device)
        weight = torch.tensor([row.weight for row in rows], device=device)
        pictures = self.encoded.pair(rows, self.bank, [entry for _, entry in visits])
        errors = [denoising_error(self.family, side.to(device), self.how) for side in pictures]
        reference = self.references.of(visits).to(device)  # (2, b)
        with torch.no_grad():
            error = torch.cat(errors)
            margin = margins(error, reference.flatten())
            pulls = pull(beta * margin, label=label, weight=weight, batch=self.batch)
            loss = diffusion_dpo_loss(
                error, reference.flatten(), beta=beta, label=label, weight=weight
            )
            decided = (label != 0.5).float() * weight
            sums = [
                loss * len(rows) / self.batch,
                (decided * (0.5 + (label - 0.5) * margin.sign())).sum(),
                decided.sum(),
                margin.square().sum(),
                errors[0].sum(),
                reference[0].sum(),
                errors[1].sum(),
                reference[1].sum(),
            ]
            pushes = pulls * (pictures[1].level.to(device) >= self.bank.coarse)
        chosen, rejected = (
            self.slot.gradient((by * error).sum() * scale)
            for by, error in zip((pulls, pushes), errors, strict=True)
        )
        return torch.cat([chosen, rejected, torch.stack(sums)])


def clipped(gradient: Tensor, usual: float | None, *, most: float = 3.0) -> tuple[Tensor, float]:
    """A gradient at most `most` times as long as usual, and its length before.

    Relative, because the length depends on the model, and AdamW does not care about it.
    """
    norm = float(gradient.norm())
    if not usual or not math.isfinite(norm) or norm <= most * usual:
        return gradient, norm
    return gradient * (most * usual / norm), norm
