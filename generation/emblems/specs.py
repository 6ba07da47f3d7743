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
    ORNAMENTS,
    PALETTES,
    PATTERNS,
    RING_COUNTS,
)
from generation.words import a

# Two colours closer than this (L1 over sRGB in 0-1) are never laid on each other.
MIN_CONTRAST = 0.55
RARE_PATTERN_SHARE = 0.34
RING_SHARE = 0.12
BORDER_SHARE = 0.45
OUTLINED_SHARE = 0.3
ORNAMENT_SHARE = 0.2
PALETTE_SHARE = 0.3  # of emblems in the colours of a palette
VAGUE_CAPTION_SHARE = 0.2
LEADS = ("", "", "", "emblem, ", "logo, ", "icon: ")
DRAWINGS = 2  # of a motif in one style; some have but one


@dataclass(frozen=True, slots=True)
class EmblemSpec:
    """One emblem, complete: equal specs with equal jitter give equal pictures.

    `drawing` says which of a motif's drawings is used; no caption tells. `palette` is where the
    colours come from, so that a caption can name it in their place.
    """

    motif: str
    motif_colour: str
    ground: str
    frame: str = "none"
    frame_colour: str = "white"
    pattern: str = "plain"
    border_colour: str | None = None
    count: int = 1
    outlined: bool = False
    ornament: str = "none"
    palette: str | None = None
    drawing: int = 0


Captioned = tuple[list[EmblemSpec], list[str]]


def contrast(first: str, second: str) -> float:
    """L1 distance of two named colours over sRGB in 0-1, so in [0, 3]."""
    return sum(abs(a - b) for a, b in zip(COLOURS[first], COLOURS[second], strict=True)) / 255


_APART = {
    first: frozenset(other for other in COLOURS if contrast(first, other) > MIN_CONTRAST)
    for first in COLOURS
}


def _weighted(rng: random.Random, weights: Mapping[str, float]) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]


def _colours(
    rng: random.Random, palette: str | None, *, framed: bool
) -> tuple[str, str, str, str | None]:
    """Ground, frame, motif and border; the motif stands out from what lies behind it."""
    if palette:
        ground, frame, motif, edge = PALETTES[palette]
        # A palette's frame stands out from its ground; its motif need not.
        return (ground, frame, motif, edge) if framed else (ground, ground, frame, None)
    ground = _weighted(rng, GROUNDS)
    frame = rng.choice([c for c in COLOURS if c in _APART[ground]]) if framed else ground
    motif = rng.choice([c for c in COLOURS if c in _APART[frame]])
    border = rng.choice([c for c in COLOURS if c not in (frame, ground)]) if framed else None
    return ground, frame, motif, border


def sample_spec(rng: random.Random) -> EmblemSpec:
    """Draw one emblem by lot; every part stands out from what lies behind it."""
    frame = _weighted(rng, FRAMES)
    framed = frame != "none"
    palette = rng.choice(list(PALETTES)) if rng.random() < PALETTE_SHARE else None
    ground, frame_colour, motif_colour, border = _colours(rng, palette, framed=framed)
    pattern, ornament = "plain", "none"
    if framed and rng.random() < RARE_PATTERN_SHARE:
        pattern = rng.choice([p for p in PATTERNS if p != "plain"])
    count = rng.choice(RING_COUNTS) if rng.random() < RING_SHARE else 1
    if count == 1 and rng.random() < ORNAMENT_SHARE:
        ornament = rng.choice([o for o in ORNAMENTS if o != "none"])
    return EmblemSpec(
        motif=rng.choice(list(MOTIFS)),
        motif_colour=motif_colour,
        ground=ground,
        frame=frame,
        frame_colour=frame_colour,
        pattern=pattern,
        border_colour=border if rng.random() < BORDER_SHARE else None,
        count=count,
        outlined=rng.random() < OUTLINED_SHARE,
        ornament=ornament,
        palette=palette,
        drawing=rng.randrange(DRAWINGS),
    )


def _subject(spec: EmblemSpec, colour: str, *, style: bool = True) -> str:
    words = [colour, "outlined" if spec.outlined and style else "", spec.motif]
    named = " ".join(filter(None, words))
    return named if spec.count == 1 else f"ring of {spec.count} {named} marks"


def caption(spec: EmblemSpec, rng: random.Random | None = None) -> str:
    """Say a spec in words: in full without `rng`, else varied and now and then vague.

    In full, a palette is told by its colours. A varied caption of an emblem in a palette's colours
    names the palette half of the time.
    """
    lead = rng.choice(LEADS) if rng is not None else ""
    if rng is not None and rng.random() < VAGUE_CAPTION_SHARE:
        vague = lead + _subject(spec, "", style=rng.random() < 0.5)
        keep_frame = spec.frame != "none" and rng.random() < 0.6
        return f"{vague} on {a(spec.frame)}" if keep_frame else vague

    def said(share: float) -> bool:
        return rng is None or rng.random() < share

    named = spec.palette is not None and rng is not None and rng.random() < 0.5
    head = _subject(spec, "" if named else spec.motif_colour)
    details: list[str] = []
    if spec.frame != "none" and said(0.95):
        coloured = not named and said(0.95)
        head += " on " + a(f"{spec.frame_colour} {spec.frame}" if coloured else spec.frame)
        if spec.pattern != "plain":
            head += f" with {PATTERNS[spec.pattern]}"
    if spec.ornament != "none" and said(0.95):
        details.append(ORNAMENTS[spec.ornament])
    if spec.border_colour and said(0.92):
        details.append("border" if named else f"{spec.border_colour} border")
    if named:
        details.append(f"{spec.palette} colours")
    elif said(0.85):
        details.append(f"{spec.ground} background")
    return ", ".join([lead + head, *details])


def captioned(number: int, count: int) -> Captioned:
    """So many emblems with what is said of each; a number decides them all."""
    rng = random.Random(number)
    specs = [sample_spec(rng) for _ in range(count)]
    return specs, [caption(spec, rng) for spec in specs]
