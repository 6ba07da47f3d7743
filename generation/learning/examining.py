"""What an adapter learned, measured on draws of noise it was not trained with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from generation.learning.caching import encode, kept
from generation.learning.dpo import margins
from generation.learning.evaluation import held_out_accuracy
from generation.learning.noise import EXAMINED, NoiseBank
from generation.learning.references import pair_errors
from generation.learning.rows import Row, rows_digest
from generation.learning.shares import Share
from generation.learning.trainer import Run


@dataclass(frozen=True, slots=True)
class Examination:
    """Rows under the run's average adapter, learned from or held out."""

    margin: Tensor  # mean over draws, (N,); see `dpo.margins`
    chosen_error: float  # mean error of chosen pictures ÷ the reference's
    rejected_error: float
    accuracy: Share

    def accuracy_of(self, indexes: Sequence[int], rows: Sequence[Row]) -> Share:
        """Accuracy on some of the rows, such as those of held-out voters or prompts."""
        label = torch.tensor([rows[index].label for index in indexes])
        weight = torch.tensor([rows[index].weight for index in indexes])
        return held_out_accuracy(self.margin[list(indexes)], label=label, weight=weight)


def examine(run: Run, rows: Sequence[Row], *, draws: int = 8) -> Examination:
    """Errors of rows under the adapter's average and under the reference.

    The draws differ from the training bank's, so that learning the bank by heart does not
    count. The reference's errors are computed once.

    Raises:
        PictureUnreadable: a picture of the rows is gone or damaged.
    """
    prepared, recipe = run.prepared, run.recipe
    cache = prepared.folder / "examined"
    encoded = encode(prepared.family, rows, (), base=prepared.base, folder=cache)
    bank = NoiseBank(recipe.seed + EXAMINED, draws)
    visits = [(row, entry) for row in rows for entry in range(draws)]

    def compute() -> Tensor:
        most, how = 2 * run.state.micro_batch, prepared.batches.how
        return pair_errors(prepared.family, encoded, bank, visits, most=most, how=how)

    digest = rows_digest(rows)
    path = cache / f"reference-{digest[:16]}.safetensors"
    pictures = [[encoded.digests[row.chosen], encoded.digests[row.rejected]] for row in rows]
    facts = {"of": prepared.identity, "rows": digest, "pictures": pictures, "draws": draws}
    found = kept(path, facts, lambda: {"errors": prepared.reference.errors(compute)})
    reference = found["errors"]  # (2, N·draws)
    with run.slot.holding(run.average):
        errors = compute()
    margin = margins(errors.flatten(), reference.flatten()).view(len(rows), draws).mean(1)
    label = torch.tensor([row.label for row in rows])
    weight = torch.tensor([row.weight for row in rows])
    ratios = errors.mean(1) / reference.mean(1)
    return Examination(
        margin=margin,
        chosen_error=float(ratios[0]),
        rejected_error=float(ratios[1]),
        accuracy=held_out_accuracy(margin, label=label, weight=weight),
    )
