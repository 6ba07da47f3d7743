"""Train the emblems' autoencoder: `python -m generation.emblems.train_autoencoder`."""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import torch
import torch.nn.functional as F

from generation.emblems.autoencoder import EmblemAutoencoder
from generation.emblems.render import render
from generation.emblems.specs import sample_spec
from generation.emblems.training import (
    Progress,
    load_checkpoint,
    save_checkpoint,
    save_sheet,
    trapezoid,
)


def _edges(error: torch.Tensor) -> torch.Tensor:
    """Mean absolute finite difference of an error picture: punishes soft edges."""
    across = (error[..., 1:] - error[..., :-1]).abs().mean()
    down = (error[..., 1:, :] - error[..., :-1, :]).abs().mean()
    return across + down


def reconstruction_loss(error: torch.Tensor) -> torch.Tensor:
    """L1, half an L2 and the edge term over an error picture (B, 3, S, S)."""
    return error.abs().mean() + 0.5 * error.square().mean() + 0.7 * _edges(error)


def train(steps: int, *, out: Path, batch: int, rate: float, start_from: Path | None) -> None:
    """Train for `steps`, resuming from `out/checkpoint.pt` when there is one.

    Besides reconstruction under latent noise, half of the steps ask that a latent scaled
    down decodes to the picture scaled down: smoother latents are easier to learn
    (Kouzelis et al. 2025, "EQ-VAE").
    """
    torch.manual_seed(0)
    model = EmblemAutoencoder.from_pretrained(start_from) if start_from else EmblemAutoencoder()
    model = model.float().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(
        model.parameters(), rate, betas=(0.9, 0.98), weight_decay=1e-3, fused=True
    )
    first = 0
    if state := load_checkpoint(out / "checkpoint.pt"):
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        first = state["step"]
    progress = Progress(steps, start=first)
    for step in range(first, steps):
        rng = random.Random(step)
        torch.manual_seed(step)
        for group in optimizer.param_groups:
            group["lr"] = rate * trapezoid(step, steps, decay_from=0.4)
        pictures = render([sample_spec(rng) for _ in range(batch)], seed=step)
        pictures = pictures.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            latents = model.encode(pictures)
            noise = torch.randn_like(latents) * torch.rand(batch, 1, 1, 1) * 0.3
            decoded = model.decode(latents + noise, return_dict=False)[0]
            small = model.decode(F.avg_pool2d(latents, 2), return_dict=False)[0]
        latents = latents.float()
        error = decoded.float() - pictures
        smooth = reconstruction_loss(small.float() - F.avg_pool2d(pictures, 2))
        spread = (latents.square().mean((0, 2, 3)) - 1).clamp(min=0).mean()
        loss = reconstruction_loss(error) + 0.25 * smooth + 0.02 * spread
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        psnr = 10 * torch.log10(4 / error.square().mean()).item()
        progress.update(step + 1, loss=loss.item(), psnr_db=psnr, smooth=smooth.item())
        if (step + 1) % 500 == 0 or step + 1 == steps:
            checkpoint = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
            save_checkpoint(out / "checkpoint.pt", {**checkpoint, "step": step + 1})
            publish(model, out)


@torch.no_grad()
def publish(model: EmblemAutoencoder, out: Path) -> None:
    """Measure the latents' mean and spread, then write fp16 weights and a sheet."""
    rng = random.Random(7)
    pictures = render([sample_spec(rng) for _ in range(96)], seed=7)
    latents = torch.cat([model.encode(part) for part in pictures.split(12)])
    decoded = model.decode(latents[:24], return_dict=False)[0]
    psnr = 10 * torch.log10(4 / (decoded.clamp(-1, 1) - pictures[:24]).square().mean())
    print(f"validation psnr {psnr.item():.2f} dB, latent std {latents.std():.3f}", flush=True)
    model.register_to_config(
        scaling_factor=float(1 / latents.std()), shift_factor=float(latents.mean())
    )
    save_sheet(torch.stack([pictures[:24], decoded], 1).flatten(0, 1), out / "sheet.png", columns=8)
    half = EmblemAutoencoder.from_config(model.config)
    half.load_state_dict(model.state_dict())
    half.half().save_pretrained(out / "vae")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=12_000)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--rate", type=float, default=1.6e-3)
    parser.add_argument("--out", type=Path, default=Path(".training/autoencoder"))
    parser.add_argument("--start-from", type=Path, help="folder with weights to go on from")
    args = parser.parse_args()
    train(args.steps, out=args.out, batch=args.batch, rate=args.rate, start_from=args.start_from)


if __name__ == "__main__":
    main()
