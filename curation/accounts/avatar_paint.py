"""The brush of the portraits: SVG elements, colours mixed, and the small things people wear."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from curation.accounts.avatar_shapes import INK, LINEN


def path(d: str, fill: str) -> str:
    """A filled shape."""
    return f'<path d="{d}" fill="{fill}"/>'


def line(d: str, stroke: str, width: float, fill: str = "none") -> str:
    """A stroke with round ends."""
    return (
        f'<path d="{d}" fill="{fill}" stroke="{stroke}" stroke-width="{width}"'
        ' stroke-linecap="round" stroke-linejoin="round"/>'
    )


def disc(x: float, y: float, radius: float, fill: str) -> str:
    """A filled circle."""
    return f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" fill="{fill}"/>'


def _levels(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of `#rrggbb`, 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mix(colour: str, other: str, share: float) -> str:
    """`colour` with a share in [0, 1] of another."""
    pairs = zip(_levels(colour), _levels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def luminance(colour: str) -> float:
    """How light a colour looks, 0 to 255 (Rec. 709 weights on sRGB levels)."""
    red, green, blue = _levels(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def distance(colour: str, other: str) -> float:
    """How far apart two colours look, in sRGB levels; lightness counts most."""
    pairs = zip(_levels(colour), _levels(other), strict=True)
    hue = sum((a - b) ** 2 for a, b in pairs) / 9
    return float((hue + (luminance(colour) - luminance(other)) ** 2) ** 0.5)


def eyes(kind: int, ink: str, accent: str) -> Iterator[str]:
    """Five ways to look: open, wide, closed, with lids, or half turned away."""
    if kind == 2:
        yield line("M47 56Q51 52.5 55 56M65 56Q69 52.5 73 56", ink, 2.4)
    elif kind == 1:
        for x in (51, 69):
            yield f'<ellipse cx="{x}" cy="55" rx="4.6" ry="3.6" fill="#fbf7ef"/>'
            yield disc(x, 55, 2.7, ink)
    elif kind == 3:
        yield disc(51, 56, 2.6, ink) + disc(69, 56, 2.6, ink)
        yield line("M47 54.4Q51 51.4 55 54.4M65 54.4Q69 51.4 73 54.4", mix(accent, INK, 0.35), 2.2)
    else:
        shift = 1.4 if kind == 4 else 0
        yield disc(51 + shift, 55, 2.9, ink) + disc(69 + shift, 55, 2.9, ink)


def glasses(kind: int, accent: str) -> Iterator[str]:
    """Round, square, dark, or a monocle on a cord."""
    rim = INK if kind != 1 else mix(accent, INK, 0.3)
    if kind == 3:
        yield line("M77.5 56Q84 78 79 100", rim, 1.4)
        yield '<circle cx="69" cy="55.5" r="8" fill="none" stroke="#d9a93f" stroke-width="2.6"/>'
    elif kind == 1:
        yield line("M42 50H57V61H42ZM63 50H78V61H63ZM57 54H63", rim, 2.4)
    else:
        fill = "#2a2327" if kind == 2 else "none"
        for x in (50, 70):
            yield (
                f'<circle cx="{x}" cy="55.5" r="7.6" fill="{fill}" stroke="{rim}"'
                ' stroke-width="2.4"/>'
            )
        yield line("M57.5 54Q60 52.5 62.5 54", rim, 2.2)


def flowers(accent: str) -> Iterator[str]:
    """A wreath over the forehead."""
    for x, y, tone in ((41, 38, 0.0), (48, 31, 0.5), (57, 28, 0.0), (66, 28, 0.5), (75, 33, 0.0)):
        yield disc(x, y, 5.4, mix(accent, LINEN, tone))
        yield disc(x, y, 1.9, "#d9a93f" if tone else LINEN)


def _shirt(coat: str, accent: str, skin: str) -> str:
    lapels = "M44 91L34 98L52 118L60 108ZM76 91L86 98L68 118L60 108Z"
    return path("M47 90L60 120L73 90L60 99Z", LINEN) + path(lapels, mix(coat, INK, 0.3))


def _tie(coat: str, accent: str, skin: str) -> str:
    return _shirt(coat, accent, skin) + path("M57 99H63L62 104L65 120H55L58 104Z", accent)


def _bow(coat: str, accent: str, skin: str) -> str:
    bow = "M60 100L46 93Q44 101 46 109ZM60 100L74 93Q76 101 74 109Z"
    return (
        _shirt(coat, accent, skin) + path(bow, accent) + disc(60, 101, 3.2, mix(accent, INK, 0.25))
    )


def _cravat(coat: str, accent: str, skin: str) -> str:
    folds = "M48 88C54 93 66 93 72 88L74 98C68 103 71 111 66 120H54C49 111 52 103 46 98Z"
    return path(folds, LINEN) + line("M60 99V118M55 101L56 112M65 101L64 112", "#d8cdbb", 1.6)


def _rollneck(coat: str, accent: str, skin: str) -> str:
    neck = "M46 82Q60 88 74 82L76 97Q60 104 44 97Z"
    return path(neck, accent) + line("M47 89Q60 95 73 89", mix(accent, INK, 0.25), 1.8)


def _scarf(coat: str, accent: str, skin: str) -> str:
    dark = mix(accent, INK, 0.22)
    tail = path("M64 96L80 99L83 120H68Z", dark)
    return tail + path(
        "M42 84C50 93 70 93 78 84C85 91 84 99 78 102C66 107 54 107 42 102C36 99 35 91 42 84Z",
        accent,
    )


def _ruff(coat: str, accent: str, skin: str) -> str:
    spots = [(34, 91), (42, 96), (51, 99), (60, 100), (69, 99), (78, 96), (86, 91)]
    outer = "".join(disc(x, y, 8.4, LINEN) for x, y in spots)
    return outer + "".join(disc(x, y, 3.6, "#dcd2c2") for x, y in spots)


def _pearls(coat: str, accent: str, skin: str) -> str:
    beads = [(46, 93), (49.5, 98.5), (54.3, 102), (60, 103.3), (65.7, 102), (70.5, 98.5), (74, 93)]
    neckline = path("M42 91C44 106 52 112 60 112C68 112 76 106 78 91L70 86H50Z", skin)
    return neckline + "".join(disc(x, y, 3.1, "#fbf4e6") for x, y in beads)


def _buttons(coat: str, accent: str, skin: str) -> str:
    collar = path("M43 90L60 99L77 90L80 97L60 107L40 97Z", accent)
    return collar + disc(60, 112, 2.4, LINEN)


NECKWEAR: Final[tuple[Callable[[str, str, str], str], ...]] = (
    _shirt, _tie, _bow, _cravat, _rollneck, _scarf, _ruff, _pearls, _buttons,
)  # fmt: skip
