"""Train the emblems' transformer: `python -m generation.emblems.train_transformer`.

Rectified flow (Liu et al. 2023) on a pool of latents with logit-normal times (Esser et al.
2024), caption dropout and an exponential moving average; motifs that are drawn badly come up more
often. Run it again to go on from the last checkpoint; `--out` holds checkpoint, sheets, losses per
motif and the loadable folder.
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
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
from generation.emblems.vocabulary import MOTIFS

SHEET_PROMPTS = (
    "white star on a red circle, gold border, white background",
    "gold crown on a navy shield, laurel wreath, white background",
    "green leaf on a cream arch, green border, white background",
    "yellow lightning on a black hexagon, yellow background",
    "red outlined heart on a pink diamond, white background",
    "white moon on a navy seal, three stars, navy background",
    "orange sun on a teal circle with sunburst rays, white background",
    "white anchor on a blue shield, gold border, cream background",
    "purple fish on a yellow hexagon, white background",
    "black cat on an orange circle, black border, cream background",
    "white rocket on a purple square, three stars, pink background",
    "ring of 6 pink flower marks on a green circle, white background",
    "gold key on a brown shield with checks, black background",
    "teal sailboat on a white circle with stripes, teal background",
    "red house on a cream hexagon, navy background",
    "blue outlined butterfly, white background",
    "gold bell on a purple shield with two halves, cream background",
    "white skull on a black diamond, red border, white background",
    "navy lighthouse on a yellow circle with dots, cream background",
    "pink paw on a white seal, pink background",
    "brown horse on a cream shield, brown border, white background",
    "white snowflake on a blue circle, white border, navy background",
    "castle on a shield, heraldic colours",
    "logo, tree",
)
FIGURES_EVERY, PICK_EVERY = 50, 500
MOST_WEIGHT = 2.0  # how much more often than the average a motif is drawn at most


@dataclass(frozen=True)
class Recipe:
    """Every choice of a run; stored with its checkpoint and in the model card."""

    layers: int = 8
    heads: int = 3
    head_dim: int = 64
    batch: int = 32
    steps: int = 12_500
    minutes: float | None = None
    rate: float = 1e-3
    caption_dropout: float = 0.1
    ema: float = 0.999
    first_samples: int = 2048
    fresh_per_step: float = 2.0
    pool_limit: int = 49_152
    shift: float = 1.5
    guidance: float = 3.0
    compile: bool = True
    device: str = "cpu"


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
    with autocast(clean.device.type):
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
        device = recipe.device
        text = TextEncoder(device)
        self.no_text = text([""])
        self.vae = EmblemAutoencoder.from_pretrained(autoencoder).float().eval().to(device)
        self.pool = LatentPool(
            self.vae,
            text,
            capacity=recipe.pool_limit,
            folder=out / "latents" if device == "cpu" else None,  # else it is made anew sooner
            device=device,
        )
        model = build_transformer(recipe, channels=self.vae.config.latent_channels)
        self.model = model.to(device)
        self.average = copy.deepcopy(self.model).requires_grad_(False)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), recipe.rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True
        )
        self.step, self.trained_s = 0, 0.0
        self.by_motif = torch.ones(len(MOTIFS), device=device)
        self.places = torch.empty(0, dtype=torch.long, device=device)  # of samples, of many steps
        self._resume()

    def _resume(self) -> None:
        state = load_checkpoint(self.out / "checkpoint.pt")
        if not state:
            return
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.trained_s = state["step"], state["trained_s"]
        self.by_motif = state["by_motif"].to(self.recipe.device)
        self.places = state["places"].to(self.recipe.device)

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
                "places": self.places,
            },
        )
        losses = dict(zip(MOTIFS, self.by_motif.tolist(), strict=True))
        report = {"step": self.step, "trained_s": self.trained_s, "recipe": asdict(self.recipe)}
        (self.out / "run.json").write_text(
            json.dumps({**report, "loss_by_motif": losses}, indent=1)
        )

    def train(self) -> None:
        """Go on from the last checkpoint to the end of the recipe's budget."""
        recipe = self.recipe
        if recipe.compile:
            for block in self.model.transformer_blocks:
                block.compile()
        for made in self.pool.grow_to(recipe.first_samples):
            if made % (16 * SHARD) == 0:
                print(f"{made} of {recipe.first_samples} samples", flush=True)
        budget = Budget(recipe.steps, recipe.minutes)
        progress = Progress(budget, every=FIGURES_EVERY)
        began, before = time.monotonic(), self.trained_s
        done = budget.done(self.step, self.trained_s)
        while done < 1:
            self._freshen()
            losses = self._step(done)
            self.step += 1
            self.trained_s = before + time.monotonic() - began
            done = budget.done(self.step, self.trained_s)
            progress.update(self.step, done, loss=losses)
            if is_due(self.step, FIGURES_EVERY, done) and not torch.isfinite(losses):
                raise FloatingPointError(f"loss is {losses} at step {self.step}: lower --rate")
            if is_due(self.step, 500, done):
                self.save()
            if is_due(self.step, 2000, done):
                self.publish()

    def _wanted(self) -> int:
        """How many samples the recipe draws from at this step: whole shards."""
        recipe = self.recipe
        grown = recipe.first_samples + int(self.step * recipe.fresh_per_step)
        return max(min(grown, recipe.pool_limit) // SHARD, 1) * SHARD

    def _freshen(self) -> None:
        """Make what the recipe wants by now."""
        for _made in self.pool.grow_to(self._wanted()):
            pass

    def _batch(self) -> dict[str, torch.Tensor]:
        """A step's samples; those of many steps are drawn at once."""
        recipe = self.recipe
        number = self.step % PICK_EVERY
        if number == 0:
            weights = (self.by_motif / self.by_motif.mean()).clamp(1 / MOST_WEIGHT, MOST_WEIGHT)
            self.places = self.pool.draw(
                recipe.batch * PICK_EVERY, weights, self.step, among=self._wanted()
            )
        return self.pool.batch(self.places[number * recipe.batch :][: recipe.batch])

    def _step(self, done: float) -> torch.Tensor:
        recipe, device = self.recipe, self.recipe.device
        torch.manual_seed(self.step)
        batch = self._batch()
        dropped = torch.rand(recipe.batch, device=device) < recipe.caption_dropout
        batch["states"] = torch.where(dropped[:, None, None], self.no_text[0], batch["states"])
        batch["pooled"] = torch.where(dropped[:, None], self.no_text[1], batch["pooled"])
        t = torch.sigmoid(torch.randn(recipe.batch, device=device))
        losses = flow_loss(self.model, batch, t, torch.randn_like(batch["latents"]))
        loss = losses.mean()
        for group in self.optimizer.param_groups:
            group["lr"] = recipe.rate * trapezoid(done, self.step)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        decay = min(recipe.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(
                list(self.average.parameters()), list(self.model.parameters()), 1 - decay
            )
            self._note(batch["motif"], losses.detach())
        return loss.detach()

    def _note(self, motifs: torch.Tensor, losses: torch.Tensor) -> None:
        """Follow each motif's loss with a moving average over about fifty of its samples."""
        sums = torch.zeros_like(self.by_motif).index_add_(0, motifs, losses)
        ones = torch.ones_like(losses)
        counts = torch.zeros_like(self.by_motif).index_add_(0, motifs, ones)
        kept = 0.98**counts
        means = sums / counts.clamp(min=1)
        self.by_motif = kept * self.by_motif + (1 - kept) * means

    def publish(self) -> None:
        """Write the loadable fp16 folder `pipeline/` and a sample sheet of it."""
        transformer = copy.deepcopy(self.average).half()
        scheduler = FlowMatchEulerDiscreteScheduler(shift=self.recipe.shift)
        vae = copy.deepcopy(self.vae)
        pipeline = EmblemPipeline(
            transformer=transformer.cpu(), scheduler=scheduler, vae=vae.half().cpu()
        )
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
    parser.add_argument("--minutes", type=float, help="stop after that long, if it comes first")
    parser.add_argument("--samples", type=int, help="made beforehand; none are made later")
    parser.add_argument("--ema", type=float, default=Recipe.ema)
    parser.add_argument("--batch", type=int, default=Recipe.batch)
    parser.add_argument("--rate", type=float, default=Recipe.rate)
    parser.add_argument("--no-compile", action="store_true")
    parser.add_argument("--publish-only", action="store_true", help="write folder and sheet only")
    args = parser.parse_args()
    recipe = Recipe(
        steps=args.steps,
        minutes=args.minutes,
        ema=args.ema,
        first_samples=args.samples or Recipe.first_samples,
        pool_limit=args.samples or Recipe.pool_limit,
        batch=args.batch,
        rate=args.rate,
        compile=not args.no_compile,
        device=best_device(),
    )
    run = Run(recipe, autoencoder=args.autoencoder, out=args.out)
    if args.publish_only:
        run.publish()
    else:
        run.train()


if __name__ == "__main__":
    main()
