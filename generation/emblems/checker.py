"""Does a picture show what its prompt says? `python -m generation.emblems.checker FOLDER`.

Every spec has an ideal rendering. Where the ideal is ground, frame or motif, the picture's
median colour there must be nearest to the right named colour; the motif must correlate best
with its own glyph among all of them, and a ring with its own count.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import torch

from generation.emblems.render import render
from generation.emblems.specs import EmblemSpec, caption, sample_spec
from generation.emblems.vocabulary import COLOURS, MOTIFS, RING_COUNTS

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


def _presence(picture: torch.Tensor, colour: str, behind: str) -> torch.Tensor:
    """How much each pixel is `colour` rather than what lies behind it, (S, S) in [0, 1]."""
    near, far = (
        (picture - _RGB[_NAMES.index(name)][:, None, None]).abs().sum(0)
        for name in (colour, behind)
    )
    return far / (near + far).clamp(min=1e-6)


def _best(picture: torch.Tensor, spec: EmblemSpec, variants: Sequence[EmblemSpec]) -> int:
    """Which variant's motif correlates best with where the picture has the motif's colour."""
    seen = _presence(picture, spec.motif_colour, spec.frame_colour)
    ideals = render(variants, seed=0, jitter=0, size_px=picture.shape[-1])
    wanted = torch.stack([_presence(i, spec.motif_colour, spec.frame_colour) for i in ideals])
    seen, wanted = seen - seen.mean(), wanted - wanted.mean((1, 2), keepdim=True)
    score = (wanted * seen).sum((1, 2)) / wanted.square().sum((1, 2)).sqrt().clamp(min=1e-6)
    return int(score.argmax())


def check(picture: torch.Tensor, spec: EmblemSpec) -> dict[str, bool]:
    """What of a spec a picture (3, S, S) in [-1, 1] follows; parts it has not are left out."""
    ideal = render([spec], seed=0, jitter=0, size_px=picture.shape[-1])[0]
    edge = torch.zeros(picture.shape[1:], dtype=torch.bool)
    band = picture.shape[-1] // 20
    edge[:band], edge[-band:], edge[:, :band], edge[:, -band:] = True, True, True, True
    found = {"ground": _named(picture, edge & _region(ideal, spec.ground)) == spec.ground}
    if spec.frame != "none":
        inner = _region(ideal, spec.frame_colour)
        found["frame colour"] = _named(picture, inner) == spec.frame_colour
    motif = _region(ideal, spec.motif_colour)
    found["motif colour"] = _named(picture, motif) == spec.motif_colour
    if spec.count == 1:
        motifs = list(MOTIFS)
        variants = [dataclasses.replace(spec, motif=name) for name in motifs]
        found["motif"] = motifs[_best(picture, spec, variants)] == spec.motif
    else:
        variants = [dataclasses.replace(spec, count=n) for n in RING_COUNTS]
        found["ring count"] = RING_COUNTS[_best(picture, spec, variants)] == spec.count
    return found


def rates(pictures: Sequence[torch.Tensor], specs: Sequence[EmblemSpec]) -> dict[str, float]:
    """Share of pictures that follow each part of their spec."""
    right: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for picture, spec in zip(pictures, specs, strict=True):
        for part, holds in check(picture, spec).items():
            asked[part] += 1
            right[part] += holds
    return {part: round(right[part] / asked[part], 3) for part in asked}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance", type=float, default=3.0)
    args = parser.parse_args()
    rng = random.Random(20_000)
    specs = [sample_spec(rng) for _ in range(args.count)]
    true = rates(list(render(specs, seed=1)), specs)

    from diffusers import DiffusionPipeline  # noqa: PLC0415 - slow to import

    import generation.emblems.pipeline  # noqa: F401, PLC0415 - makes the class loadable

    pipeline = DiffusionPipeline.from_pretrained(args.folder, torch_dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
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
    print(json.dumps({"true pictures": true, "drawn": rates(drawn, specs)}, indent=1))


if __name__ == "__main__":
    main()
