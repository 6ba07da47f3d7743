"""What an emblem is made of, how one is drawn by lot, and how it is said in words."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from generation.emblems.vocabulary import (
    COLOURS,
    FRAMES,
    GROUNDS,
    MOTIFS,
    PATTERNS,
    RING_COUNTS,
)

# Two colours closer than this (L1 over sRGB in 0-1) are never laid on each other.
MIN_CONTRAST = 0.55
RARE_PATTERN_SHARE = 0.30
RING_SHARE = 0.10
BORDER_SHARE = 0.45
VAGUE_CAPTION_SHARE = 0.2
LEADS = ("", "", "", "emblem of a ", "logo, ", "icon: ")


@dataclass(frozen=True, slots=True)
class EmblemSpec:
    """One emblem, complete: equal specs with equal jitter give equal pictures."""

    motif: str
    motif_colour: str
    ground: str
    frame: str = "none"
    frame_colour: str = "white"
    pattern: str = "plain"
    border_colour: str | None = None
    count: int = 1


def contrast(first: str, second: str) -> float:
    """L1 distance of two named colours over sRGB in 0-1, so in [0, 3]."""
    return sum(abs(a - b) for a, b in zip(COLOURS[first], COLOURS[second], strict=True)) / 255


def _weighted(rng: random.Random, weights: Mapping[str, float]) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]


def _contrasting(rng: random.Random, *others: str) -> str:
    return rng.choice([c for c in COLOURS if all(contrast(c, o) > MIN_CONTRAST for o in others)])


def sample_spec(rng: random.Random) -> EmblemSpec:
    """Draw one emblem by lot; every part stands out from what lies behind it."""
    ground = _weighted(rng, GROUNDS)
    frame = _weighted(rng, FRAMES)
    framed = frame != "none"
    frame_colour = _contrasting(rng, ground) if framed else ground
    pattern = "plain"
    if framed and rng.random() < RARE_PATTERN_SHARE:
        pattern = rng.choice([p for p in PATTERNS if p != "plain"])
    border = None
    if framed and rng.random() < BORDER_SHARE:
        border = rng.choice([c for c in COLOURS if c not in (frame_colour, ground)])
    return EmblemSpec(
        motif=rng.choice(list(MOTIFS)),
        motif_colour=_contrasting(rng, frame_colour),
        ground=ground,
        frame=frame,
        frame_colour=frame_colour,
        pattern=pattern,
        border_colour=border,
        count=rng.choice(RING_COUNTS) if rng.random() < RING_SHARE else 1,
    )


def _subject(spec: EmblemSpec, colour: str) -> str:
    named = f"{colour} {spec.motif}".strip()
    return named if spec.count == 1 else f"ring of {spec.count} {named} marks"


def caption(spec: EmblemSpec, rng: random.Random | None = None) -> str:
    """Say a spec in words: in full without `rng`, else varied and now and then vague."""
    if rng is not None and rng.random() < VAGUE_CAPTION_SHARE:
        vague = rng.choice(LEADS) + _subject(spec, "")
        keep_frame = spec.frame != "none" and rng.random() < 0.6
        return f"{vague} on a {spec.frame}" if keep_frame else vague

    def said(share: float) -> bool:
        return rng is None or rng.random() < share

    head = _subject(spec, spec.motif_colour)
    details: list[str] = []
    if spec.frame != "none" and said(0.95):
        ground = f"{spec.frame_colour} {spec.frame}" if said(0.95) else spec.frame
        head += f" on a {ground}"
        if spec.pattern != "plain":
            head += f" with {PATTERNS[spec.pattern]}"
    if spec.border_colour and said(0.92):
        details.append(f"{spec.border_colour} border")
    if said(0.85):
        details.append(f"{spec.ground} background")
    lead = rng.choice(LEADS) if rng is not None else ""
    return ", ".join([lead + head, *details])
