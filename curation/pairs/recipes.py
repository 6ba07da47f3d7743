"""How a picture is spoilt so that any careful look tells it from the original.

Test pairs show a picture beside its degraded twin. What is spoilt is how it was made, not what is
on it: nobody is to be laughed at. Scrambled or torn alone, an emblem can pass for a pattern
somebody likes; under dust and faded it cannot.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise, product

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

TILES = 14  # a side
STRIPS = 24
MUD = (118.0, 112.0, 104.0)  # what faded colours fade to
Rng = np.random.Generator
Pixels = npt.NDArray[np.float32]  # (height, width, 3), 0 to 255


def drown(image: Image.Image, rng: Rng) -> Image.Image:
    """Blurred until shapes run into each other."""
    side = min(image.size)
    return _dusty(_faded(image.filter(ImageFilter.GaussianBlur(side / 12)), keep=0.85), 60, rng)


def scramble(image: Image.Image, rng: Rng) -> Image.Image:
    """Cut into tiles that change places and are turned."""
    tile = max(1, min(image.size) // TILES)
    columns, rows = image.width // tile, image.height // tile
    places = [(tile * x, tile * y) for y, x in product(range(rows), range(columns))]
    spoilt = image.filter(ImageFilter.GaussianBlur(tile / 2))
    for place, source in zip(places, rng.permutation(len(places)), strict=True):
        left, top = places[source]
        piece = image.crop((left, top, left + tile, top + tile))
        spoilt.paste(piece.rotate(90 * int(rng.integers(4))), place)
    return _dusty(_faded(spoilt, keep=0.6), 45, rng)


def tear(image: Image.Image, rng: Rng) -> Image.Image:
    """Torn into strips that slid apart, with the colours out of register."""
    pixels = np.asarray(image)
    spoilt = np.empty_like(pixels)
    edges = np.linspace(0, image.height, STRIPS + 1).astype(int)
    reach, apart = max(2, image.width // 4), max(1, image.width // 24)
    for top, bottom in pairwise(edges):
        slide = int(rng.integers(-reach, reach + 1))
        for channel, shift in enumerate((slide - apart, slide, slide + apart)):
            spoilt[top:bottom, :, channel] = np.roll(pixels[top:bottom, :, channel], shift, axis=1)
    return _dusty(_faded(Image.fromarray(spoilt), keep=0.5), 45, rng)


def _faded(image: Image.Image, *, keep: float) -> Pixels:
    """With that share of the colours left."""
    pixels = np.asarray(image, dtype=np.float32)
    return keep * pixels + (1 - keep) * np.asarray(MUD, dtype=np.float32)


def _dusty(pixels: Pixels, deviation: float, rng: Rng) -> Image.Image:
    """Under noise whose grain is seen at any size."""
    height, width, _ = pixels.shape
    grain = max(1, min(height, width) // 128)
    dust = rng.normal(0, deviation, (-(-height // grain), -(-width // grain), 3))
    dust = dust.repeat(grain, 0).repeat(grain, 1)[:height, :width]
    return Image.fromarray((pixels + dust).clip(0, 255).astype(np.uint8))


RECIPES: dict[str, Callable[[Image.Image, Rng], Image.Image]] = {
    "drowned": drown,
    "scrambled": scramble,
    "torn": tear,
}


def degrade(image: Image.Image, recipe: str, seed: int) -> Image.Image:
    """The picture's twin, of the same size; the same seed makes the same twin."""
    return RECIPES[recipe](image.convert("RGB"), np.random.default_rng(seed))
