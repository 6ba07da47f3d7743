"""Train the emblems' transformer: `python -m generation.emblems.train_transformer`.

Rectified flow (Liu et al. 2023) on a pool of latents with logit-normal times (Esser et al.
2024), caption dropout and an exponential moving average. Run it again to go on from the
last checkpoint; `--out` holds checkpoint, sheets, losses per motif and the loadable folder.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from diffusers import FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel
from torch import nn

from generation.emblems.autoencoder import EmblemAutoencoder
from generation.emblems.latents import SHARD, LatentPool
from generation.emblems.pipeline import EmblemPipeline
from generation.emblems.text import WIDTH, TextEncoder
from generation.emblems.training import (
    Progress,
    load_checkpoint,
    save_checkpoint,
    save_sheet,
    trapezoid,
)
from generation.emblems.vocabulary import MOTIFS

SHEET_PROMPTS = (
    "white star on a red circle, gold border, white background",
    "gold crown on a navy shield, white background",
    "green leaf on a cream square, green border, white background",
    "yellow lightning on a black hexagon, yellow background",
    "red heart on a pink diamond, white background",
    "white moon on a navy circle, navy background",
    "orange sun on a teal circle with sunburst rays, white background",
    "white anchor on a blue shield, gold border, cream background",
    "purple fish on a yellow hexagon, white background",
    "black cat on an orange circle, black border, cream background",
    "white rocket on a purple square, pink background",
    "ring of 6 pink flower marks on a green circle, white background",
    "gold key on a brown shield, black background",
    "teal sailboat on a white circle with stripes, teal background",
    "red house on a cream hexagon, navy background",
    "blue butterfly, white background",
    "gold bell on a purple shield with two halves, cream background",
    "white skull on a black diamond, red border, white background",
    "navy lighthouse on a yellow circle with dots, cream background",
    "pink paw on a white hexagon, pink background",
    "brown horse on a cream shield, brown border, white background",
    "white snowflake on a blue circle, white border, navy background",
    "emblem of a castle on a shield",
    "logo, tree",
)


@dataclass(frozen=True)
class Recipe:
    """Every choice of a run; stored with its checkpoint and in the model card."""

    layers: int = 6
    heads: int = 3
    head_dim: int = 64
    batch: int = 32
    steps: int = 12_500
    rate: float = 1e-3
    caption_dropout: float = 0.1
    ema: float = 0.999
    first_samples: int = 2048
    fresh_per_step: float = 2.0
    pool_limit: int = 49_152
    shift: float = 1.5
    guidance: float = 3.0
    compile: bool = field(default=True)


def build_transformer(recipe: Recipe, *, channels: int) -> SD3Transformer2DModel:
    """A small MMDiT over 16×16 latents in 2×2 patches."""
    return SD3Transformer2DModel(
        sample_size=16,
        patch_size=2,
        in_channels=channels,
        out_channels=channels,
        num_layers=recipe.layers,
        attention_head_dim=recipe.head_dim,
        num_attention_heads=recipe.heads,
        joint_attention_dim=WIDTH,
        caption_projection_dim=recipe.heads * recipe.head_dim,
        pooled_projection_dim=WIDTH,
        pos_embed_max_size=16,
        qk_norm="rms_norm",
    )


def flow_loss(
    model: Callable[..., Any], batch: dict[str, torch.Tensor], t: torch.Tensor, noise: torch.Tensor
) -> torch.Tensor:
    """Per-sample velocity error of rectified flow, (B,): x_t = (1-t)·x + t·noise."""
    clean = batch["latents"]
    mix = t[:, None, None, None]
    with torch.autocast("cpu", torch.bfloat16):
        velocity = model(
            hidden_states=(1 - mix) * clean + mix * noise,
            encoder_hidden_states=batch["states"],
            pooled_projections=batch["pooled"],
            timestep=t * 1000,
            return_dict=False,
        )[0]
    return (velocity.float() - (noise - clean)).square().mean((1, 2, 3))


class Run:
    """One training run: model, average, pool and place on disk."""

    def __init__(self, recipe: Recipe, *, autoencoder: Path, out: Path) -> None:
        torch.manual_seed(0)
        self.recipe, self.out = recipe, out
        self.text = TextEncoder()
        self.vae = EmblemAutoencoder.from_pretrained(autoencoder).float().eval()
        self.pool = LatentPool(out / "latents", self.vae, self.text)
        self.model = build_transformer(recipe, channels=self.vae.config.latent_channels)
        self.average = copy.deepcopy(self.model).requires_grad_(False)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), recipe.rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True
        )
        self.no_text = self.text([""])
        self.step, self.trained_s = 0, 0.0
        self.by_motif = torch.full((len(MOTIFS),), float("nan"))
        self._resume()

    def _resume(self) -> None:
        state = load_checkpoint(self.out / "checkpoint.pt")
        if not state:
            return
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.trained_s = state["step"], state["trained_s"]
        self.by_motif = state["by_motif"]

    def save(self) -> None:
        """Write the checkpoint and the readable losses beside it."""
        save_checkpoint(
            self.out / "checkpoint.pt",
            {
                "model": self.model.state_dict(),
                "average": self.average.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "step": self.step,
                "trained_s": self.trained_s,
                "by_motif": self.by_motif,
            },
        )
        losses = dict(zip(MOTIFS, self.by_motif.tolist(), strict=True))
        report = {"step": self.step, "trained_s": self.trained_s, "recipe": asdict(self.recipe)}
        (self.out / "run.json").write_text(
            json.dumps({**report, "loss_by_motif": losses}, indent=1)
        )

    def train(self) -> None:
        """Go on from the last checkpoint to the recipe's last step."""
        recipe = self.recipe
        forward = torch.compile(self.model) if recipe.compile else self.model
        progress = Progress(recipe.steps, start=self.step)
        while len(self.pool) < recipe.first_samples:
            self.pool.grow()
        began, before = time.monotonic(), self.trained_s
        for step in range(self.step, recipe.steps):
            wanted = recipe.first_samples + step * recipe.fresh_per_step
            if len(self.pool) + SHARD <= min(wanted, recipe.pool_limit):
                self.pool.grow()
            loss = self._step(forward, step)
            self.step = step + 1
            self.trained_s = before + time.monotonic() - began
            progress.update(self.step, loss=loss)
            if self.step % 500 == 0 or self.step == recipe.steps:
                self.save()
            if self.step % 2000 == 0 or self.step == recipe.steps:
                self.publish()

    def _step(self, forward: Callable[..., Any], step: int) -> float:
        recipe = self.recipe
        rng = random.Random(step)
        torch.manual_seed(step)
        batch = self.pool.batch(recipe.batch, rng)
        dropped = torch.rand(recipe.batch) < recipe.caption_dropout
        batch["states"] = torch.where(dropped[:, None, None], self.no_text[0], batch["states"])
        batch["pooled"] = torch.where(dropped[:, None], self.no_text[1], batch["pooled"])
        t = torch.sigmoid(torch.randn(recipe.batch))
        losses = flow_loss(forward, batch, t, torch.randn_like(batch["latents"]))
        loss = losses.mean()
        if not torch.isfinite(loss):
            raise FloatingPointError(f"loss is {loss.item()} at step {step}: lower --rate")
        for group in self.optimizer.param_groups:
            group["lr"] = recipe.rate * trapezoid(step, recipe.steps)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        decay = min(recipe.ema, (1 + step) / (10 + step))
        with torch.no_grad():
            torch._foreach_lerp_(
                list(self.average.parameters()), list(self.model.parameters()), 1 - decay
            )
            for motif, value in zip(batch["motif"].tolist(), losses.tolist(), strict=True):
                old = self.by_motif[motif]
                self.by_motif[motif] = value if old.isnan() else 0.98 * old + 0.02 * value
        return loss.item()

    def publish(self) -> None:
        """Write the loadable fp16 folder `pipeline/` and a sample sheet of it."""
        transformer = copy.deepcopy(self.average).half()
        scheduler = FlowMatchEulerDiscreteScheduler(shift=self.recipe.shift)
        vae = EmblemAutoencoder.from_config(self.vae.config)
        vae.load_state_dict(self.vae.state_dict())
        pipeline = EmblemPipeline(transformer=transformer, scheduler=scheduler, vae=vae.half())
        pipeline.save_pretrained(self.out / "pipeline")
        draw = EmblemPipeline(
            transformer=copy.deepcopy(self.average).eval(), scheduler=scheduler, vae=self.vae
        )
        draw.set_progress_bar_config(disable=True)
        pictures = draw(
            list(SHEET_PROMPTS),
            num_inference_steps=12,
            guidance_scale=self.recipe.guidance,
            generator=[torch.Generator().manual_seed(i) for i in range(len(SHEET_PROMPTS))],
            output_type="pt",
        ).images
        save_sheet(pictures * 2 - 1, self.out / f"sheet-{self.step:06}.png", columns=8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--autoencoder", type=Path, required=True, help="folder of its weights")
    parser.add_argument("--out", type=Path, default=Path(".training/transformer"))
    parser.add_argument("--steps", type=int, default=Recipe.steps)
    parser.add_argument("--batch", type=int, default=Recipe.batch)
    parser.add_argument("--rate", type=float, default=Recipe.rate)
    parser.add_argument("--no-compile", action="store_true")
    parser.add_argument("--publish-only", action="store_true", help="write folder and sheet only")
    args = parser.parse_args()
    recipe = Recipe(
        steps=args.steps,
        batch=args.batch,
        rate=args.rate,
        compile=not args.no_compile,
    )
    run = Run(recipe, autoencoder=args.autoencoder, out=args.out)
    if args.publish_only:
        run.publish()
    else:
        run.train()


if __name__ == "__main__":
    main()
