"""Postcards: of the right size, with the pictures they were given and no others."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from PIL import Image, ImageFont

from curation.postcards import drawing
from curation.postcards.drawing import HEIGHT, MOST, WIDTH, draw_postcard

LOOK = os.environ.get("SALON_LOOK", "")  # a folder for pictures, to be looked at
COLOURS = ["#d02020", "#20a040", "#2040d0", "#d0a010", "#8020a0", "#10a0b0", "#f06090"]
TITLE = "An emblem for the harbour rowing club, round 3"


def drawn(*pictures: Image.Image, title: str = TITLE) -> Image.Image:
    data = draw_postcard(pictures=pictures, title=title)
    assert data[:3] == b"\xff\xd8\xff"
    assert len(data) < 300_000
    if LOOK:
        Path(LOOK, f"postcard-{len(pictures)}-{len(title)}.jpg").write_bytes(data)
    return Image.open(io.BytesIO(data)).convert("RGB")


def plain(colour: str, size: tuple[int, int] = (64, 64)) -> Image.Image:
    return Image.new("RGB", size, colour)


def share(card: Image.Image, colour: str) -> float:
    """How much of a card is about this colour."""
    wanted = Image.new("RGB", (1, 1), colour).getpixel((0, 0))
    near = sum(
        count
        for count, pixel in card.getcolors(WIDTH * HEIGHT)
        if max(abs(a - b) for a, b in zip(pixel, wanted, strict=True)) < 12
    )
    return near / (WIDTH * HEIGHT)


@pytest.mark.parametrize("count", [0, 1, 2, MOST])
def test_every_picture_hangs_the_first_one_large(count):
    card = drawn(*map(plain, COLOURS[:count]))
    assert card.size == (WIDTH, HEIGHT)
    shares = [share(card, colour) for colour in COLOURS]
    assert all(found > 0.03 for found in shares[:count])
    assert all(found < 0.001 for found in shares[count:])
    assert count == 0 or shares[0] > 0.15


def test_a_picture_is_never_cut_whatever_its_shape():
    wide = plain("#d02020", (90, 30))
    wide.paste("#2040d0", (80, 0, 90, 30))
    card = drawn(wide, plain("#20a040"))
    assert share(card, "#2040d0") > 0.005


def test_long_titles_are_cut_and_foreign_letters_left_out():
    with_title = drawn(*map(plain, COLOURS), title="w" * 500)
    without = drawn(*map(plain, COLOURS), title="שלום עולם")
    empty = drawn(*map(plain, COLOURS), title="")
    assert with_title.tobytes() != empty.tobytes()
    assert without.tobytes() == empty.tobytes()
    right = with_title.crop((WIDTH - 40, 0, WIDTH, HEIGHT))
    assert share(right.resize((WIDTH, HEIGHT)), "#67635b") < 0.001
    assert drawn(plain("#d02020"), title="gold anchor in a ring " * 30).size == (WIDTH, HEIGHT)


def test_the_house_s_typeface_is_used():
    assert drawing._font(40, weight=600).getname()[0].startswith("Bricolage")
    assert isinstance(drawing._font(40, weight=600), ImageFont.FreeTypeFont)
