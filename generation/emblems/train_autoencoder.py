"""Train the emblems' autoencoder: `python -m generation.emblems.train_autoencoder`.

Run it again to go on from the last checkpoint. `--out` holds checkpoint, sheet and weights.
"""

from __future__ import annotations

import argparse
import copy
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F

from generation.emblems.autoencoder import EmblemAutoencoder
from generation.emblems.render import render
from generation.emblems.specs import sample_spec
from generation.emblems.training import (
    Budget,
    Progress,
    autocast,
    best_device,
    is_due,
    load_checkpoint,
    save_checkpoint,
    save_sheet,
    trapezoid,
)

VALIDATION_SEED, VALIDATION_PICTURES = 7, 96


@dataclass(frozen=True)
class Recipe:
    """Every choice of a run."""

    batch: int = 12
    rate: float = 1.6e-3
    noise: float = 0.3  # the most that is added to latents, in their own unit
    average: float = 0.998
    pool: int = 0  # pictures drawn beforehand; none: every step draws its own
    device: str = "cpu"


def _edges(error: torch.Tensor) -> torch.Tensor:
    """Mean absolute finite difference of an error picture: punishes soft edges."""
    across = (error[..., 1:] - error[..., :-1]).abs().mean()
    down = (error[..., 1:, :] - error[..., :-1, :]).abs().mean()
    return across + down


def reconstruction_loss(error: torch.Tensor) -> torch.Tensor:
    """L1, half an L2 and the edge term over an error picture (B, 3, S, S)."""
    return error.abs().mean() + 0.5 * error.square().mean() + 0.7 * _edges(error)


def drawn(count: int, seed: int, device: str) -> torch.Tensor:
    """Emblems drawn by lot, (count, 3, S, S) in [-1, 1]."""
    rng = random.Random(seed)
    return render([sample_spec(rng) for _ in range(count)], seed=seed, device=device)


def pictures_for(recipe: Recipe) -> Callable[[int], torch.Tensor]:
    """The pictures of a step, (batch, 3, S, S) in [-1, 1], channels last."""
    if not recipe.pool:
        return lambda step: drawn(recipe.batch, step, recipe.device).contiguous(
            memory_format=torch.channels_last
        )
    chunk = 256
    seeds = range(1_000_000, 1_000_000 + -(-recipe.pool // chunk))
    pool = torch.cat(
        [((drawn(chunk, seed, recipe.device) + 1) * 127.5).round().byte() for seed in seeds]
    )

    def some(step: int) -> torch.Tensor:
        lots = torch.Generator().manual_seed(step)
        places = torch.randint(len(pool), (recipe.batch,), generator=lots).to(recipe.device)
        picked = pool[places].contiguous(memory_format=torch.channels_last)
        return picked.float() / 127.5 - 1

    return some


def losses(
    model: EmblemAutoencoder, pictures: torch.Tensor, recipe: Recipe
) -> dict[str, torch.Tensor]:
    """The loss of a batch, its squared error and that of small pictures.

    Besides reconstruction under latent noise, it asks that a latent scaled down decodes to the
    picture scaled down: smoother latents are easier to learn (Kouzelis et al. 2025, "EQ-VAE").
    """
    with autocast(recipe.device):
        latents = model.encode(pictures)
        strength = torch.rand(len(pictures), 1, 1, 1, device=latents.device) * recipe.noise
        noisy = latents + torch.randn_like(latents) * strength
        decoded = model.decode(noisy, return_dict=False)[0]
        small = model.decode(F.avg_pool2d(latents, 2), return_dict=False)[0]
    error = decoded.float() - pictures
    smooth = reconstruction_loss(small.float() - F.avg_pool2d(pictures, 2))
    spread = (latents.float().square().mean((0, 2, 3)) - 1).clamp(min=0).mean()
    loss = reconstruction_loss(error) + 0.25 * smooth + 0.02 * spread
    return {"loss": loss, "error": error.detach().square().mean(), "smooth": smooth.detach()}


def train(budget: Budget, recipe: Recipe, *, out: Path, start_from: Path | None) -> None:
    """Train within a budget, resuming from `out/checkpoint.pt` when there is one."""
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = True
    model = EmblemAutoencoder.from_pretrained(start_from) if start_from else EmblemAutoencoder()
    model = model.float().to(recipe.device, memory_format=torch.channels_last)
    average = copy.deepcopy(model).requires_grad_(False)
    optimizer = torch.optim.AdamW(
        model.parameters(), recipe.rate, betas=(0.9, 0.98), weight_decay=1e-3, fused=True
    )
    step, trained_s = 0, 0.0
    if state := load_checkpoint(out / "checkpoint.pt"):
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        step, trained_s = state["step"], state["trained_s"]
    progress, pictures = Progress(budget), pictures_for(recipe)
    before, began = trained_s, time.monotonic()
    done = budget.done(step, trained_s)
    while done < 1:
        torch.manual_seed(step)
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate * trapezoid(done, step, decay_from=0.4)
        found = losses(model, pictures(step), recipe)
        found["loss"].backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        decay = min(recipe.average, (1 + step) / (10 + step))
        with torch.no_grad():
            torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - decay)
        step, trained_s = step + 1, before + time.monotonic() - began
        done = budget.done(step, trained_s)
        progress.update(step, done, **{name: value.detach() for name, value in found.items()})
        if is_due(step, 500, done):
            state = {"model": model.state_dict(), "average": average.state_dict()}
            state |= {"optimizer": optimizer.state_dict(), "step": step, "trained_s": trained_s}
            save_checkpoint(out / "checkpoint.pt", state)
        if is_due(step, 2000, done):
            publish(average, out, recipe.device)


@torch.no_grad()
def publish(model: EmblemAutoencoder, out: Path, device: str) -> None:
    """Measure the latents' mean and spread, then write fp16 weights and a sheet."""
    pictures = drawn(VALIDATION_PICTURES, VALIDATION_SEED, device)
    latents = torch.cat([model.encode(part) for part in pictures.split(12)])
    decoded = torch.cat([model.decode(part, return_dict=False)[0] for part in latents.split(12)])
    psnr = 10 * torch.log10(4 / (decoded.clamp(-1, 1) - pictures).square().mean())
    print(f"validation psnr {psnr.item():.2f} dB, latent std {latents.std():.3f}", flush=True)
    model.register_to_config(
        scaling_factor=float(1 / latents.std()), shift_factor=float(latents.mean())
    )
    shown = torch.stack([pictures[:24], decoded[:24]], 1).flatten(0, 1)
    save_sheet(shown, out / "sheet.png", columns=8)
    copy.deepcopy(model).half().save_pretrained(out / "vae")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=12_000)
    parser.add_argument("--minutes", type=float, help="stop after that long, if it comes first")
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--rate", type=float, default=1.6e-3)
    parser.add_argument("--pool", type=int, default=0, help="pictures drawn beforehand")
    parser.add_argument("--out", type=Path, default=Path(".training/autoencoder"))
    parser.add_argument("--start-from", type=Path, help="folder with weights to go on from")
    args = parser.parse_args()
    recipe = Recipe(batch=args.batch, rate=args.rate, pool=args.pool, device=best_device())
    budget = Budget(args.steps, args.minutes)
    train(budget, recipe, out=args.out, start_from=args.start_from)


if __name__ == "__main__":
    main()
