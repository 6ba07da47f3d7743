"""What a brief leaves an agent to choose from, and how well each thing fits it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from curation.briefs.models import Brief
from generation.agents import rules
from generation.agents.models import Primitive
from generation.errors import GenerationError

Kind = Primitive.Kind
UNFRAMED_WEIGHT = 0.4  # a bare motif is asked for less often than any one frame
# (text, phrases) → how well each phrase fits the text, cosine in [-1, 1].
Affinity = Callable[[str, Sequence[str]], Sequence[float]]


class NothingToDraw(GenerationError):
    """The brief rules out everything the model was taught."""


def choices_for(brief: Brief, vocabulary: str, affinity: Affinity) -> rules.Choices:
    """Score a vocabulary's primitives against a brief's words; the brief need not be saved.

    Raises:
        NothingToDraw: the brief rules out every motif or every palette.
    """
    by_kind: dict[str, list[Primitive]] = {kind: [] for kind in Kind.values}
    for primitive in Primitive.objects.filter(vocabulary=vocabulary, active=True):
        by_kind[primitive.kind].append(primitive)
    names = [p.name for known in by_kind.values() for p in known]
    banned = rules.forbidden(names, brief.must_not)
    palettes = [p for p in by_kind[Kind.PALETTE] if not banned & set(p.parts)]
    text = ". ".join(filter(None, (brief.title, brief.purpose, brief.must)))
    motifs = _motifs(
        brief, text, [p for p in by_kind[Kind.MOTIF] if p.name not in banned], affinity
    )
    if not motifs or not palettes:
        raise NothingToDraw("The brief rules out every motif or every palette the model knows.")
    frames = {
        p.name: UNFRAMED_WEIGHT if p.name == "none" else 1.0
        for p in by_kind[Kind.FRAME]
        if p.name not in banned
    }
    return rules.Choices(
        motifs=motifs,
        palettes=_palettes(brief, text, palettes, affinity),
        palette_parts={p.name: p.parts for p in palettes},
        frames=frames or {"none": 1.0},
        patterns=_said(by_kind[Kind.PATTERN], banned),
        styles=_said(by_kind[Kind.STYLE], banned),
        ornaments=_said(by_kind[Kind.ORNAMENT], banned),
        open=not brief.palette and not _names_colours(brief, by_kind[Kind.COLOUR]),
    )


def _said(primitives: Sequence[Primitive], banned: Collection[str]) -> dict[str, str]:
    """How a prompt says each that is not ruled out."""
    return {p.name: p.gloss for p in primitives if p.name not in banned}


def _names_colours(brief: Brief, colours: Sequence[Primitive]) -> bool:
    """Whether a brief says anything about colours, for or against."""
    said = f"{brief.title} {brief.purpose} {brief.must} {brief.must_not}"
    return bool(rules.forbidden([colour.name for colour in colours], said))


def ruled_out(brief: Brief, vocabulary: str) -> tuple[list[str], list[str]]:
    """What a brief rules out: things it names, then palettes that have a colour it names."""
    known = list(Primitive.objects.filter(vocabulary=vocabulary, active=True).order_by("pk"))
    banned = rules.forbidden([p.name for p in known], brief.must_not)
    named = [p.name for p in known if p.kind != Kind.PALETTE and p.name in banned]
    palettes = [p.name for p in known if p.kind == Kind.PALETTE and banned & set(p.parts)]
    return named, palettes


def _motifs(
    brief: Brief, text: str, motifs: Sequence[Primitive], affinity: Affinity
) -> dict[str, float]:
    scores = _scored(text, motifs, affinity)
    asked_for = rules.forbidden(list(scores), brief.must)  # named in the brief: a strong wish
    return {name: score + (0.25 if name in asked_for else 0) for name, score in scores.items()}


def _palettes(
    brief: Brief, text: str, palettes: Sequence[Primitive], affinity: Affinity
) -> dict[str, float]:
    wanted = {colour.lower() for colour in brief.palette}
    parts = {p.name: set(p.parts) for p in palettes}
    scores = _scored(text, palettes, affinity)
    return {name: score + 0.06 * len(wanted & parts[name]) for name, score in scores.items()}


def _scored(text: str, primitives: Sequence[Primitive], affinity: Affinity) -> Mapping[str, float]:
    if not primitives:
        return {}
    scores = affinity(text, [f"{p.name}: {p.gloss}" for p in primitives])
    return {p.name: float(s) for p, s in zip(primitives, scores, strict=True)}
