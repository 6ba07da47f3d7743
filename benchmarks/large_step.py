"""Seconds of a training step ÷ the plain recipe's on a GPU, at Stable Diffusion 1.5's size.

As `training_step`, with random weights, since only the time is asked for: 860 million parameters,
pictures of 512 × 512, LoRA of rank 16, half precision. The embedded model is too small to load a
GPU. Not part of `make bench`, which runs where there is none.
"""

from __future__ import annotations

import random
import string
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.harness import Row, data_folder, main
from benchmarks.training_step import BETA, Plain, beside

if TYPE_CHECKING:
    from generation.learning.rows import Row as Pair
    from generation.learning.training import Run

SIDE_PX = 512


def measure(quick: bool) -> list[Row]:
    """Turns of one step each, with sixteen pairs.

    Raises:
        SystemExit: there is no GPU.
    """
    import torch

    if not torch.cuda.is_available():
        raise SystemExit("There is no GPU here. `python -m benchmarks training_step` needs none.")
    turns = 3 if quick else 12
    with data_folder() as folder:
        run = opened(folder / "run", pairs(folder, count=32), steps=turns + 3)
        name = torch.cuda.get_device_name()
        how = f"{name}, {run.prepared.batches.how.autocast}".replace("torch.", "")
        row = beside(run, PlainUnet(run), turns=turns, name="large-step", apart=0.05, how=how)
        return [row]


class PlainUnet(Plain):
    """The plain recipe for a UNet that is asked for noise, its encoders on the GPU throughout."""

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        pipe = run.prepared.family.pipe
        pipe.vae.to(run.prepared.family.device)
        pipe.text_encoder.to(run.prepared.family.device)
        self.kept = pipe.scheduler.alphas_cumprod.to(run.prepared.family.device)

    def asked(self, clean: Any, noise: Any, level: Any, heard: Any) -> tuple[Any, Any]:
        """See `Plain.asked`."""
        step = (level * len(self.kept)).long()
        kept = self.kept[step].view(-1, 1, 1, 1)
        noisy = kept.sqrt() * clean + (1 - kept).sqrt() * noise
        with self.run.prepared.batches.how.autocasting():
            unet = self.run.prepared.family.network
            return unet(noisy, step, heard["states"], return_dict=False)[0], noise


def pairs(folder: Path, *, count: int) -> list[Pair]:
    """Pairs of gray noise; what they show does not matter here."""
    from PIL import Image

    from generation.learning.rows import Row as Pair

    rng, found = random.Random(0), []
    for number in range(count):
        paths = [folder / f"{number}{side}.png" for side in "ab"]
        for path in paths:
            gray = Image.frombytes("L", (SIDE_PX, SIDE_PX), rng.randbytes(SIDE_PX**2))
            gray.convert("RGB").save(path)
        found.append(Pair(str(number), f"picture {number}", *paths, 1.0, 1.0))
    return found


def opened(folder: Path, rows: list[Pair], *, steps: int) -> Run:
    """Our run on a pipeline of that size."""
    import torch

    from generation.learning.denoising import choose_precision
    from generation.learning.preparing import prepare
    from generation.learning.recipe import Recipe
    from generation.learning.training import Run

    device = torch.device("cuda")
    recipe = Recipe(steps=steps, batch=16, micro_batch=16, beta=BETA, rank=16)
    with device:
        pipe = pipeline().to(choose_precision(device).weights)
    return Run(prepare(pipe, rows, recipe=recipe, folder=folder, base="random"))


def pipeline() -> Any:
    """Networks as Stable Diffusion 1.5 has them, with random weights; words are read by letters."""
    from diffusers import (
        AutoencoderKL,
        DDIMScheduler,
        StableDiffusionPipeline,
        UNet2DConditionModel,
    )
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    letters = string.ascii_lowercase + string.digits + ".,-"
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    numbers = {word: number for number, word in enumerate(words)}
    text = CLIPTextConfig(
        vocab_size=49_408,
        hidden_size=768,
        intermediate_size=3072,
        num_hidden_layers=12,
        num_attention_heads=12,
        bos_token_id=numbers["<|startoftext|>"],
        eos_token_id=numbers["<|endoftext|>"],
        pad_token_id=numbers["<|endoftext|>"],
    )
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(128, 256, 512, 512),
        layers_per_block=2,
        latent_channels=4,
    )
    return StableDiffusionPipeline(
        vae=vae,
        text_encoder=CLIPTextModel(text),
        tokenizer=CLIPTokenizer(numbers, [], model_max_length=77),
        unet=UNet2DConditionModel(sample_size=64, cross_attention_dim=768),
        scheduler=DDIMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


if __name__ == "__main__":
    main(measure, __doc__)
