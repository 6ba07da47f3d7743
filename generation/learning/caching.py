"""What never changes during a run, computed once: latents and text embeddings of its rows.

Each cache is one safetensors file with the facts it was made from (the base's hash, hashes of
the pictures, the prompts) and a hash of its contents. Other facts or a damaged file mean that
it is made anew.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from generation.engines.identity import file_sha256
from generation.learning.denoising import Noisy
from generation.learning.errors import PictureUnreadable
from generation.learning.families import Conditions, Family
from generation.learning.files import load_tensors, save_tensors
from generation.learning.memory import in_parts
from generation.learning.noise import NoiseBank
from generation.learning.rows import Row, Shown

logger = logging.getLogger(__name__)

FORMATS = ("PNG", "WEBP", "JPEG")  # no other decoder is even tried
_TOGETHER = 8  # pictures or prompts encoded at once


def kept(
    path: Path, facts: dict[str, Any], make: Callable[[], dict[str, Tensor]]
) -> dict[str, Tensor]:
    """The tensors of a cache file, made and written if it is not there for these facts.

    A disk that is full costs only the time of making them again.
    """
    try:
        tensors, found = load_tensors(path)
        if found == facts:
            return tensors
    except FileNotFoundError:
        pass
    except ValueError as error:
        logger.warning("a cache is made anew: %s", error)
    tensors = make()
    try:
        save_tensors(path, tensors, facts)
    except OSError as error:
        logger.warning("%s could not be kept: %s", path, error)
    return tensors


@dataclass(frozen=True, slots=True)
class Encoded:
    """Latents by picture and what the network hears by prompt, on the CPU."""

    digests: dict[Path, str]  # SHA-256 of a picture's file
    latents: dict[str, Tensor]  # by digest, (C, h, w)
    heard: dict[str, Conditions]  # by prompt, each without the batch dimension

    def noisy(
        self, shown: Sequence[Shown], bank: NoiseBank, keys: Sequence[str], entries: Sequence[int]
    ) -> Noisy:
        """Pictures with the bank's draws for these keys, (B, …)."""
        latents = torch.stack([self.latents[self.digests[one.picture]] for one in shown])
        heard = [self.heard[one.prompt] for one in shown]
        return Noisy(
            latents,
            bank.noise(keys, entries, latents.shape[1:]),
            bank.levels(keys, entries),
            {name: torch.stack([h[name] for h in heard]) for name in heard[0]},
        )

    def pair(
        self, rows: Sequence[Row], bank: NoiseBank, entries: Sequence[int]
    ) -> tuple[Noisy, Noisy]:
        """Chosen and rejected pictures of rows under the same draws, (B, …) each."""
        keys = [row.key for row in rows]
        chosen = self.noisy([Shown(r.prompt, r.chosen) for r in rows], bank, keys, entries)
        rejected = torch.stack([self.latents[self.digests[row.rejected]] for row in rows])
        return chosen, Noisy(rejected, chosen.noise, chosen.level, chosen.conditions)


def encode(
    family: Family, rows: Sequence[Row], shown: Sequence[Shown], *, base: str, folder: Path
) -> Encoded:
    """Latents and text embeddings of everything a run looks at, from its cache or made.

    Args:
        base: hash of the base model's files; embeddings of another model are not ours.

    Raises:
        PictureUnreadable: a picture is gone, damaged, or not of the others' size.
    """
    pictures = sorted(
        {row.chosen for row in rows} | {row.rejected for row in rows} | {s.picture for s in shown}
    )
    prompts = sorted({row.prompt for row in rows} | {one.prompt for one in shown})
    digests = _digests(pictures)
    by_digest = {digest: path for path, digest in digests.items()}
    with contextlib.ExitStack() as stack:
        encoders = _Lazily(stack, family)
        latents = kept(
            folder / "latents.safetensors",
            {"base": base, "pictures": sorted(by_digest)},
            lambda: _latents(encoders(), by_digest),
        )
        flat = kept(
            folder / "texts.safetensors",
            {"base": base, "prompts": prompts},
            lambda: _texts(encoders(), prompts),
        )
    heard: dict[str, Conditions] = {
        prompt: {name: values[index] for name, values in flat.items()}
        for index, prompt in enumerate(prompts)
    }
    return Encoded(digests, latents, heard)


class _Lazily:
    """The family with its encoders in place, put there when first needed."""

    def __init__(self, stack: contextlib.ExitStack, family: Family) -> None:
        self.stack, self.family, self.ready = stack, family, False

    def __call__(self) -> Family:
        if not self.ready:
            self.stack.enter_context(self.family.encoding())
            self.ready = True
        return self.family


def _digests(pictures: Sequence[Path]) -> dict[Path, str]:
    gone = [path for path in pictures if not path.is_file()]
    if gone:
        raise PictureUnreadable(
            f"{len(gone)} pictures are gone, such as {gone[0].name}; build the dataset again."
        )
    return {path: file_sha256(path) for path in pictures}


def _latents(family: Family, pictures: dict[str, Path]) -> dict[str, Tensor]:
    items = sorted(pictures.items())
    size = read_picture(items[0][1]).shape

    def pixels(path: Path) -> Tensor:
        picture = read_picture(path)
        if picture.shape != size:
            raise PictureUnreadable(
                f"{path.name} is {picture.shape[2]}×{picture.shape[1]} px, others are "
                f"{size[2]}×{size[1]}; rows of one run have one size."
            )
        return picture

    def encoded(start: int, end: int) -> Tensor:
        part = torch.stack([pixels(path) for _, path in items[start:end]])
        return family.latents(part).float().cpu()

    every = torch.cat(in_parts(len(items), _TOGETHER, encoded))
    return {digest: z.clone() for (digest, _), z in zip(items, every, strict=True)}


def _texts(family: Family, prompts: Sequence[str]) -> dict[str, Tensor]:
    def embedded(start: int, end: int) -> dict[str, Tensor]:
        return {name: value.cpu() for name, value in family.embed(prompts[start:end]).items()}

    parts = in_parts(len(prompts), _TOGETHER, embedded)
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def read_picture(path: Path) -> Tensor:
    """Pixels (3, H, W) in [-1, 1].

    Raises:
        PictureUnreadable: not a picture.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            array = np.asarray(image.convert("RGB"))  # (H, W, 3)
    except (OSError, SyntaxError, ValueError) as error:
        raise PictureUnreadable(f"{path.name} cannot be read as a picture: {error}") from error
    return torch.from_numpy(array.copy()).permute(2, 0, 1).float() / 127.5 - 1
