"""A member's portrait, drawn from nothing but their address: a regular of a Paris salon.

Every choice reads the next two bytes of SHA-256(address ‖ counter), so the same address has
the same face for ever, on every machine; reordering the choices below would change every face.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import TypeVar

from curation.accounts import avatar_paint as paint
from curation.accounts import avatar_shapes as shapes
from curation.accounts.avatar_paint import disc, distance, line, luminance, mix, path
from curation.accounts.rules import checksum_address

T = TypeVar("T")
HATLESS_SHARE = 0.52
PAINTED_SHARE = 0.16  # of skins that no person has
_CLEAR = 42.0  # least distance of a face from its ground, in sRGB levels
_APART = 78.0  # least distance of hair from what it lies on, likewise


class _Lots:
    """Choices that follow from an address."""

    def __init__(self, address: str) -> None:
        self._bytes = self._stream(bytes.fromhex(address[2:]))

    @staticmethod
    def _stream(seed: bytes) -> Iterator[int]:
        counter = 0
        while True:
            yield from hashlib.sha256(seed + counter.to_bytes(4)).digest()
            counter += 1

    def share(self) -> float:
        """A number in [0, 1)."""
        return (next(self._bytes) * 256 + next(self._bytes)) / 65536

    def one_of(self, options: Sequence[T]) -> T:
        return options[int(self.share() * len(options))]

    def between(self, low: float, high: float) -> float:
        """A number in [low, high), to a tenth."""
        return round(low + self.share() * (high - low), 1)


def portrait(address: str) -> str:
    """The SVG of an address, a square of 120 by 120 units without text, script or links.

    Raises:
        AddressInvalid: the address is none.
    """
    return _Sitter(_Lots(checksum_address(address))).svg()


class _Sitter:
    """One person: who they are is decided first, then they are painted back to front."""

    def __init__(self, lots: _Lots) -> None:
        self.lots = lots
        painted = lots.share() < PAINTED_SHARE
        self.skin = lots.one_of(shapes.PAINTED_SKINS if painted else shapes.SKINS)
        self.scheme = lots.one_of(
            [scheme for scheme in shapes.SCHEMES if distance(scheme.ground, self.skin) > _CLEAR]
        )
        self.shade = mix(self.skin, "#4a1f3a", 0.2)
        hairs = shapes.PAINTED_HAIRS if painted or lots.share() < 0.2 else self._grown()
        self.hair = self._apart(hairs, self.skin, self.scheme.ground)
        self.half, self.jaw = lots.between(20, 22.5), lots.between(0.45, 0.85)
        self.chin = lots.between(80, 84)
        self.dress()

    def dress(self) -> None:
        """What is on the head: hair alone, a hat over short or hanging hair, or a scarf."""
        lots, bare = self.lots, self.lots.share()
        self.hat = self.back = self.front = ""
        if bare < HATLESS_SHARE:
            self.front = lots.one_of(list(shapes.HAIR_FRONT))
            allowed = ["none", "none", *shapes.HAIR_BACK]
            self.back = "none" if self.front in ("bald", "wisps") else lots.one_of(allowed)
        elif bare < 0.94:
            self.hat = lots.one_of(list(shapes.HATS))
            wrapped = self.hat == "turban"
            self.back = "none" if wrapped else lots.one_of(("none", "none", "bob", "long", "braid"))
            self.front = "" if wrapped else "crop"
        else:
            self.hat = "scarf"
        self.hat_colour = self._apart(
            (self.scheme.accent, self.scheme.coat, shapes.INK), self.scheme.ground, self.skin
        )
        self.band = self.scheme.coat if self.hat_colour != self.scheme.coat else self.scheme.accent

    def _grown(self) -> Sequence[str]:
        """Hair that grows with this skin: grey with any, else about as dark or darker."""
        limit = luminance(self.skin)
        return [c for c in shapes.HAIRS if luminance(c) < limit] + list(shapes.GREYS)

    def _apart(self, colours: Sequence[str], *others: str) -> str:
        """A colour by lot of those that stand out from the others; else the one that does most."""
        clear = [c for c in colours if min(distance(c, other) for other in others) > _APART]
        best = max(colours, key=lambda c: min(distance(c, other) for other in others))
        return self.lots.one_of(clear or [best])

    def svg(self) -> str:
        """The painting."""
        layers = (
            *self._behind(),
            *self._bust(),
            *self._head(),
            *self._features(),
            *self._whiskers(),
            *self._headdress(),
            *self._trinkets(),
        )
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 120">'
            f'{"".join(self._ground())}<g transform="translate(-7.2 -3.5) scale(1.12)">'
            f"{''.join(layers)}</g></svg>\n"
        )

    def _ground(self) -> Iterator[str]:
        yield f'<rect width="120" height="120" fill="{self.scheme.ground}"/>'
        motif, kind = self.scheme.motif, int(self.lots.share() * 5)
        if kind == 1:
            yield disc(60, 56, 46, motif)
        elif kind == 2:
            yield path("M18 120V58A42 42 0 0 1 102 58V120Z", motif)
        elif kind == 3:
            yield path("M10 0H24V120H10ZM38 0H52V120H38ZM68 0H82V120H68ZM96 0H110V120H96Z", motif)
        elif kind == 4:
            yield path("M60 0H120V120H60Z", motif)

    def _behind(self) -> Iterator[str]:
        if self.hat == "scarf":
            yield path(shapes.SCARF_BACK, mix(self.hat_colour, shapes.INK, 0.22))
        elif self.back != "none" and self.back:
            yield path(shapes.HAIR_BACK[self.back], mix(self.hair, shapes.INK, 0.16))

    def _bust(self) -> Iterator[str]:
        coat, accent = self.scheme.coat, self.scheme.accent
        yield path(shapes.BODY, coat)
        yield path(shapes.BODY_SHADE, mix(coat, shapes.INK, 0.16))
        yield path(shapes.NECK, self.skin)
        yield path(shapes.NECK_SHADE, self.shade)
        yield self.lots.one_of(paint.NECKWEAR)(coat, accent, self.skin)

    def _head(self) -> Iterator[str]:
        left, right = 60 - self.half, 60 + self.half
        yield disc(left + 0.5, 58, 4.6, self.skin)
        yield disc(right - 0.5, 58, 4.6, self.shade)
        yield path(self._outline(-1) + self._outline(1), self.skin)
        yield path(self._outline(1), self.shade)

    def _outline(self, side: int) -> str:
        """Half a head, from the crown down to the chin; `side` is -1 or 1."""
        edge = 60 + side * self.half
        temple = round(60 + side * self.half * 0.62, 1)
        cheek, corner = round(54 + (self.chin - 54) * self.jaw, 1), 60 + side * self.half * self.jaw
        return (
            f"M60 31C{temple} 31 {edge} 39 {edge} 54C{edge} {cheek} {corner:.1f} {self.chin}"
            f" 60 {self.chin}Z"
        )

    def _features(self) -> Iterator[str]:
        lots = self.lots
        dark = luminance(self.skin) < 80
        ink = "#0d0a0b" if dark else shapes.INK
        red = mix("#b3303f", self.skin, 0.3 if dark else 0.15)
        lips = red if dark or lots.share() < 0.5 else mix(self.shade, ink, 0.5)
        brow = self.hair if distance(self.hair, self.skin) > 60 else ink
        if lots.share() < 0.3:
            blush = mix(self.skin, "#e0503f", 0.38)
            yield disc(47, 66, 4.2, blush) + disc(73, 66, 4.2, mix(blush, self.shade, 0.4))
        yield line(lots.one_of(shapes.BROWS), brow, 2.4)
        yield from paint.eyes(int(lots.share() * 5), ink, self.scheme.accent)
        yield line(lots.one_of(shapes.NOSES), mix(self.shade, ink, 0.32), 2)
        mouth = lots.one_of(shapes.MOUTHS)
        yield path(mouth, lips) if mouth.endswith("Z") else line(mouth, lips, 2.6)

    def _whiskers(self) -> Iterator[str]:
        if self.lots.share() < 0.17:
            # A goatee in a colour of lips would be taken for a tongue.
            beards = [b for b in shapes.BEARDS if b != "goatee" or self.hair in shapes.HAIRS]
            yield path(shapes.BEARDS[self.lots.one_of(beards)], self.hair)
            yield line("M55 74H65", mix(self.skin, "#a3182f", 0.5), 2.6)
        if self.lots.share() < 0.22:
            kind = self.lots.one_of(list(shapes.MOUSTACHES))
            yield path(shapes.MOUSTACHES[kind], mix(self.hair, shapes.INK, 0.12))

    def _headdress(self) -> Iterator[str]:
        if self.front:
            yield path(shapes.HAIR_FRONT[self.front], self.hair)
        if self.hat == "scarf":
            yield f'<path d="{shapes.SCARF_FRONT}" fill="{self.hat_colour}" fill-rule="evenodd"/>'
        elif self.hat:
            crown, band = shapes.HATS[self.hat]
            yield path(crown, self.hat_colour) + path(band, self.band)
        elif self.front and self.lots.share() < 0.1:
            yield from paint.flowers(self.scheme.accent)

    def _trinkets(self) -> Iterator[str]:
        kind = self.lots.share()
        if kind < 0.3:
            yield from paint.glasses(int(self.lots.share() * 4), self.scheme.accent)
        if self.lots.share() < 0.28 and self.hat != "scarf":
            metal = self.lots.one_of(("#e3b04b", "#f4efe4", self.scheme.accent))
            both = self.lots.share() < 0.6
            yield disc(60 - self.half, 66, 2.6, metal)
            yield disc(60 + self.half, 66, 2.6, metal) if both else ""
