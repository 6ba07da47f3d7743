"""Draws the picture that stands for a page where its link is shared: a piece of the wall."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache

from django.contrib.staticfiles import finders
from PIL import Image, ImageDraw, ImageFilter, ImageFont

WIDTH, HEIGHT = 1200, 630  # px; what Open Graph and the services that read it ask for
MOST = 7  # pictures: one large, six small
LETTERS = frozenset(map(chr, (*range(0x20, 0x7F), *range(0xA0, 0x100)))) | frozenset("‘’“”–—…€·")

_FONT = "fonts/bricolage-grotesque-latin-standard-normal.woff2"
_WALL, _MAT, _INK, _QUIET, _CANVAS = "#fcfbf9", "#ffffff", "#161513", "#67635b", "#efece5"
_EDGE = (22, 21, 19, 18)
_MARGIN, _TALL, _SMALL = 48, 430, 200  # px: of the wall, the large frame, a small one
_MAT_SHARE = 0.065  # of a frame's side, as on the site's walls
_QUALITY = 88


def draw_postcard(*, pictures: Sequence[Image.Image], title: str) -> bytes:
    """JPEG bytes, WIDTH × HEIGHT: up to MOST pictures in their frames, and a title.

    One picture hangs beside the title, several hang above it; without any, frames hang empty. A
    title in letters that the house's typeface lacks is left out.
    """
    card = Image.new("RGB", (WIDTH, HEIGHT), _WALL)
    shown = title if LETTERS.issuperset(title) else ""
    if len(pictures) == 1:
        _hang(card, pictures[0], (_MARGIN, 100, _TALL))
        _write_beside(card, shown)
    else:
        for number, place in enumerate(_places()):
            _hang(card, pictures[number] if number < len(pictures) else None, place)
        _write_below(card, shown)
    buffer = io.BytesIO()
    card.save(buffer, "JPEG", quality=_QUALITY, optimize=True, progressive=True)
    return buffer.getvalue()


def _places() -> list[tuple[int, int, int]]:
    """Left, top and side of every frame, the large one first."""
    left, gap = _MARGIN + _TALL + 24, _TALL - 2 * _SMALL
    columns = [left + column * (_SMALL + 25) for column in range(3)]
    rows = [_MARGIN, _MARGIN + _SMALL + gap]
    return [(_MARGIN, _MARGIN, _TALL), *((x, y, _SMALL) for y in rows for x in columns)]


def _hang(card: Image.Image, picture: Image.Image | None, place: tuple[int, int, int]) -> None:
    """Hang a picture in a frame with its shadow; an empty frame where there is none."""
    left, top, side = place
    _cast_shadow(card, place)
    draw = ImageDraw.Draw(card, "RGBA")
    draw.rectangle((left, top, left + side - 1, top + side - 1), fill=_MAT)
    mat = round(side * _MAT_SHARE)
    inner = side - 2 * mat
    canvas = Image.new("RGB", (inner, inner), _CANVAS)
    if picture is not None:
        fitted = picture.convert("RGB")
        scale = inner / max(fitted.size)
        size = (max(1, round(fitted.width * scale)), max(1, round(fitted.height * scale)))
        fitted = fitted.resize(size, Image.Resampling.LANCZOS)
        canvas.paste(fitted, ((inner - size[0]) // 2, (inner - size[1]) // 2))
    card.paste(canvas, (left + mat, top + mat))
    box = (left + mat, top + mat, left + mat + inner - 1, top + mat + inner - 1)
    draw.rectangle(box, outline=_EDGE)


def _cast_shadow(card: Image.Image, place: tuple[int, int, int]) -> None:
    left, top, side = place
    around = 24  # px that the shadow reaches
    shade = Image.new("L", (side + 2 * around, side + 2 * around), 0)
    ImageDraw.Draw(shade).rectangle((around, around, around + side, around + side), fill=46)
    shade = shade.filter(ImageFilter.GaussianBlur(around / 3))
    card.paste(_INK, (left - around, top - around + 8), shade)


def _write_below(card: Image.Image, title: str) -> None:
    draw = ImageDraw.Draw(card)
    line = HEIGHT - 62  # px, the baseline
    wordmark = _font(60, weight=760, width=80)
    draw.text((_MARGIN, line), "Salon", font=wordmark, fill=_INK, anchor="ls")
    left = _MARGIN + wordmark.getlength("Salon") + 28
    font = _font(34, weight=480)
    said = _cut(title, font, WIDTH - _MARGIN - left)
    draw.text((left, line), said, font=font, fill=_QUIET, anchor="ls")


def _write_beside(card: Image.Image, title: str) -> None:
    draw = ImageDraw.Draw(card)
    left = _MARGIN + _TALL + 64
    font = _font(54, weight=640, width=88)
    lines = _wrap(title, font, WIDTH - _MARGIN - left, most=5)
    for number, line in enumerate(lines):
        draw.text((left, 150 + number * 62), line, font=font, fill=_INK, anchor="ls")
    wordmark = _font(44, weight=760, width=80)
    draw.text((left, 100 + _TALL), "Salon", font=wordmark, fill=_QUIET, anchor="ls")


def _wrap(text: str, font: ImageFont.FreeTypeFont, width: float, *, most: int) -> list[str]:
    """Lines no wider than so many px; what does not fit into `most` of them is cut off."""
    lines: list[str] = []
    words = text.split()
    while words:
        count = len(words)
        while count > 1 and font.getlength(" ".join(words[:count])) > width:
            count -= 1
        if len(lines) == most - 1:
            return [*lines, _cut(" ".join(words), font, width)]
        lines.append(_cut(" ".join(words[:count]), font, width))
        words = words[count:]
    return lines


def _cut(text: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    """The text, or as much of it as fits, with an ellipsis."""
    text = text[:200]
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text.rstrip()}…"


@lru_cache(maxsize=8)
def _font(size: int, *, weight: int, width: int = 100) -> ImageFont.FreeTypeFont:
    """The house's typeface at a size in px, with weight and width as in the style sheets."""
    path = finders.find(_FONT)
    if not isinstance(path, str):
        return ImageFont.load_default(size)  # type: ignore[return-value]
    font = ImageFont.truetype(path, size)
    font.set_variation_by_axes([min(96, size), weight, width])
    return font
