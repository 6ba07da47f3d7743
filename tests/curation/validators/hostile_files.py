"""Image files made to hurt whoever decodes them, made here rather than kept."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
from PIL import Image, PngImagePlugin

from curation.validators.pictures import MOST_BYTES

from .exhibits import emblem, encoded

SIGNATURE = b"\x89PNG\r\n\x1a\n"
SCRIPT = b"<script>alert(document.domain)</script>"
ZEROS = bytes(8_000_000)


def chunk(name: bytes, data: bytes = b"") -> bytes:
    body = name + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def header(width: int, height: int, depth: int = 8, colour: int = 2, interlaced: int = 0) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced))


def png(width: int, height: int, rows: bytes, *extra: bytes, **how: int) -> bytes:
    """A PNG file whose header says what we like, with more chunks before the pixels."""
    pixels = chunk(b"IDAT", zlib.compress(rows, 9))
    return SIGNATURE + header(width, height, **how) + b"".join(extra) + pixels + chunk(b"IEND")


def small(*extra: bytes) -> bytes:
    """A sound picture of 16 × 16 with more chunks."""
    return png(16, 16, (b"\0" + bytes(48)) * 16, *extra)


def packed(times: int = 1) -> bytes:
    """Zeros that deflate to a thousandth."""
    return zlib.compress(ZEROS * times, 9)


@cache
def _solid(kind: str, side: int, **how: object) -> bytes:
    return encoded(Image.new("RGB", (side, side), "navy"), kind, **how)


def resized_jpeg(width: int, height: int) -> bytes:
    """A JPEG whose frame header tells of more pixels than it has."""
    data = bytearray(encoded(emblem(), "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def many_scans(times: int, side: int = 2048) -> bytes:
    """A progressive JPEG whose last scan, a few bytes of end-of-band runs, is said many times."""
    data = _solid("JPEG", side, progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * times + b"\xff\xd9"


def jpeg_with(marker: int, body: bytes, times: int = 1) -> bytes:
    """A sound JPEG with application segments after its start."""
    segment = struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body
    data = encoded(emblem(), "JPEG")
    return data[:2] + segment * times + data[2:]


def looping_exif() -> bytes:
    """An IFD whose next one is itself, and whose EXIF pointer leads back to it."""
    entry = struct.pack("<HHII", 0x8769, 4, 1, 8)
    return b"Exif\0\0" + b"II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 8)


def riff(*chunks: bytes) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_canvas(width: int, height: int, flags: int = 0) -> bytes:
    """An extended WebP header with a canvas as it likes, and a small frame."""
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    frame = encoded(emblem(), "WEBP")[12:]
    return riff(b"VP8X" + struct.pack("<I", 10) + bytes([flags, 0, 0, 0]) + size, frame)


def lossless_header(width: int, height: int) -> bytes:
    """A lossless WebP that says its size and little else."""
    bits = (width - 1) | (height - 1) << 14
    body = b"\x2f" + struct.pack("<I", bits) + bytes(64)
    return riff(b"VP8L" + struct.pack("<I", len(body)) + body)


def commented(kind: str) -> bytes:
    """A sound picture with scripts in every place that holds text."""
    if kind == "PNG":
        told = PngImagePlugin.PngInfo()
        told.add_text("Title", SCRIPT.decode())
        told.add_itxt("XML:com.adobe.xmp", SCRIPT.decode())
        told.add_text("Comment", SCRIPT.decode(), zip=True)
        return encoded(emblem(), "PNG", pnginfo=told, exif=b"Exif\0\0" + SCRIPT, icc_profile=SCRIPT)
    said = {"comment": SCRIPT} if kind == "JPEG" else {}
    facts = {"exif": b"Exif\0\0" + SCRIPT, "icc_profile": SCRIPT, "xmp": SCRIPT}
    return encoded(emblem(), kind, **facts, **said)


def frames(kind: str, count: int = 2) -> bytes:
    others = [emblem(number) for number in range(1, count)]
    return encoded(emblem(), kind, save_all=True, append_images=others)


def others() -> Iterator[tuple[str, bytes]]:
    """Sound files, and outlines of some, in formats that are not ours."""
    for kind in (
        "GIF",
        "TIFF",
        "ICO",
        "BMP",
        "PPM",
        "TGA",
        "PCX",
        "JPEG2000",
        "AVIF",
        "ICNS",
        "DDS",
    ):
        yield kind, encoded(emblem(), kind)
    yield "PDF", encoded(emblem(), "PDF")
    yield "EPS", encoded(emblem(), "EPS")  # a decoder would start Ghostscript
    yield "GIF with a script", b"GIF89a/*" + bytes(60) + b"*/=1;" + SCRIPT
    yield "TIFF of many pages", frames("TIFF", 40)
    yield "XPM", b'/* XPM */\nstatic char *x[] = {"1 1 1 1", "a c red", "a"};'
    yield "SVG", b'<svg xmlns="http://www.w3.org/2000/svg">' + SCRIPT + b"</svg>"
    yield "packed SVG", zlib.compress(b"<svg>" + ZEROS + b"</svg>")
    yield "HTML", b"<!doctype html>" + SCRIPT
    yield "MPO", frames("MPO")


_REFUSED: dict[str, Callable[[], bytes]] = {
    "zero bytes": lambda: b"",
    "one byte": lambda: b"\x89",
    "a signature": lambda: SIGNATURE,
    "a start of image": lambda: b"\xff\xd8\xff",
    "a RIFF": riff,
    "a pickle": lambda: b"\x80\x04cos\nsystem\n(S'true'\ntR.",
    "SVG said to be a PNG": lambda: SIGNATURE + b"<svg onload=alert(1)>",
    # Pixels.
    "60,000 × 60,000": lambda: png(60_000, 60_000, bytes(1000)),
    "the largest header": lambda: png(2**31 - 1, 2**31 - 1, b""),
    "a line of two thousand million": lambda: png(2**31 - 1, 1, b""),
    "just too many pixels": lambda: png(4097, 4096, bytes(1000)),
    "no pixels wide": lambda: png(0, 16, b"\0"),
    "a bomb that inflates": lambda: png(30_000, 30_000, bytes(40_000_000)),
    "an interlaced bomb": lambda: png(20_000, 20_000, ZEROS, interlaced=1),
    "JPEG of 65,500 × 65,500": lambda: resized_jpeg(65_500, 65_500),
    "JPEG of no height": lambda: resized_jpeg(64, 0),
    "WebP canvas of 16,384 × 16,384": lambda: webp_canvas(16_384, 16_384),
    "WebP canvas of 13,000 × 13,000": lambda: webp_canvas(13_000, 13_000),
    "WebP canvas of 16 million × 1": lambda: webp_canvas(2**24, 1),
    "lossless WebP of 16,383 × 16,383": lambda: lossless_header(16_383, 16_383),
    # Depths and colours.
    "16 bits of grey": lambda: png(16, 16, bytes(16 * 33), depth=16, colour=0),
    "16 bits of colour": lambda: png(2048, 2048, b"", depth=16),
    "one bit": lambda: encoded(emblem().convert("1")),
    "CMYK": lambda: encoded(emblem().convert("CMYK"), "JPEG"),
    "a depth nobody has": lambda: png(16, 16, bytes(99), depth=7),
    "a palette nobody gave": lambda: png(16, 16, b"", colour=3),
    # Pictures that move.
    "animated PNG": lambda: frames("PNG"),
    "animated WebP": lambda: frames("WEBP"),
    "a thousand million frames": lambda: small(chunk(b"acTL", struct.pack(">II", 10**9, 0))),
    # Compression.
    "text that inflates": lambda: small(chunk(b"zTXt", b"k\0\0" + packed())),
    "international text that inflates": lambda: small(chunk(b"iTXt", b"k\0\1\0\0\0" + packed())),
    "a colour profile that inflates": lambda: small(chunk(b"iCCP", b"k\0\0" + packed(40))),
    "a thousand texts": lambda: small(
        *[chunk(b"zTXt", b"k\0\0" + zlib.compress(ZEROS[:1_000_000]))] * 1_000
    ),
    "thousands of colour profiles": lambda: small(
        *[chunk(b"iCCP", b"k\0\0" + zlib.compress(ZEROS[:1_000_000], 9))] * 20_000
    ),
    "a million empty chunks": lambda: small(chunk(b"prVt") * 1_000_000),
    "five thousand scans": lambda: many_scans(5_000),
    # Damage.
    "truncated PNG": lambda: encoded(emblem())[:-200],
    "truncated JPEG": lambda: encoded(emblem(), "JPEG")[:-200],
    "truncated WebP": lambda: encoded(emblem(), "WEBP")[:-100],
    "no picture in it": lambda: SIGNATURE + header(16, 16) + chunk(b"IEND"),
    "a wrong checksum": lambda: SIGNATURE + header(16, 16)[:-1] + b"x" + small()[33:],
    "a chunk longer than the file": lambda: SIGNATURE + header(16, 16) + b"\x7f\xff\xff\xffIDAT",
    "a chunk without a name": lambda: SIGNATURE + header(16, 16) + chunk(b"\xff\0\xff\0"),
    "a transparency too short": lambda: png(16, 16, b"", chunk(b"tRNS", b"\0"), colour=2),
    "an empty frame": lambda: riff(b"VP8 " + struct.pack("<I", 0)),
    "too many bytes": lambda: SIGNATURE + bytes(MOST_BYTES),
}
_READ: dict[str, Callable[[], bytes]] = {
    "the largest PNG": lambda: _solid("PNG", 4096),
    "the largest noise": lambda: encoded(
        Image.fromarray(np.random.default_rng(1).integers(0, 255, (2800, 2800, 3), np.uint8)),
        compress_level=1,
    ),
    "the largest JPEG": lambda: _solid("JPEG", 4096, progressive=True),
    "the largest WebP": lambda: _solid("WEBP", 4096, method=0),
    "PNG with scripts": lambda: commented("PNG"),
    "JPEG with scripts": lambda: commented("JPEG"),
    "WebP with scripts": lambda: commented("WEBP"),
    "PNG and a ZIP": lambda: encoded(emblem()) + b"PK\x03\x04" + SCRIPT,
    "PNG and HTML": lambda: encoded(emblem()) + b"<html>" + SCRIPT,
    "JPEG and HTML": lambda: encoded(emblem(), "JPEG") + b"<html>" + SCRIPT,
    "JPEG with garbage for EXIF": lambda: jpeg_with(0xE1, b"Exif\0\0II*\0\xff\xff\xff\xff"),
    "JPEG with an EXIF that loops": lambda: jpeg_with(0xE1, looping_exif()),
    "JPEG with 255 pieces of a profile": lambda: jpeg_with(
        0xE2, b"ICC_PROFILE\0\1\xff" + bytes(65_000), 255
    ),
    "JPEG with garbage of pages": lambda: jpeg_with(0xE2, b"MPF\0II*\0\xff\xff\xff\xff"),
    "JPEG with a long comment": lambda: jpeg_with(0xFE, SCRIPT * 1000),
    "PNG with a profile that is none": lambda: small(chunk(b"iCCP", b"k\0\0" + SCRIPT)),
}


def refused() -> dict[str, Callable[[], bytes]]:
    """Files that nobody is to decode, by what is wrong with them."""
    return _REFUSED | {f"a sound {name}": lambda data=data: data for name, data in others()}


def read() -> dict[str, Callable[[], bytes]]:
    """Files that are odd or large and yet pictures."""
    return dict(_READ)


def pieces(data: bytes) -> list[bytes]:
    """The names of a PNG's chunks, and whatever comes after the last."""
    stream, names = io.BytesIO(data), []
    assert stream.read(8) == SIGNATURE
    while names[-1:] != [b"IEND"]:
        length, name = struct.unpack(">I4s", stream.read(8))
        names.append(name)
        stream.seek(length + 4, io.SEEK_CUR)
    rest = stream.read()
    return [*names, rest] if rest else names
