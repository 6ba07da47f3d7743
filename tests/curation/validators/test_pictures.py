"""Technical checks, and files that are made to hurt."""

from __future__ import annotations

import io
import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from curation.validators.colours import Palette, colour_shares
from curation.validators.errors import PictureBroken
from curation.validators.pictures import (
    MOST_BYTES,
    AskedSize,
    Blank,
    Decodable,
    Detail,
    Exhibit,
    open_picture,
)
from curation.validators.verdicts import Outcome, Policy

from .exhibits import SIDE_PX, emblem, encoded, exhibit


def outcome(kind, shown: Exhibit) -> str:
    return kind(kind.limit, policy=Policy.HOLD).judge(shown).outcome.value


def chunk(name: bytes, data: bytes) -> bytes:
    body = name + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def png(width: int, height: int, rows: bytes, depth: int = 8, colour: int = 2) -> bytes:
    """A PNG file whose header says what we like."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def animated(kind: str) -> bytes:
    return encoded(emblem(1), kind, save_all=True, append_images=[emblem(2)])


HOSTILE = {
    "nothing": b"",
    "text": b"<script>alert(1)</script>",
    "vector": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "pixel bomb": png(60_000, 60_000, bytes(1000)),
    "bomb that inflates": png(30_000, 30_000, bytes(40_000_000)),
    "endless header": png(2**31 - 1, 2**31 - 1, b""),
    "no pixels": png(16, 16, b""),
    "truncated": encoded(emblem())[:-200],
    "truncated JPEG": encoded(emblem(), "JPEG")[:-200],
    "truncated WebP": encoded(emblem(), "WEBP")[:-100],
    "animated PNG": animated("PNG"),
    "animated WebP": animated("WEBP"),
    "GIF": encoded(emblem(), "GIF"),
    "TIFF": encoded(emblem(), "TIFF"),
    "16 bits": encoded(Image.fromarray(np.full((16, 16), 40_000, dtype=np.uint16))),
    "print colours": encoded(emblem().convert("CMYK"), "JPEG"),
    "too many bytes": b"\x89PNG\r\n\x1a\n" + bytes(MOST_BYTES),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_threat_21_hostile_files_are_refused_in_plain_words(data) -> None:
    with pytest.raises(PictureBroken, match=r"^It (has|is|cannot)|^Its pixels are"):
        open_picture(data)
    verdict = Decodable(0, policy=Policy.DROP).judge(Exhibit(data, 16, 16))
    assert (verdict.outcome, verdict.score) == (Outcome.FAILED, 1)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
def test_pictures_of_our_kinds_are_read(kind) -> None:
    assert open_picture(encoded(emblem(), kind)).size == (SIDE_PX, SIDE_PX)


def test_what_is_transparent_becomes_white() -> None:
    seen = open_picture(encoded(Image.new("RGBA", (4, 4), (200, 0, 0, 0))))
    assert (seen.mode, seen.getpixel((1, 1))) == ("RGB", (255, 255, 255))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["PNG", "WEBP", "JPEG"]),
    st.lists(st.tuples(st.integers(0, 4000), st.binary(min_size=1, max_size=8)), max_size=6),
    st.integers(0, 4000),
)
def test_threat_21_damaged_files_are_read_or_refused_and_nothing_else(kind, damage, cut) -> None:
    data = bytearray(encoded(emblem(), kind))
    for place, garbage in damage:
        data[place : place + len(garbage)] = garbage
    with suppress(PictureBroken):  # and nothing else
        assert open_picture(bytes(data[: len(data) - cut])).mode == "RGB"


def test_good_picture_passes_everything() -> None:
    shown = exhibit(emblem())
    for kind in (Decodable, AskedSize, Blank, Detail, Palette):
        assert outcome(kind, shown) == "passed"


@pytest.mark.parametrize("size", [(SIDE_PX - 1, SIDE_PX), (SIDE_PX, 2 * SIDE_PX)])
def test_another_size_fails(size) -> None:
    assert outcome(AskedSize, exhibit(emblem(), width=size[0], height=size[1])) == "failed"


def dotted(pixels: int) -> Image.Image:
    image = Image.new("RGB", (SIDE_PX, SIDE_PX), "navy")
    for n in range(pixels):
        image.putpixel((n % SIDE_PX, n // SIDE_PX), (255, 255, 255))
    return image


def test_one_colour_is_blank_and_half_a_percent_is_not() -> None:
    for image in (Image.new("RGB", (64, 64), "navy"), dotted(20), dotted(0)):
        assert outcome(Blank, exhibit(image)) == "failed"
    assert outcome(Blank, exhibit(dotted(21))) == "passed"  # 21 of 4,096


def test_faint_noise_is_blank() -> None:
    noise = np.random.default_rng(1).integers(120, 126, (64, 64, 3), dtype=np.uint8)
    assert outcome(Blank, exhibit(Image.fromarray(noise))) == "failed"


def test_a_blur_has_no_detail() -> None:
    blur = emblem().filter(ImageFilter.GaussianBlur(24))
    assert outcome(Detail, exhibit(blur)) == "failed"
    assert outcome(Detail, exhibit(emblem().filter(ImageFilter.GaussianBlur(1)))) == "passed"
    assert outcome(Detail, exhibit(Image.new("RGB", (2, 2)))) == "failed"


def test_palette_counts_the_share_of_the_colours_asked_for() -> None:
    image = Image.new("RGB", (64, 64), "#162658")
    image.paste((250, 250, 250), (0, 0, 64, 4))
    shares = colour_shares(np.asarray(image, dtype=np.int16))
    assert (shares["navy"], shares["white"]) == (60 / 64, 4 / 64)
    assert sum(shares.values()) == pytest.approx(1)
    assert outcome(Palette, exhibit(image, palette=["navy"])) == "passed"
    assert outcome(Palette, exhibit(image, palette=["white", "red"])) == "failed"
    assert outcome(Palette, exhibit(image, palette=[])) == "passed"


def test_metadata_is_not_looked_at() -> None:
    buffer = io.BytesIO()
    emblem().save(buffer, "JPEG", exif=b"Exif\0\0<script>", comment=b"<script>")
    assert open_picture(buffer.getvalue()).mode == "RGB"
