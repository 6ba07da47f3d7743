"""A pool of training samples in memory: latents, text states and labels."""

from __future__ import annotations

import functools
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from generation.emblems.autoencoder import EmblemAutoencoder
from generation.emblems.render import render
from generation.emblems.specs import Captioned, EmblemSpec, captioned
from generation.emblems.text import MAX_TOKENS, WIDTH, TextEncoder
from generation.emblems.training import autocast
from generation.emblems.vocabulary import MOTIFS

SHARD = 512
_CHUNK = {"cpu": 32, "cuda": 512}
_FEW_CORES = 3  # with fewer, other processes would only be in the way
_MOTIFS = list(MOTIFS)


_captioned = functools.partial(captioned, count=SHARD)


def all_captioned(numbers: Sequence[int]) -> Iterator[Captioned]:
    """The emblems of shards in order, with what is said of each; by all cores if there are some."""
    cores = os.cpu_count() or 1
    if cores < _FEW_CORES or len(numbers) < cores:
        yield from map(_captioned, numbers)
        return
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(cores - 2, mp_context=spawning) as processes:
        yield from processes.map(_captioned, numbers, chunksize=2)


class LatentPool:
    """Scaled latents with their captions' embeddings; grows by whole shards.

    Kept in a folder where one is given: a resumed run then finds what it had made.
    """

    def __init__(
        self,
        autoencoder: EmblemAutoencoder,
        text: TextEncoder,
        *,
        capacity: int,
        folder: Path | None,
        device: str = "cpu",
    ) -> None:
        self.autoencoder, self.text = autoencoder, text
        self.folder, self.device = folder, device
        self.shards = 0
        channels = autoencoder.config.latent_channels
        room = -(-capacity // SHARD) * SHARD

        def empty(*shape: int) -> torch.Tensor:
            return torch.empty(room, *shape, dtype=torch.half, device=device)

        self.kept = {
            "latents": empty(channels, 16, 16),
            "states": empty(MAX_TOKENS, WIDTH),
            "pooled": empty(WIDTH),
            "motif": torch.empty(room, dtype=torch.long, device=device),
        }
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            while len(self) < room and (path := self._path(self.shards)).is_file():
                self._put(load_file(path))

    def __len__(self) -> int:
        return self.shards * SHARD

    def _path(self, number: int) -> Path:
        assert self.folder
        return self.folder / f"{number:05}.safetensors"

    def _put(self, shard: dict[str, torch.Tensor]) -> None:
        for name, values in shard.items():
            self.kept[name][len(self) : len(self) + SHARD] = values
        self.shards += 1

    def grow_to(self, samples: int) -> Iterator[int]:
        """Make shards until there are so many samples; yields how many there are after each."""
        missing = range(self.shards, -(-samples // SHARD))
        for specs, captions in all_captioned(missing):
            shard = self._make(specs, captions)
            if self.folder:
                partial = self._path(self.shards).with_suffix(".partial")
                save_file(shard, partial)
                partial.replace(self._path(self.shards))
            self._put(shard)
            yield len(self)

    @torch.no_grad()
    def _make(
        self, specs: Sequence[EmblemSpec], captions: Sequence[str]
    ) -> dict[str, torch.Tensor]:
        parts: list[dict[str, torch.Tensor]] = []
        size = _CHUNK[self.device]
        for start in range(0, SHARD, size):
            chunk = slice(start, start + size)
            pictures = render(specs[chunk], seed=self.shards * SHARD + start, device=self.device)
            states, pooled = self.text(captions[chunk])
            with autocast(self.device):
                latents = self.autoencoder.encode(
                    pictures.contiguous(memory_format=torch.channels_last)
                )
            parts.append(
                {
                    "latents": self.autoencoder.scale(latents.float()).half(),
                    "states": states.half(),
                    "pooled": pooled.half(),
                    "motif": torch.tensor([_MOTIFS.index(s.motif) for s in specs[chunk]]),
                }
            )
        return {key: torch.cat([p[key] for p in parts]).contiguous() for key in parts[0]}

    def draw(self, count: int, weights: torch.Tensor, seed: int, *, among: int) -> torch.Tensor:
        """Places among the first samples drawn by lot with replacement, (count,).

        `weights` says how often each motif is drawn, relatively, (M,).
        """
        generator = torch.Generator(self.device).manual_seed(seed)
        shares = weights.to(self.device)[self.kept["motif"][:among]].double()
        edges = shares.cumsum(0)
        lots = torch.rand(count, generator=generator, device=self.device, dtype=torch.double)
        return torch.searchsorted(edges, lots * edges[-1]).clamp(max=among - 1)

    def batch(self, places: torch.Tensor) -> dict[str, torch.Tensor]:
        """Samples at places; floats as float32."""
        drawn = {key: values[places] for key, values in self.kept.items()}
        return {k: v.float() if v.is_floating_point() else v for k, v in drawn.items()}
