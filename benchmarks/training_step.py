"""Processor seconds of a training step ÷ the plain research recipe's, on the embedded model.

The plain recipe is Diffusion-DPO with a LoRA as it is commonly scripted: each step encodes its
pictures and prompts, asks the network about chosen and rejected pictures in one batch, and asks
it again with the adapter disabled for the reference. Ours takes latents, text and reference
errors from caches, and has two gradients, one for each branch, for the safeguard. Same network,
adapter, pairs, noise, precision and threads, in turn. Where both compute the same thing, the
loss, they must agree to 1e-5 before and after the adapter has moved.
"""

from __future__ import annotations

import os
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.harness import Row, data_folder, main, say

if TYPE_CHECKING:
    from generation.learning.rows import Row as Pair
    from generation.learning.training import Run

BETA = 500.0
WEIGHTS = Path(__file__).resolve().parent.parent / "generation" / "emblems" / "weights"


def measure(quick: bool) -> list[Row]:
    """Turns of one step each; both begin a turn from the same adapter."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import torch

    threads = int(os.environ.get("GENERATION_THREADS") or 1)
    torch.set_num_threads(threads)
    turns, batch = (3, 4) if quick else (12, 16)
    with data_folder() as folder:
        rows = pairs(folder, count=batch * 2)
        run = opened(folder / "run", rows, batch=batch, steps=turns + 3)
        how = f"{threads} thread(s), float32"
        return [beside(run, Plain(run), turns=turns, name="training-step", apart=1e-5, how=how)]


def beside(run: Run, plain: Plain, *, turns: int, name: str, apart: float, how: str) -> Row:
    """A step of ours and a plain one, in turn.

    Args:
        apart: how far the losses of one batch may lie from one another.
        how: words about device and precision.

    Raises:
        SystemExit: they lie farther.
    """
    batch, began = run.recipe.batch, time.perf_counter()
    reference_s = caches(run)
    say(f"latents, text and reference errors kept in {time.perf_counter() - began:.1f} s")
    differences = [compared(run, plain)]
    ours, theirs = [], []
    for turn in range(turns + 1):
        with run.slot.holding(run.slot.vector.detach().clone()):
            other = timed(plain.step)
        mine = timed(run.step)
        if turn:  # the first one warms both up
            ours.append(mine)
            theirs.append(other)
            say(f"{mine:.2f} ÷ {other:.2f} s = {mine / other:.3f}")
    differences.append(compared(run, plain))
    if max(differences) > apart:
        raise SystemExit(f"The losses are {max(differences):.1e} apart.")
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    mine, other = statistics.median(ours), statistics.median(theirs)
    shares = ", ".join(f"{name} {share:.2f}" for name, share in plain.shares().items())
    return Row(
        name,
        f"{statistics.median(ratios):.3f}",
        "≤ 0.55",
        f"{1000 * mine:.0f} ÷ {1000 * other:.0f} ms, {batch} pairs, {how}, single turns "
        f"{min(ratios):.2f} to {max(ratios):.2f}, losses {max(differences):.0e} apart; the plain "
        f"step's parts: {shares}; a batch's reference errors cost {reference_s / other:.2f} of a "
        "plain step, once",
    )


def pairs(folder: Path, *, count: int) -> list[Pair]:
    """Pairs of true emblems of one caption each; which one is chosen does not matter here."""
    import torch
    from PIL import Image

    from generation.emblems.render import render
    from generation.emblems.specs import sample_spec
    from generation.learning.rows import Row as Pair

    rng, found = random.Random(0), []
    for number in range(count):
        paths = []
        for side in "ab":
            picture = render([sample_spec(rng)], seed=2 * number + (side == "b"))[0]
            pixels = ((picture + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
            paths.append(folder / f"{number}{side}.png")
            Image.fromarray(pixels).save(paths[-1])
        found.append(Pair(str(number), f"emblem, variation {number}", *paths, 1.0, 1.0))
    torch.manual_seed(0)
    return found


def opened(folder: Path, rows: list[Pair], *, batch: int, steps: int) -> Run:
    """Our run on the embedded model."""
    from generation.learning.jobs import bare_pipeline
    from generation.learning.preparing import prepare
    from generation.learning.recipe import Recipe
    from generation.learning.training import Run

    recipe = Recipe(steps=steps, batch=batch, micro_batch=batch, beta=BETA, rank=16)
    pipe = bare_pipeline(str(WEIGHTS), device="cpu")
    return Run(prepare(pipe, rows, recipe=recipe, folder=folder, base="embedded"))


def caches(run: Run) -> float:
    """Fill the caches that the turns need; seconds of reference errors for one batch."""
    references, schedule = run.prepared.batches.references, run.prepared.schedule
    began, visits = spent_s(), 0
    for step in range(run.recipe.steps):
        for block in references.missing(schedule.step(step)):
            references.ensure(block)
            visits += len(schedule.block_visits(block))
    return (spent_s() - began) / visits * run.recipe.batch


class Plain:
    """The plain recipe on our run's network, pairs and draws of noise."""

    def __init__(self, run: Run) -> None:
        import torch

        self.run = run
        self.spent: dict[str, list[float]] = {}
        parameters = run.slot.parameters
        self.optimizer = torch.optim.AdamW(parameters, run.recipe.rate, weight_decay=0.0)
        self.pixels: dict[Path, Any] = {}

    def step(self) -> None:
        """One step with AdamW and clipping, nothing kept from the last."""
        import torch

        loss = self.loss()
        self._part("backward", loss.backward)
        torch.nn.utils.clip_grad_norm_(self.run.slot.parameters, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()

    def loss(self) -> Any:
        """Diffusion-DPO's loss, written out."""
        import torch
        import torch.nn.functional as F

        run = self.run
        family, bank = run.prepared.family, run.prepared.batches.bank
        visits = run.prepared.schedule.step(run.state.step)
        rows = [run.prepared.batches.rows[index] for index, _ in visits]
        keys, entries = [row.key for row in rows], [entry for _, entry in visits]
        with torch.no_grad():
            clean = self._part("pictures", lambda: family.latents(self._pixels(rows)))
            heard = self._part("text", lambda: family.embed([row.prompt for row in rows]))
        place = clean.device
        noise = bank.noise(keys, entries, clean.shape[1:]).repeat(2, 1, 1, 1).to(place)
        level = bank.levels(keys, entries).repeat(2).to(place)
        heard = {name: torch.cat([value, value]) for name, value in heard.items()}

        def errors() -> Any:
            answer, target = self.asked(clean, noise, level, heard)
            return F.mse_loss(answer.float(), target, reduction="none").mean((1, 2, 3))

        better, worse = self._part("network", errors).chunk(2)
        with torch.no_grad(), run.slot.disabled():
            better_ref, worse_ref = self._part("reference", errors).chunk(2)
        inside = -0.5 * BETA * ((better - worse) - (better_ref - worse_ref))
        return -F.logsigmoid(inside).mean()

    def asked(self, clean: Any, noise: Any, level: Any, heard: Any) -> tuple[Any, Any]:
        """The network's answer, and what it should be."""
        mix = level.view(-1, 1, 1, 1)
        velocity = self.run.prepared.family.network(
            hidden_states=(1 - mix) * clean + mix * noise,
            timestep=level * 1000,
            encoder_hidden_states=heard["states"],
            pooled_projections=heard["pooled"],
            return_dict=False,
        )[0]
        return velocity, noise - clean

    def _pixels(self, rows: list[Pair]) -> Any:
        """Chosen, then rejected pictures; reading files is left out of the comparison."""
        import torch

        from generation.learning.caching import read_picture

        paths = [row.chosen for row in rows] + [row.rejected for row in rows]
        for path in paths:
            if path not in self.pixels:
                self.pixels[path] = read_picture(path)
        return torch.stack([self.pixels[path] for path in paths])

    def _part(self, name: str, work: Callable[[], Any]) -> Any:
        began = spent_s()
        done = work()
        self.spent.setdefault(name, []).append(spent_s() - began)
        return done

    def shares(self) -> dict[str, float]:
        """What each part takes of a step."""
        medians = {name: statistics.median(times) for name, times in self.spent.items()}
        return {name: part / sum(medians.values()) for name, part in medians.items()}


def compared(run: Run, plain: Plain) -> float:
    """How far our loss and the plain one are apart for the run's next batch."""
    import torch

    branches = run.prepared.batches.branches(
        run.prepared.schedule.step(run.state.step), beta=BETA, micro=run.recipe.batch, scale=1.0
    )
    with torch.no_grad():
        return abs(branches.sum("loss") - float(plain.loss()))


def timed(work: Callable[[], object]) -> float:
    """Seconds of one call."""
    began = spent_s()
    work()
    return spent_s() - began


def spent_s() -> float:
    """Processor seconds, so that other work on the machine does not count; on a GPU the clock's."""
    import torch

    if not torch.cuda.is_initialized():
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


if __name__ == "__main__":
    main(measure, __doc__)
