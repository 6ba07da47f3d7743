"""How an agent turns a brief's words and the model's primitives into prompts: pure, seeded."""

from __future__ import annotations

import hashlib
import math
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from generation.words import a

RING_COUNTS = (4, 5, 6, 8)
RING_SHARE = 0.05
PATTERN_SHARE = 0.25
BORDER_SHARE = 0.5
STYLE_SHARE = 0.25  # of motifs that are not drawn solid
ORNAMENT_SHARE = 0.2
# A motif chosen once is that much less likely the next time in the same round.
REPEAT_DISCOUNT = 0.35
# Of the prompts, where a brief does not care for colours: these leave them to the model. Pictures
# of one prompt then differ in what people see first, so that votes on them teach something.
OPEN_SHARE = 0.7
EXPLORING_SHARE = 0.25  # of prompts, composed as if nothing had been learnt
GAIN = 2.0  # what is believed to win twice as often is chosen four times as often
Tastes = Mapping[str, float]  # kind:name → effect on a picture's score, log-odds


@dataclass(frozen=True)
class Choices:
    """What an agent may choose from, each with a score: higher fits the brief better."""

    motifs: Mapping[str, float]
    palettes: Mapping[str, float]
    palette_parts: Mapping[str, Sequence[str]]  # ground, frame, motif, border
    frames: Mapping[str, float]
    patterns: Mapping[str, str]  # name → how a prompt says it; plain ones say nothing
    styles: Mapping[str, str] = field(default_factory=dict)
    ornaments: Mapping[str, str] = field(default_factory=dict)
    open: bool = False  # whether prompts may leave colours to the model


@dataclass(frozen=True)
class Composition:
    """One composed prompt and the primitives it was built from."""

    prompt: str
    primitives: tuple[str, ...]
    believed: bool = False  # chosen by tastes as well, not by the brief alone


def forbidden(names: Sequence[str], must_not: str) -> set[str]:
    """The names a brief rules out by naming them, in singular or plural."""
    words = set(re.findall(r"[a-z]+", must_not.lower()))
    return {name for name in names if all(_plurals(word) & words for word in name.lower().split())}


def _plurals(word: str) -> set[str]:
    """A word and the plurals it may have: leaf, leafs, leaves; fox, foxes; lily, lilies."""
    forms = {word, f"{word}s", f"{word}es"}
    if word.endswith("y"):
        forms.add(f"{word[:-1]}ies")
    if word.endswith(("f", "fe")):
        forms.add(f"{word.removesuffix('e')[:-1]}ves")
    if word.endswith("s"):  # a name that is a plural itself: stripes, dots, halves
        forms.add(word[:-1])
    if word.endswith("ves"):
        forms.add(f"{word[:-3]}f")
    return forms


def softmax(scores: Mapping[str, float], temperature: float) -> dict[str, float]:
    """Shares in (0, 1] that sum to 1; a higher temperature makes them more equal."""
    top = max(scores.values())
    raised = {name: math.exp((score - top) / temperature) for name, score in scores.items()}
    total = sum(raised.values())
    return {name: value / total for name, value in raised.items()}


def _draw(rng: random.Random, shares: Mapping[str, float]) -> str:
    return rng.choices(list(shares), list(shares.values()))[0]


def _liked(shares: Mapping[str, float], kind: str, tastes: Tastes) -> dict[str, float]:
    """Shares, raised by what is believed of each; they need not sum to 1."""
    return {
        name: share * math.exp(GAIN * tastes.get(f"{kind}:{name}", 0))
        for name, share in shares.items()
    }


def compose(
    rng: random.Random,
    choices: Choices,
    *,
    count: int,
    boldness: float,
    tastes: Callable[[], Tastes] | None = None,
) -> list[Composition]:
    """Compose `count` different prompts; fewer when the primitives do not allow as many.

    Motifs and palettes are drawn by softmax over their fit, at temperature 0.08 · boldness:
    sentence similarities of good and poor matches lie about 0.3 apart. With `tastes`, which is
    asked anew for each prompt, what is believed of a primitive weighs in; but for a quarter of the
    prompts, so that nothing that fits is ever given up and what beliefs bring can be told. Where
    choices are open, most prompts name no colours.
    """
    temperature = 0.08 * boldness
    motifs = softmax(choices.motifs, temperature)
    palettes = softmax(choices.palettes, temperature * 1.5)
    made: dict[str, Composition] = {}
    for _attempt in range(count * 20):
        if len(made) == count:
            break
        believed = tastes is not None and rng.random() >= EXPLORING_SHARE
        taste = tastes() if tastes is not None and believed else {}
        motif = _draw(rng, _liked(motifs, "motif", taste))
        palette = _draw(rng, _liked(palettes, "palette", taste))
        composition = replace(_compose_one(rng, choices, motif, palette, taste), believed=believed)
        if composition.prompt not in made:
            made[composition.prompt] = composition
            motifs[motif] *= REPEAT_DISCOUNT
            total = sum(motifs.values())  # kept at 1: hundreds of discounts would underflow
            motifs = {name: share / total for name, share in motifs.items()}
    return list(made.values())


def _some(
    rng: random.Random, kind: str, said: Mapping[str, str], share: float, tastes: Tastes
) -> tuple[str, list[str]]:
    """Now and then one of what can be said, and the primitive it is; else nothing."""
    weights = {name: 1.0 for name, words in said.items() if words}
    if not weights or rng.random() >= share:
        return "", []
    name = _draw(rng, _liked(weights, kind, tastes))
    return said[name], [f"{kind}:{name}"]


def _compose_one(
    rng: random.Random, choices: Choices, motif: str, palette: str, tastes: Tastes
) -> Composition:
    ground, frame_colour, motif_colour, border = choices.palette_parts[palette]
    frame = _draw(rng, _liked(choices.frames, "frame", tastes))
    framed = frame != "none"
    style, styled = _some(rng, "style", choices.styles, STYLE_SHARE, tastes)
    ornament, adorned = _some(rng, "ornament", choices.ornaments, ORNAMENT_SHARE, tastes)
    used = [f"motif:{motif}", f"frame:{frame}", *styled]
    drawn = f"{style} {motif}".strip()
    if choices.open and rng.random() < OPEN_SHARE:
        said = f"{drawn} on {a(frame)}" if framed else drawn
        return Composition(", ".join(filter(None, (said, ornament))), (*used, *adorned))
    used.insert(1, f"palette:{palette}")
    count = rng.choice(RING_COUNTS) if rng.random() < RING_SHARE else 1
    # A palette's frame stands out from its ground; its motif need not.
    subject = f"{motif_colour if framed else frame_colour} {drawn}"
    if count > 1:
        subject = f"ring of {count} {subject} marks"
        used.append(f"ring:{count}")
        ornament, adorned = "", []  # rings are taught without
    parts = [subject, ornament]
    if framed:
        parts[0] += f" on {a(f'{frame_colour} {frame}')}"
        pattern, patterned = _some(rng, "pattern", choices.patterns, PATTERN_SHARE, tastes)
        if pattern:
            parts[0] += f" with {pattern}"
            used += patterned
        if rng.random() < BORDER_SHARE:
            parts.append(f"{border} border")
    parts.append(f"{ground} background")
    return Composition(", ".join(filter(None, parts)), (*used, *adorned))


def seed_for(*, round_id: int, prompt: str, index: int) -> int:
    """A seed in [0, 2**48) that is this wish's alone and can be recomputed."""
    digest = hashlib.sha256(f"{round_id}\n{prompt}\n{index}".encode()).digest()
    return int.from_bytes(digest[:6], "big")


def due_offsets_s(
    *, count: int, round_s: float, head_start: int = 8, share: float = 0.85
) -> list[float]:
    """Seconds after opening at which each picture is due: a few at once, then a steady trickle.

    The last is due after `share` of the round, so that all hang before it closes.
    """
    trickling = max(1, count - head_start)
    pace_s = round_s * share / trickling
    return [max(0, i - head_start + 1) * pace_s for i in range(count)]
