"""What the page of beliefs says, in words and shares."""

from __future__ import annotations

from dataclasses import dataclass

from curation.standings.charts import chance
from generation.agents.beliefs import Belief, Effect, Seen, effect, learn
from generation.agents.models import Primitive
from generation.agents.selectors import judged_pictures
from generation.learning.shares import Share

Kind = Primitive.Kind
KINDS = {
    Kind.MOTIF: "Motifs",
    Kind.PALETTE: "Palettes",
    Kind.FRAME: "Frames",
    Kind.PATTERN: "Patterns",
    Kind.STYLE: "Styles",
    Kind.ORNAMENT: "Ornaments",
}
SURE = 5  # pictures; of fewer little can be told
SHOWN_AT_EACH_END = 6


@dataclass(frozen=True, slots=True)
class Line:
    """A primitive, and how often a picture with it would be chosen over one that has none."""

    name: str
    rate: Share  # its count: pictures it was in
    parts: tuple[str, ...]  # a palette's colours

    @property
    def is_unsure(self) -> bool:
        """Whether too few pictures had it."""
        return self.rate.count < SURE

    @property
    def words(self) -> str:
        """The belief as a verdict: what the interval allows to say."""
        if self.rate.low > 0.5:
            return "Liked"
        return "Not liked" if self.rate.high < 0.5 else "Not told yet"


@dataclass(frozen=True, slots=True)
class Group:
    """The primitives of a kind: what is liked most, what is liked least."""

    title: str
    top: list[Line]
    bottom: list[Line]
    untold: int  # in between, not shown


@dataclass(frozen=True, slots=True)
class BeliefsPage:
    """Everything the page says."""

    groups: list[Group]
    pictures: int
    rounds: int
    effect: Effect | None

    @property
    def effect_rate(self) -> Share | None:
        """How often a believed prompt's picture is chosen over an exploring one's."""
        found = self.effect
        if found is None:
            return None
        bounds = chance(found.mean), chance(found.low), chance(found.high)
        return Share(*bounds, found.believed + found.explored)


def beliefs_page(vocabulary: str) -> BeliefsPage:
    """What agents believe of a vocabulary's primitives by now."""
    seen: list[Seen] = judged_pictures(vocabulary)
    parts = {
        f"{kind}:{name}": tuple(parts)
        for kind, name, parts in Primitive.objects.filter(
            vocabulary=vocabulary, active=True
        ).values_list("kind", "name", "parts")
    }
    lines: dict[str, list[Line]] = {kind: [] for kind in KINDS}
    for belief in learn(seen).listed():
        kind = belief.name.partition(":")[0]
        if belief.name in parts and kind in lines:
            lines[kind].append(_line(belief, parts[belief.name]))
    return BeliefsPage(
        groups=[_group(title, lines[kind]) for kind, title in KINDS.items() if lines[kind]],
        pictures=len(seen),
        rounds=len({picture.round for picture in seen}),
        effect=effect(seen),
    )


def _line(belief: Belief, parts: tuple[str, ...]) -> Line:
    rate = Share(chance(belief.mean), chance(belief.low), chance(belief.high), belief.pictures)
    name = belief.name.partition(":")[2]
    return Line("no frame" if belief.name == "frame:none" else name, rate, parts)


def _group(title: str, lines: list[Line]) -> Group:
    top = lines[:SHOWN_AT_EACH_END]
    rest = lines[SHOWN_AT_EACH_END:]
    bottom = rest[-SHOWN_AT_EACH_END:]
    return Group(title, top, bottom, len(rest) - len(bottom))
