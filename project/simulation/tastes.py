"""What made-up members like: scores of pictures, and whether one of two is spoilt."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

SIDE_PX = 64
BORDER_PX = 5  # of the small picture: there the ground shows
DUSTY = 4.0  # mean deviation from the median of the neighbours, of 255; drawn emblems have less
Pixels = npt.NDArray[np.float32]  # (H, W, 3), 0 to 255


def pixels_of(image: Image.Image) -> Pixels:
    """The picture, small."""
    small = image.convert("RGB").resize((SIDE_PX, SIDE_PX), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32)


def ground(pixels: Pixels) -> Pixels:
    """The median colour along the edges, (3,)."""
    edge = np.ones(pixels.shape[:2], dtype=bool)
    edge[BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX] = False
    colour: Pixels = np.median(pixels[edge], axis=0)
    return colour


def warmth(image: Image.Image) -> float:
    """How much redder than blue the picture is, about -255 to 255."""
    mean = pixels_of(image).mean((0, 1))
    return float(mean[0] - mean[2])


def light_ground(image: Image.Image) -> float:
    """How light the ground is, 0 to 255."""
    return float(ground(pixels_of(image)) @ np.array([0.299, 0.587, 0.114], dtype=np.float32))


def fullness(image: Image.Image) -> float:
    """How much of the picture is not ground: large motifs and frames, 0 to 1."""
    pixels = pixels_of(image)
    return float((np.abs(pixels - ground(pixels)).max(2) > 48).mean())


def ornament(image: Image.Image) -> float:
    """How much of the picture is edges: borders, patterns, outlines, 0 to 1."""
    pixels = pixels_of(image)
    across = np.abs(np.diff(pixels, axis=1)).max(2)[:-1]
    down = np.abs(np.diff(pixels, axis=0)).max(2)[:, :-1]
    return float((np.maximum(across, down) > 32).mean())


TASTES: dict[str, Callable[[Image.Image], float]] = {
    "warm": warmth,
    "cool": lambda image: -warmth(image),
    "light": light_ground,
    "dark": lambda image: -light_ground(image),
    "full": fullness,
    "ornate": ornament,
    "plain": lambda image: -ornament(image),
}
SCALES = {
    "warm": 25.0,
    "cool": 25.0,
    "light": 40.0,
    "dark": 40.0,
    "full": 0.08,
    "ornate": 0.02,
    "plain": 0.02,
}
"""A difference in score that is easily seen: below a tenth of it two pictures are alike."""


def dust(image: Image.Image) -> float:
    """How noisy the picture is: mean distance of a pixel from the median of its neighbours."""
    plain = image.convert("RGB")
    smooth = plain.filter(ImageFilter.MedianFilter(3))
    one, other = (np.asarray(each, dtype=np.float32) for each in (plain, smooth))
    return float(np.abs(one - other).mean())


def spoilt(left: Image.Image, right: Image.Image) -> int | None:
    """Which of the two is dusty while the other is not, 0 or 1; None: neither or both."""
    dusts = dust(left), dust(right)
    for index in (0, 1):
        if dusts[index] > DUSTY and dusts[index] > 3 * dusts[1 - index]:
            return index
    return None
