"""Masks of motifs and ornaments, rasterised from permissively licensed icon sets on npm."""

from __future__ import annotations

import io
import json
import math
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from generation.emblems.vocabulary import MOTIFS, ORNAMENTS

ICON_SETS = Path(__file__).resolve().parents[2] / "node_modules/@iconify-json"
GLYPH_PX = 192
_RASTER_PX = 384
# Icons that their set has in one weight only: drawn with lines, solid and outlined alike.
_LINES = {"waves": (["ph:waves-bold"], ["ph:waves"])}


class GlyphsMissing(RuntimeError):
    """An icon set the motifs are drawn from is not installed."""


@lru_cache(maxsize=2)
def _icon_set(name: str) -> dict[str, Any]:
    path = ICON_SETS / name / "icons.json"
    if not path.is_file():
        raise GlyphsMissing(f"{path} is missing: run `npm ci`.")
    return dict(json.loads(path.read_text()))


def drawings(motif: str, *, outlined: bool) -> list[str]:
    """The icons that draw a motif in a style, as set:name; one or two.

    Raises:
        GlyphsMissing: an npm package with icons is not installed.
    """
    if motif in _LINES:
        return _LINES[motif][outlined]
    phosphor, material = MOTIFS[motif]
    found = [f"ph:{phosphor}-{'bold' if outlined else 'fill'}"]
    second = f"{material}-outline" if outlined else material
    if second in _icon_set("mdi")["icons"]:
        found.append(f"mdi:{second}")
    return found


def _pixels(svg: str) -> np.ndarray:
    """Alpha of an SVG, (_RASTER_PX, _RASTER_PX) uint8."""
    import resvg_py  # noqa: PLC0415 - only the data generator needs it

    png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=_RASTER_PX, height=_RASTER_PX))
    return np.array(Image.open(io.BytesIO(png), formats=("PNG",)).convert("RGBA"))[..., 3]


def _svg(body: str, size: float) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" '
        f'width="{_RASTER_PX}" height="{_RASTER_PX}" color="#000">{body}</svg>'
    )


def _shrunk(alpha: np.ndarray) -> np.ndarray:
    return np.array(Image.fromarray(alpha).resize((GLYPH_PX, GLYPH_PX), Image.Resampling.LANCZOS))


def _icon(name: str) -> np.ndarray:
    """An icon cropped to its ink and centred on a square, (GLYPH_PX, GLYPH_PX) uint8."""
    prefix, _, icon = name.partition(":")
    found = _icon_set(prefix)
    drawn = found["icons"][icon]
    size = drawn.get("height", found.get("height", 256))
    alpha = _pixels(_svg(drawn["body"], size))
    rows, columns = np.nonzero(alpha > 24)
    ink = alpha[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    side = max(ink.shape)
    square = np.zeros((side, side), np.uint8)
    top, left = (side - ink.shape[0]) // 2, (side - ink.shape[1]) // 2
    square[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return _shrunk(square)


def _laurel() -> str:
    """Two branches of leaves around an open circle of radius 1, in a square from -1.25 to 1.25."""
    leaves = []
    for side in (-1, 1):
        for number in range(7):
            turn = math.radians(14 + number * 21)  # from the foot upwards
            for out, lean in ((0.12, 34), (-0.12, -24)):
                x = side * (1 + out) * math.sin(turn)
                y = (1 + out) * math.cos(turn)
                angle = side * (-math.degrees(turn) + lean)
                leaves.append(
                    f'<ellipse cx="{x:.4f}" cy="{y:.4f}" rx="0.155" ry="0.062" '
                    f'transform="rotate({angle:.2f} {x:.4f} {y:.4f})"/>'
                )
    return "".join(leaves)


def _three_stars() -> str:
    """Three stars in an arc, in a square from -1.25 to 1.25."""
    stars = []
    for turn, radius in ((-0.62, 0.20), (0.0, 0.26), (0.62, 0.20)):
        x, y = 1.1 * math.sin(turn), -1.1 * math.cos(turn) + 0.12
        corners = []
        for corner in range(10):
            reach = radius * (1 if corner % 2 == 0 else 0.42)
            angle = corner * math.pi / 5
            corners.append(f"{x + reach * math.sin(angle):.4f},{y - reach * math.cos(angle):.4f}")
        stars.append(f'<polygon points="{" ".join(corners)}"/>')
    return "".join(stars)


@lru_cache(maxsize=2)
def ornament_masks(device: str = "cpu") -> torch.Tensor:
    """Coverage of the ornaments in vocabulary order, (O, GLYPH_PX, GLYPH_PX) in [0, 1]."""
    bodies = {"none": "", "laurel": _laurel(), "stars": _three_stars()}
    moved = '<g transform="translate(1.25 1.25)">{}</g>'
    masks = [_shrunk(_pixels(_svg(moved.format(bodies[name]), 2.5))) for name in ORNAMENTS]
    return torch.from_numpy(np.stack(masks)).float().to(device) / 255


@lru_cache(maxsize=1)
def _glyphs() -> tuple[torch.Tensor, dict[tuple[str, bool], list[int]]]:
    masks: list[np.ndarray] = []
    places: dict[tuple[str, bool], list[int]] = {}
    for motif in MOTIFS:
        for outlined in (False, True):
            names = drawings(motif, outlined=outlined)
            places[motif, outlined] = [len(masks) + i for i in range(len(names))]
            masks += [_icon(name) for name in names]
    return torch.from_numpy(np.stack(masks)).float() / 255, places


@lru_cache(maxsize=2)
def glyph_masks(device: str = "cpu") -> torch.Tensor:
    """Coverage of every drawing of every motif, (N, GLYPH_PX, GLYPH_PX) in [0, 1].

    Raises:
        GlyphsMissing: an npm package with icons is not installed.
    """
    return _glyphs()[0].to(device)


def glyph_place(motif: str, *, outlined: bool, drawing: int) -> int:
    """Where a motif's drawing lies in `glyph_masks`; counts round where it has fewer."""
    found = _glyphs()[1][motif, outlined]
    return found[drawing % len(found)]
