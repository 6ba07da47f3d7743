"""Glyph masks for the motifs, rasterised from a permissively licensed icon set on npm."""

from __future__ import annotations

import io
import json
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from generation.emblems.vocabulary import MOTIFS

ICON_SET = Path(__file__).resolve().parents[2] / "node_modules/@iconify-json/ph/icons.json"
GLYPH_PX = 128
_RASTER_PX = 512


class GlyphsMissing(RuntimeError):
    """The icon set the motifs are drawn from is not installed."""


def _rasterise(svg: str) -> np.ndarray:
    """Alpha of an SVG, cropped to its ink and centred on a square, (GLYPH_PX, GLYPH_PX) uint8."""
    import resvg_py  # noqa: PLC0415 - only the data generator needs it

    png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=_RASTER_PX, height=_RASTER_PX))
    alpha = np.array(Image.open(io.BytesIO(png)).convert("RGBA"))[..., 3]
    rows, columns = np.nonzero(alpha > 24)
    ink = alpha[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    side = max(ink.shape)
    square = np.zeros((side, side), np.uint8)
    top, left = (side - ink.shape[0]) // 2, (side - ink.shape[1]) // 2
    square[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return np.array(Image.fromarray(square).resize((GLYPH_PX, GLYPH_PX), Image.Resampling.LANCZOS))


@lru_cache(maxsize=1)
def glyph_masks() -> torch.Tensor:
    """Coverage of every motif in vocabulary order, (M, GLYPH_PX, GLYPH_PX) in [0, 1].

    Raises:
        GlyphsMissing: the npm package with the icons is not installed.
    """
    if not ICON_SET.is_file():
        raise GlyphsMissing(f"{ICON_SET} is missing: run `npm ci`.")
    icons = json.loads(ICON_SET.read_text())
    masks = []
    for icon in MOTIFS.values():
        drawn = icons["icons"].get(f"{icon}-fill") or icons["icons"][icon]
        body = drawn["body"]
        svg = (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 256 256" '
            f'width="{_RASTER_PX}" height="{_RASTER_PX}" color="#000">{body}</svg>'
        )
        masks.append(_rasterise(svg))
    return torch.from_numpy(np.stack(masks)).float() / 255
