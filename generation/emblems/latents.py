"""A pool of training samples on disk: latents, text states and labels, shard by shard."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from generation.emblems.autoencoder import EmblemAutoencoder
from generation.emblems.render import render
from generation.emblems.specs import caption, sample_spec
from generation.emblems.text import TextEncoder
from generation.emblems.vocabulary import MOTIFS

SHARD = 256
_CHUNK = 32


@dataclass
class LatentPool:
    """Scaled latents with their captions' embeddings; grows by whole shards.

    A shard is decided by its number alone, so a resumed run finds what it had made.
    """

    folder: Path
    autoencoder: EmblemAutoencoder
    text: TextEncoder

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.shards: list[dict[str, torch.Tensor]] = []
        while (path := self._path(len(self.shards))).is_file():
            self.shards.append(load_file(path))

    def __len__(self) -> int:
        return len(self.shards) * SHARD

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:05}.safetensors"

    @torch.no_grad()
    def grow(self) -> None:
        """Make the next shard: latents (256, C, 16, 16), states, pooled vectors, motif ids."""
        number = len(self.shards)
        rng = random.Random(number)
        motifs = list(MOTIFS)
        parts: list[dict[str, torch.Tensor]] = []
        for chunk in range(SHARD // _CHUNK):
            specs = [sample_spec(rng) for _ in range(_CHUNK)]
            pictures = render(specs, seed=number * 1000 + chunk)
            states, pooled = self.text([caption(s, rng) for s in specs])
            with torch.autocast("cpu", torch.bfloat16):
                latents = self.autoencoder.encode(
                    pictures.contiguous(memory_format=torch.channels_last)
                )
            parts.append(
                {
                    "latents": self.autoencoder.scale(latents.float()).half(),
                    "states": states.half(),
                    "pooled": pooled.half(),
                    "motif": torch.tensor([motifs.index(s.motif) for s in specs]),
                }
            )
        shard = {key: torch.cat([p[key] for p in parts]).contiguous() for key in parts[0]}
        partial = self._path(number).with_suffix(".partial")
        save_file(shard, partial)
        partial.replace(self._path(number))
        self.shards.append(shard)

    def batch(self, size: int, rng: random.Random) -> dict[str, torch.Tensor]:
        """Draw samples by lot over all shards, with replacement; floats as float32."""
        picks = [divmod(rng.randrange(len(self)), SHARD) for _ in range(size)]
        drawn = {
            key: torch.stack([self.shards[shard][key][row] for shard, row in picks])
            for key in self.shards[0]
        }
        return {k: v.float() if v.is_floating_point() else v for k, v in drawn.items()}
