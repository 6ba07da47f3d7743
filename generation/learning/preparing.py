"""From rows and a loaded pipeline to a run that can take its next step."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from accelerate.utils import reduce

from generation.engines.identity import file_sha256
from generation.learning.adapters import read_adapter
from generation.learning.caching import Encoded, encode, kept
from generation.learning.denoising import Noisy, choose_precision
from generation.learning.families import Family, family_of
from generation.learning.lora import LoraSlot
from generation.learning.noise import EXAMINED, NoiseBank
from generation.learning.recipe import Recipe
from generation.learning.references import Reference, ReferenceErrors, errors_in_parts
from generation.learning.rows import Row, Shown, rows_digest, usable_rows
from generation.learning.schedule import Schedule
from generation.learning.state import RunState, load_state
from generation.learning.stepping import Batches

DRIFT_PICTURES = 32
_DRIFT_ENTRIES = 4
CHOSEN_ROWS = 64
_CHOSEN_ENTRIES = 4


@dataclass(slots=True)
class Prepared:
    """Everything a run needs; made by `prepare`."""

    family: Family
    recipe: Recipe
    schedule: Schedule
    batches: Batches
    reference: Reference
    beginning: torch.Tensor  # the adapter's vector before the first step
    state: RunState
    folder: Path
    identity: str  # hash of rows, pictures, base, promoted adapter and recipe
    base: str
    shown: Sequence[Shown]

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.safetensors"

    @property
    def adapter(self) -> Path:
        """The adapter's average when it was last worth keeping: see `Run.validate`."""
        return self.folder / "adapter.safetensors"

    def agreed(self, wish: bool) -> bool:
        """Whether any process wishes it."""
        return bool(reduce(torch.tensor(float(wish), device=self.family.device), "sum"))

    def drift(self) -> float:
        """Mean error of the validation pictures ÷ the base's, under what the network is now."""
        facts = {"base": self.base, "pictures": self._drift_keys(), "seed": self.recipe.seed}

        def base() -> dict[str, torch.Tensor]:
            with self.batches.slot.disabled():
                return {"errors": self._drift_errors()}

        usual = kept(self.folder / "drift.safetensors", facts, base)["errors"]
        return float(self._drift_errors().mean() / usual.mean())

    def chosen_error(self) -> float:
        """Mean error of chosen pictures ÷ the reference's, under what the network is now.

        Of draws that are not trained on, those of `examining`; of the first rows where there are
        many.
        """
        batches, rows = self.batches, self.batches.rows[:CHOSEN_ROWS]
        bank = NoiseBank(self.recipe.seed + EXAMINED, _CHOSEN_ENTRIES)
        visits = [(row, entry) for row in rows for entry in range(_CHOSEN_ENTRIES)]

        def pictures(start: int, end: int) -> Noisy:
            part = visits[start:end]
            return batches.encoded.pair([row for row, _ in part], bank, [e for _, e in part])[0]

        def errors() -> torch.Tensor:
            most = 2 * self.recipe.micro_batch
            return errors_in_parts(self.family, pictures, len(visits), most=most, how=batches.how)

        facts = {"of": self.identity, "entries": _CHOSEN_ENTRIES}
        path = self.folder / "chosen.safetensors"
        usual = kept(path, facts, lambda: {"errors": self.reference.errors(errors)})["errors"]
        return float(errors().mean() / usual.mean())

    def _drift_keys(self) -> list[list[str]]:
        digests = self.batches.encoded.digests
        return [[one.prompt, digests[one.picture]] for one in self.shown]

    def _drift_errors(self) -> torch.Tensor:
        bank = NoiseBank(self.recipe.seed + 1, _DRIFT_ENTRIES)
        visits = [(one, entry) for one in self.shown for entry in range(_DRIFT_ENTRIES)]

        def pictures(start: int, end: int) -> Noisy:
            part = visits[start:end]
            keys = [self.batches.encoded.digests[one.picture] for one, _ in part]
            return self.batches.encoded.noisy(
                [one for one, _ in part], bank, keys, [entry for _, entry in part]
            )

        most = 2 * self.recipe.micro_batch
        how = self.batches.how
        return errors_in_parts(self.family, pictures, len(visits), most=most, how=how)


def prepare(
    pipe: Any,
    rows: Sequence[Row],
    *,
    recipe: Recipe,
    folder: Path,
    base: str,
    shown: Sequence[Shown] = (),
    promoted: Path | None = None,
) -> Prepared:
    """Check rows and adapter, encode what is looked at, and go to the last checkpoint.

    Args:
        pipe: the bare base, in the precision `choose_precision` says, without adapters.
        folder: the run's own; caches, checkpoint and adapter lie there.
        base: hash of the base model's files (`engines.identity`).
        shown: validation pictures of the base; pictures of the rows stand in for them.
        promoted: the live version's adapter: where the new one begins, and its reference.

    Raises:
        PreferencesInvalid, PictureUnreadable, ModelUnsupported: nothing can be learned here.
        AdapterInvalid: the promoted adapter does not fit this base.
        RunInvalid: the folder holds another run.
    """
    family = family_of(pipe)
    processes = PartialState(cpu=family.device.type == "cpu")
    if processes.num_processes == 1:
        for left in folder.rglob(".*.partial"):  # by a process that was killed
            left.unlink(missing_ok=True)
    usable = usable_rows(rows)
    shown = list(shown)[:DRIFT_PICTURES] or _stand_ins(usable)
    encoded = encode(family, usable, shown, base=base, folder=folder / "cache")
    how = choose_precision(family.device)
    slot, beginning = _slot(family, recipe, promoted)
    bank = NoiseBank(recipe.seed, recipe.bank, coarse=recipe.coarse, fine=recipe.fine)
    schedule = Schedule(len(usable), recipe.batch, recipe.bank, recipe.seed)
    reference = Reference(slot, beginning if promoted else None, recipe.anchor)
    references = ReferenceErrors(
        family=family,
        encoded=encoded,
        rows=usable,
        bank=bank,
        schedule=schedule,
        reference=reference,
        base=base,
        folder=folder / "cache",
        how=how,
        most=2 * recipe.micro_batch,
    )
    identity = _identity(
        encoded,
        usable,
        shown,
        base=base,
        promoted=file_sha256(promoted) if promoted else "",
        recipe=dataclasses.asdict(recipe),
    )
    state = load_state(folder / "checkpoint.safetensors", identity) or RunState(
        vector=beginning,
        average=beginning.clone(),
        micro_batch=min(recipe.micro_batch, recipe.batch),
        loss_scale=how.loss_scale,
        beta=recipe.beta,
    )
    batches = Batches(family, slot, encoded, usable, bank, references, how, recipe.batch)
    return Prepared(
        family, recipe, schedule, batches, reference, beginning, state, folder, identity, base,
        shown,
    )  # fmt: skip


def _slot(family: Family, recipe: Recipe, promoted: Path | None) -> tuple[LoraSlot, torch.Tensor]:
    """A slot large enough for the promoted adapter, and what it begins with."""
    if recipe.gradient_checkpointing:
        family.network.enable_gradient_checkpointing()
    if promoted is None:
        slot = LoraSlot(family, rank=recipe.rank, seed=recipe.seed)
        return slot, slot.fresh(recipe.seed)
    layers = read_adapter(promoted, family.network, family.part)
    rank = max(recipe.rank, *(down.shape[0] for down, _ in layers.values()))
    slot = LoraSlot(family, rank=rank, seed=recipe.seed)
    return slot, slot.pack(layers, seed=recipe.seed)


def _stand_ins(rows: Sequence[Row]) -> list[Shown]:
    some = rows[: DRIFT_PICTURES // 2]
    shown = {Shown(row.prompt, row.chosen) for row in some}
    shown |= {Shown(row.prompt, row.rejected) for row in some}
    return sorted(shown, key=lambda one: (str(one.picture), one.prompt))


def _identity(
    encoded: Encoded, rows: Sequence[Row], shown: Sequence[Shown], **facts: object
) -> str:
    digests = encoded.digests
    facts |= {
        "rows": rows_digest(rows),
        "pictures": [[digests[row.chosen], digests[row.rejected]] for row in rows],
        "shown": [[one.prompt, digests[one.picture]] for one in shown],
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
