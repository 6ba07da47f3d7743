"""Emblems drawn by tensor maths: signed distances, anti-aliased over about one pixel."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F

from generation.emblems.glyphs import glyph_masks
from generation.emblems.specs import EmblemSpec
from generation.emblems.vocabulary import COLOURS, FRAMES, MOTIFS, PATTERNS

IMAGE_PX = 256
_FRAMES, _MOTIFS = list(FRAMES), list(MOTIFS)
_PATTERNS, _COLOURS = list(PATTERNS), list(COLOURS)
_RGB = torch.tensor([COLOURS[name] for name in _COLOURS]).float() / 255
# Half the side of a single motif, by frame, and of each motif of a ring, by count.
_MOTIF_HALF = {"none": 0.66, "circle": 0.52, "square": 0.54, "hexagon": 0.52, "shield": 0.48}
_MOTIF_HALF["diamond"] = 0.42
_RING_HALF = {1: 1.0, 4: 0.27, 5: 0.25, 6: 0.22, 8: 0.175}


def _frame_distance(frame: str, x: torch.Tensor, y: torch.Tensor, r: torch.Tensor) -> torch.Tensor:
    """Signed distance to a frame of radius `r`, (B, S, S); negative inside."""
    if frame == "circle":
        return (x * x + y * y).sqrt() - r
    if frame == "square":
        corner = 0.22
        dx = (x.abs() - (r * 0.9 - corner)).clamp(min=0)
        dy = (y.abs() - (r * 0.9 - corner)).clamp(min=0)
        return (dx * dx + dy * dy).sqrt() - corner
    if frame == "hexagon":
        return torch.maximum(y.abs() * 0.866 + x.abs() * 0.5, x.abs()) - r * 0.93
    if frame == "shield":
        taper = ((y + 0.1).clamp(min=0) / (1.12 * r)).clamp(max=1) ** 2.2
        side = (x.abs() - 0.86 * r * (1 - taper)) * 0.85
        return torch.maximum(torch.maximum(side, -(y + 0.92 * r)), y - (1.06 * r - 0.1))
    if frame == "diamond":
        return (x.abs() + y.abs() - r * 1.14) * 0.7071
    return torch.full_like(x + r, 9.0)


def _pattern(name: str, x: torch.Tensor, y: torch.Tensor, aa: float) -> torch.Tensor:
    """Coverage of a pattern's second tone, (S, S) in [0, 1]."""
    if name == "stripes":
        wave = torch.sin((x + y) * 11.0) / 11.0
    elif name == "sunburst":
        radius = (x * x + y * y).sqrt().clamp(min=1e-3)
        wave = torch.sin(torch.atan2(x, -y) * 10.0) * radius / 10.0
    elif name == "halves":
        wave = x
    elif name == "dots":
        pitch = 0.22
        u = torch.remainder(x, pitch) - pitch / 2
        v = torch.remainder(y, pitch) - pitch / 2
        wave = 0.055 - (u * u + v * v).sqrt()
    else:
        return torch.zeros_like(x)
    return (0.5 + wave / aa).clamp(0, 1)


def _column(values: Sequence[float] | torch.Tensor) -> torch.Tensor:
    return torch.as_tensor(values).float()[:, None, None]


class _Palette:
    """Named colours of a batch with a little jitter, (B, 3, 1, 1)."""

    def __init__(self, generator: torch.Generator, jitter: float) -> None:
        self.generator, self.jitter = generator, jitter

    def __call__(self, names: Sequence[str]) -> torch.Tensor:
        rgb = _RGB[[_COLOURS.index(name) for name in names]]
        noise = torch.rand(len(names), 3, generator=self.generator) - 0.5
        return (rgb + noise * self.jitter).clamp(0, 1)[:, :, None, None]


def _motif_coverage(
    specs: Sequence[EmblemSpec], x: torch.Tensor, y: torch.Tensor, scale: torch.Tensor
) -> torch.Tensor:
    """Coverage of the motif, alone or in a ring, (B, 1, S, S) in [0, 1]."""
    count = torch.tensor([s.count for s in specs])
    alone = _column(count == 1).bool()
    sector = 2 * math.pi / _column(count)
    angle = torch.remainder(torch.atan2(x, -y) + sector / 2, sector) - sector / 2
    radius = (x * x + y * y).sqrt()
    ring_at = _column([0.40 if s.frame == "diamond" else 0.50 for s in specs])
    lift = _column([0.05 if s.frame == "shield" else 0.0 for s in specs])
    half = _column(
        [_MOTIF_HALF[s.frame] if s.count == 1 else _RING_HALF[s.count] for s in specs]
    ) * _column(scale)
    squeeze = _column([0.82 if s.count > 1 and s.frame == "diamond" else 1.0 for s in specs])
    u = torch.where(alone, x, radius * torch.sin(angle)) / (half * squeeze)
    v = torch.where(alone, y + lift, ring_at - radius * torch.cos(angle)) / (half * squeeze)
    masks = glyph_masks()[[_MOTIFS.index(s.motif) for s in specs]][:, None]
    return F.grid_sample(masks, torch.stack([u, v], -1), padding_mode="zeros", align_corners=False)


def render(
    specs: Sequence[EmblemSpec], *, seed: int, size_px: int = IMAGE_PX, jitter: float = 1.0
) -> torch.Tensor:
    """Draw emblems, (B, 3, S, S) in [-1, 1].

    `seed` decides the jitter of colours, scale and width; `jitter=0` draws the plain ideal.
    """
    generator = torch.Generator().manual_seed(seed)
    colour = _Palette(generator, 0.05 * jitter)
    batch = len(specs)

    def around(centre: float, spread: float) -> torch.Tensor:
        return centre + (torch.rand(batch, generator=generator) - 0.5) * 2 * spread * jitter

    axis = (torch.arange(size_px) + 0.5) / size_px * 2 - 1
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    aa = 2.6 / size_px

    def inside(distance: torch.Tensor) -> torch.Tensor:
        return (0.5 - distance / aa).clamp(0, 1)[:, None]

    radius = _column(around(0.87, 0.03))
    distance = torch.full((batch, size_px, size_px), 9.0)
    tone = torch.zeros(batch, size_px, size_px)
    for frame in _FRAMES[1:]:
        rows = [i for i, s in enumerate(specs) if s.frame == frame]
        if rows:
            distance[rows] = _frame_distance(frame, x[None], y[None], radius[rows])
    for pattern in _PATTERNS[1:]:
        rows = [i for i, s in enumerate(specs) if s.pattern == pattern]
        if rows:
            tone[rows] = _pattern(pattern, x, y, aa)

    image = colour([s.ground for s in specs]).expand(batch, 3, size_px, size_px).clone()
    plate = colour([s.frame_colour for s in specs])
    light = plate.mean(1, keepdim=True) > 0.45
    second = torch.where(light, plate * 0.80, plate * 0.76 + 0.24)
    image = torch.lerp(image, torch.lerp(plate, second, tone[:, None]), inside(distance))

    border = colour([s.border_colour or "white" for s in specs])
    has_border = torch.tensor([s.border_colour is not None for s in specs]).float()
    width = _column(around(0.040, 0.006))
    edge = inside((distance + width + 0.03).abs() - width) * has_border[:, None, None, None]
    image = torch.lerp(image, border, edge)

    motif = _motif_coverage(specs, x[None], y[None], around(1.0, 0.03))
    image = torch.lerp(image, colour([s.motif_colour for s in specs]), motif)
    return image.clamp(0, 1) * 2 - 1
