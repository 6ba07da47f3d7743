"""Does a picture show what its prompt says? `python -m generation.emblems.checker FOLDER`.

Every spec has ideal renderings, one for each drawing of its motif. Where the best of them is
ground, frame or motif, the picture's median colour there must be nearest to the right named colour.
Shapes are told by templates: the motif must correlate best with a drawing of its own among those of
all motifs, a ring with its own count; frame, pattern and ornament must be those whose rendering is
closest to the picture.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F

from generation.emblems.render import render
from generation.emblems.specs import DRAWINGS, EmblemSpec, caption, sample_spec
from generation.emblems.training import save_sheet
from generation.emblems.vocabulary import (
    COLOURS,
    FRAMES,
    MOTIFS,
    ORNAMENTS,
    PATTERNS,
    RING_COUNTS,
)

LOOKED_AT_PX = 128  # shapes are told at this size
_NAMES = list(COLOURS)
_RGB = torch.tensor([COLOURS[name] for name in _NAMES]).float() / 127.5 - 1  # (N, 3) in [-1, 1]
_SAME = 0.02
_FEWEST_PIXELS = 40


def _named(picture: torch.Tensor, mask: torch.Tensor) -> str | None:
    """The named colour nearest to a region's median; None when the region is too small."""
    pixels = picture[:, mask]  # (3, n)
    if pixels.shape[1] < _FEWEST_PIXELS:
        return None
    return _NAMES[int((_RGB - pixels.median(1).values).abs().sum(1).argmin())]


def _region(ideal: torch.Tensor, colour: str) -> torch.Tensor:
    rgb = _RGB[_NAMES.index(colour)][:, None, None]
    return (ideal - rgb).abs().amax(0) < _SAME


def _presence(pictures: torch.Tensor, colour: str, behind: str) -> torch.Tensor:
    """How much each pixel is `colour` rather than what lies behind it, (B, S, S) in [0, 1]."""
    near, far = (
        (pictures - _RGB[_NAMES.index(name)][:, None, None]).abs().sum(1)
        for name in (colour, behind)
    )
    return far / (near + far).clamp(min=1e-6)


def _ideals(variants: Sequence[EmblemSpec], size_px: int) -> torch.Tensor:
    return render(variants, seed=0, jitter=0, size_px=size_px)


def _drawn_alike(spec: EmblemSpec) -> list[EmblemSpec]:
    """A spec with each drawing its motif may have."""
    return [replace(spec, drawing=number) for number in range(DRAWINGS)]


@dataclass(frozen=True)
class _Look:
    """A picture (3, S, S) beside its spec, and the same made small to tell shapes."""

    picture: torch.Tensor
    small: torch.Tensor
    spec: EmblemSpec

    def alike(self, variants: Sequence[EmblemSpec]) -> torch.Tensor:
        """Correlation of the motif's place with that of each variant, (V,)."""
        colours = (self.spec.motif_colour, self.spec.frame_colour)
        seen = _presence(self.small[None], *colours)
        wanted = _presence(_ideals(variants, LOOKED_AT_PX), *colours)
        seen, wanted = seen - seen.mean(), wanted - wanted.mean((1, 2), keepdim=True)
        lengths = wanted.square().sum((1, 2)).sqrt().clamp(min=1e-6)
        return (wanted * seen).sum((1, 2)) / lengths

    def closest(self, part: str, values: Sequence[object]) -> bool:
        """Whether no other value of a part looks more like the picture, by mean distance."""
        variants = [replace(self.spec, **{part: value}) for value in values]  # type: ignore[arg-type]
        distance = (_ideals(variants, LOOKED_AT_PX) - self.small).abs().mean((1, 2, 3))
        return values[int(distance.argmin())] == getattr(self.spec, part)


def _motif(look: _Look) -> Iterator[tuple[str, bool]]:
    spec = look.spec
    if spec.count == 1:
        motifs = list(MOTIFS)
        variants = [v for name in motifs for v in _drawn_alike(replace(spec, motif=name))]
        yield "motif", motifs[int(look.alike(variants).argmax()) // DRAWINGS] == spec.motif
        return
    rings = [v for count in RING_COUNTS for v in _drawn_alike(replace(spec, count=count))]
    best = int(look.alike(rings).argmax()) // DRAWINGS
    yield "ring count", RING_COUNTS[best] == spec.count


def _parts(look: _Look) -> Iterator[tuple[str, bool]]:
    picture, spec = look.picture, look.spec
    alike = look.alike(_drawn_alike(spec))
    spec = replace(spec, drawing=int(alike.argmax()))
    look = replace(look, spec=spec)
    ideal = _ideals([spec], picture.shape[-1])[0]
    edge = torch.zeros(picture.shape[1:], dtype=torch.bool)
    band = picture.shape[-1] // 20
    edge[:band], edge[-band:], edge[:, :band], edge[:, -band:] = True, True, True, True
    yield "ground", _named(picture, edge & _region(ideal, spec.ground)) == spec.ground
    yield "frame", look.closest("frame", list(FRAMES))
    if spec.frame != "none":
        inner = _region(ideal, spec.frame_colour)
        yield "frame colour", _named(picture, inner) == spec.frame_colour
        patterned = look.closest("pattern", list(PATTERNS))
        yield ("pattern" if spec.pattern != "plain" else "no pattern"), patterned
        bordered = look.closest("border_colour", [None, *COLOURS])
        yield ("border" if spec.border_colour else "no border"), bordered
    motif = _region(ideal, spec.motif_colour)
    yield "motif colour", _named(picture, motif) == spec.motif_colour
    if spec.count == 1:
        adorned = look.closest("ornament", list(ORNAMENTS))
        yield ("ornament" if spec.ornament != "none" else "no ornament"), adorned
        yield "outlined or solid", look.closest("outlined", [False, True])
    yield from _motif(look)


def check(picture: torch.Tensor, spec: EmblemSpec) -> dict[str, bool]:
    """What of a spec a picture (3, S, S) in [-1, 1] follows; parts it has not are left out."""
    small = F.interpolate(picture[None], size=LOOKED_AT_PX, mode="area")[0]
    return dict(_parts(_Look(picture, small, spec)))


def rates(pictures: Sequence[torch.Tensor], specs: Sequence[EmblemSpec]) -> dict[str, float]:
    """Share of pictures that follow each part of their spec."""
    right: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for picture, spec in zip(pictures, specs, strict=True):
        for part, holds in check(picture, spec).items():
            asked[part] += 1
            right[part] += holds
    return {part: round(right[part] / asked[part], 3) for part in sorted(asked)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance", type=float, default=3.0)
    parser.add_argument("--shift", type=float, help="of the scheduler, if not its own")
    parser.add_argument("--sheet", type=Path, help="write the first 64 pictures into this file")
    args = parser.parse_args()
    rng = random.Random(20_000)
    specs = [sample_spec(rng) for _ in range(args.count)]
    true = rates(list(render(specs, seed=1)), specs)
    print(json.dumps({"true pictures": true}, indent=1), flush=True)

    from diffusers import DiffusionPipeline  # noqa: PLC0415 - slow to import

    import generation.emblems.pipeline  # noqa: F401, PLC0415 - makes the class loadable

    pipeline = DiffusionPipeline.from_pretrained(args.folder, torch_dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    if args.shift:
        pipeline.scheduler.set_shift(args.shift)
    drawn: list[torch.Tensor] = []
    for start in range(0, args.count, 20):
        prompts = [caption(spec) for spec in specs[start : start + 20]]
        seeds = [torch.Generator().manual_seed(start + i) for i in range(len(prompts))]
        images = pipeline(
            prompts,
            num_inference_steps=args.steps,
            guidance_scale=args.guidance,
            generator=seeds,
            output_type="pt",
        ).images
        drawn += list(images * 2 - 1)
        print(f"drawn {len(drawn)} of {args.count}", flush=True)
    if args.sheet:
        save_sheet(torch.stack(drawn[:64]), args.sheet, columns=8)
    print(json.dumps({"drawn": rates(drawn, specs)}, indent=1))


if __name__ == "__main__":
    main()
