"""Emblems drawn by tensor maths: signed distances, anti-aliased over about one pixel."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F

from generation.emblems.glyphs import glyph_masks, glyph_place, ornament_masks
from generation.emblems.specs import EmblemSpec
from generation.emblems.vocabulary import COLOURS, ORNAMENTS, PATTERNS

IMAGE_PX = 256
_ORNAMENTS = list(ORNAMENTS)
_PATTERNS, _COLOURS = list(PATTERNS), list(COLOURS)
_RGB = torch.tensor([COLOURS[name] for name in _COLOURS]).float() / 255
# Half the side of a single motif, by frame, and of each motif of a ring, by count.
_MOTIF_HALF = {
    "none": 0.66,
    "circle": 0.52,
    "square": 0.54,
    "hexagon": 0.52,
    "shield": 0.48,
    "diamond": 0.42,
    "seal": 0.49,
    "arch": 0.46,
}
_RING_HALF = {4: 0.27, 5: 0.25, 6: 0.22, 8: 0.175}
# The radius of the circle an ornament follows, by frame.
_ORNAMENT_AT = {
    "none": 0.68,
    "circle": 0.55,
    "square": 0.52,
    "hexagon": 0.53,
    "shield": 0.49,
    "diamond": 0.43,
    "seal": 0.52,
    "arch": 0.45,
}
_ORNAMENT_HALF = 1.25  # of its mask, in radii
# Beside an ornament: a motif's half side and how far it moves down, in radii.
_BESIDE = {"laurel": (0.63, -0.04), "stars": (0.66, 0.26)}
_LIFT = {"shield": 0.05}
_LOWER = {"arch": 0.06}  # an arch's middle lies lower than its box's
_SCALLOPS = 16


def _circle(x: torch.Tensor, y: torch.Tensor, r: torch.Tensor) -> torch.Tensor:
    return (x * x + y * y).sqrt() - r


def _square(x: torch.Tensor, y: torch.Tensor, r: torch.Tensor) -> torch.Tensor:
    corner = 0.22
    dx = (x.abs() - (r * 0.9 - corner)).clamp(min=0)
    dy = (y.abs() - (r * 0.9 - corner)).clamp(min=0)
    return (dx * dx + dy * dy).sqrt() - corner


def _hexagon(x: torch.Tensor, y: torch.Tensor, r: torch.Tensor) -> torch.Tensor:
    return torch.maximum(y.abs() * 0.866 + x.abs() * 0.5, x.abs()) - r * 0.93


def _shield(x: torch.Tensor, y: torch.Tensor, r: torch.Tensor) -> torch.Tensor:
    taper = ((y + 0.1).clamp(min=0) / (1.12 * r)).clamp(max=1) ** 2.2
    side = (x.abs() - 0.86 * r * (1 - taper)) * 0.85
    return torch.maximum(torch.maximum(side, -(y + 0.92 * r)), y - (1.11 * r - 0.1))


def _diamond(x: torch.Tensor, y: torch.Tensor, r: torch.Tensor) -> torch.Tensor:
    return (x.abs() + y.abs() - r * 1.14) * 0.7071


def _seal(x: torch.Tensor, y: torch.Tensor, r: torch.Tensor) -> torch.Tensor:
    wave = torch.cos(torch.atan2(x, -y) * _SCALLOPS)
    return ((x * x + y * y).sqrt() - r * (0.955 + 0.045 * wave)) * 0.92


def _arch(x: torch.Tensor, y: torch.Tensor, r: torch.Tensor) -> torch.Tensor:
    half, spring = 0.78 * r, -0.13
    vault = (x * x + (y - spring) * (y - spring)).sqrt() - half
    return torch.where(y < spring, vault, torch.maximum(x.abs() - half, y - 0.94 * r))


# Signed distances to frames of radius r, (B, S, S); negative inside.
_DISTANCES: dict[str, Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "circle": _circle,
    "square": _square,
    "hexagon": _hexagon,
    "shield": _shield,
    "diamond": _diamond,
    "seal": _seal,
    "arch": _arch,
}


def _pattern(name: str, x: torch.Tensor, y: torch.Tensor, aa: float) -> torch.Tensor:
    """Coverage of a pattern's second tone, (S, S) in [0, 1]."""
    if name == "stripes":
        wave = torch.sin((x + y) * 11.0) / 11.0
    elif name == "sunburst":
        radius = (x * x + y * y).sqrt().clamp(min=1e-3)
        wave = torch.sin(torch.atan2(x, -y) * 10.0) * radius / 10.0
    elif name == "halves":
        wave = x
    elif name == "checks":
        wave = torch.sin(x * 12.0) * torch.sin(y * 12.0) / 12.0
    elif name == "dots":
        pitch = 0.22
        u = torch.remainder(x, pitch) - pitch / 2
        v = torch.remainder(y, pitch) - pitch / 2
        wave = 0.055 - (u * u + v * v).sqrt()
    else:
        return torch.zeros_like(x)
    return (0.5 + wave / aa).clamp(0, 1)


class _Canvas:
    """What all parts of a batch are drawn on: axes, a device, and the lots that are drawn."""

    def __init__(self, batch: int, *, seed: int, size_px: int, jitter: float, device: str) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        self.batch, self.size_px, self.jitter, self.device = batch, size_px, jitter, device
        axis = (torch.arange(size_px, device=device) + 0.5) / size_px * 2 - 1
        self.y, self.x = torch.meshgrid(axis, axis, indexing="ij")
        self.aa = 2.6 / size_px

    def column(self, values: Sequence[float] | torch.Tensor) -> torch.Tensor:
        """One number a picture, (B, 1, 1)."""
        return torch.as_tensor(values).float().to(self.device)[:, None, None]

    def around(self, centre: float, spread: float) -> torch.Tensor:
        """Numbers drawn by lot from an interval, (B, 1, 1)."""
        lots = torch.rand(self.batch, generator=self.generator) - 0.5
        return self.column(centre + lots * 2 * spread * self.jitter)

    def colour(self, names: Sequence[str]) -> torch.Tensor:
        """Named colours with a little jitter, (B, 3, 1, 1)."""
        rgb = _RGB[[_COLOURS.index(name) for name in names]]
        noise = torch.rand(self.batch, 3, generator=self.generator) - 0.5
        jittered = (rgb + noise * 0.05 * self.jitter).clamp(0, 1)
        return jittered[:, :, None, None].to(self.device)

    def inside(self, distance: torch.Tensor) -> torch.Tensor:
        """Coverage of what a signed distance bounds, (B, 1, S, S) in [0, 1]."""
        return (0.5 - distance / self.aa).clamp(0, 1)[:, None]


def _stamp(masks: torch.Tensor, u: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """Masks (B, 1, G, G) seen at coordinates (B, S, S), of which [-1, 1] is the mask."""
    grid = torch.stack([u, v], -1)
    return F.grid_sample(masks, grid, padding_mode="zeros", align_corners=False)


def _laid_out(spec: EmblemSpec) -> tuple[float, float]:
    """Half the side of a motif, and how far its middle lies below the picture's."""
    half, down = _MOTIF_HALF[spec.frame], 0.0
    if spec.ornament != "none":
        share, moved = _BESIDE[spec.ornament]
        half, down = share * _ORNAMENT_AT[spec.frame], moved * _ORNAMENT_AT[spec.frame]
    if spec.count > 1:
        half = _RING_HALF[spec.count]
    return half, down - _LIFT.get(spec.frame, 0) + _LOWER.get(spec.frame, 0)


def _motif_coverage(specs: Sequence[EmblemSpec], canvas: _Canvas) -> torch.Tensor:
    """Coverage of the motif, alone or in a ring, (B, 1, S, S) in [0, 1]."""
    column, x, y = canvas.column, canvas.x[None], canvas.y[None]
    counts = column([s.count for s in specs])
    alone = counts == 1
    sector = 2 * math.pi / counts
    angle = torch.remainder(torch.atan2(x, -y) + sector / 2, sector) - sector / 2
    radius = (x * x + y * y).sqrt()
    ring_at = column([0.40 if s.frame == "diamond" else 0.50 for s in specs])
    laid = [_laid_out(spec) for spec in specs]
    half = column([half for half, _down in laid]) * canvas.around(1.0, 0.03)
    squeeze = column([0.82 if s.count > 1 and s.frame == "diamond" else 1.0 for s in specs])
    u = torch.where(alone, x, radius * torch.sin(angle)) / (half * squeeze)
    v = torch.where(
        alone, y - column([down for _half, down in laid]), ring_at - radius * torch.cos(angle)
    )
    places = [glyph_place(s.motif, outlined=s.outlined, drawing=s.drawing) for s in specs]
    return _stamp(glyph_masks(canvas.device)[places][:, None], u, v / (half * squeeze))


def _ornament_coverage(specs: Sequence[EmblemSpec], canvas: _Canvas) -> torch.Tensor:
    """Coverage of wreaths and stars, (B, 1, S, S) in [0, 1]."""
    half = canvas.column([_ORNAMENT_AT[s.frame] * _ORNAMENT_HALF for s in specs])
    down = canvas.column([_LOWER.get(s.frame, 0) - _LIFT.get(s.frame, 0) for s in specs])
    masks = ornament_masks(canvas.device)[[_ORNAMENTS.index(s.ornament) for s in specs]]
    u, v = torch.broadcast_tensors(canvas.x[None] / half, (canvas.y[None] - down) / half)
    return _stamp(masks[:, None], u, v)


def render(
    specs: Sequence[EmblemSpec],
    *,
    seed: int,
    size_px: int = IMAGE_PX,
    jitter: float = 1.0,
    device: str = "cpu",
) -> torch.Tensor:
    """Draw emblems, (B, 3, S, S) in [-1, 1] on a device.

    `seed` decides the jitter of colours, scale and width; `jitter=0` draws the plain ideal.
    """
    batch = len(specs)
    canvas = _Canvas(batch, seed=seed, size_px=size_px, jitter=jitter, device=device)
    colour, inside, x, y = canvas.colour, canvas.inside, canvas.x, canvas.y

    radius = canvas.around(0.87, 0.03)
    distance = torch.full((batch, size_px, size_px), 9.0, device=device)
    tone = torch.zeros(batch, size_px, size_px, device=device)
    for frame, distance_to in _DISTANCES.items():
        rows = [i for i, s in enumerate(specs) if s.frame == frame]
        if rows:
            distance[rows] = distance_to(x[None], y[None], radius[rows])
    for pattern in _PATTERNS[1:]:
        rows = [i for i, s in enumerate(specs) if s.pattern == pattern]
        if rows:
            tone[rows] = _pattern(pattern, x, y, canvas.aa)

    image = colour([s.ground for s in specs]).expand(batch, 3, size_px, size_px).clone()
    plate = colour([s.frame_colour for s in specs])
    light = plate.mean(1, keepdim=True) > 0.45
    second = torch.where(light, plate * 0.80, plate * 0.76 + 0.24)
    image = torch.lerp(image, torch.lerp(plate, second, tone[:, None]), inside(distance))

    border = colour([s.border_colour or "white" for s in specs])
    has_border = canvas.column([s.border_colour is not None for s in specs])
    width = canvas.around(0.040, 0.006)
    edge = inside((distance + width + 0.03).abs() - width) * has_border[:, None]
    image = torch.lerp(image, border, edge)

    ink = colour([s.motif_colour for s in specs])
    image = torch.lerp(image, ink, _motif_coverage(specs, canvas))
    if any(s.ornament != "none" for s in specs):
        image = torch.lerp(image, ink, _ornament_coverage(specs, canvas))
    return image.clamp(0, 1) * 2 - 1
