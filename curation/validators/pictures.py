"""Technical checks of a picture: can it be decoded, is it as asked, is there anything on it."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Final

import numpy as np
from PIL import Image

from curation.validators.errors import PictureBroken
from curation.validators.verdicts import Measured, Outcome, Policy, Validator, Verdict

FORMATS: Final = ("PNG", "WEBP", "JPEG")  # what we publish; nothing else is even tried
MODES: Final = frozenset({"RGB", "RGBA", "L", "LA", "P"})  # 8 bits a channel, no print colours
MOST_PIXELS: Final = 4096 * 4096
MOST_BYTES: Final = 32 * 1024 * 1024
# What a file may be made of. Each scan of a JPEG takes as long as a picture, and some ten are
# usual; a PNG's chunks inflate to a megabyte each.
MOST_SCANS: Final = 32
MOST_CHUNKS: Final = 20_000
MOST_FACTS: Final = 64  # chunks that are not pixels
_START_OF_SCAN: Final = b"\xff\xda"  # in pixels themselves ff is always followed by 00
_PNG: Final = b"\x89PNG\r\n\x1a\n"


def open_picture(data: bytes) -> Image.Image:
    """Decode one still picture of 8 bits a channel, as RGB; what is transparent becomes white.

    Formats, size, frames and parts are judged before a pixel is decoded, so that a small file that
    would fill the memory or take minutes is refused.

    Raises:
        PictureBroken: it is none, or too large, animated, of another depth, or damaged.
    """
    if len(data) > MOST_BYTES:
        raise PictureBroken(f"It has {len(data):,} bytes; at most {MOST_BYTES:,} are read.")
    _check_parts(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # our own bound is lower than the one Pillow warns at
            image = Image.open(io.BytesIO(data), formats=FORMATS)
            _check_header(image)
            image.load()
            return _flat(image)
    except PictureBroken:
        raise
    except Exception as error:  # decoders raise many things on damaged files
        raise PictureBroken(f"It cannot be decoded: {type(error).__name__}.") from error


def _check_parts(data: bytes) -> None:
    if (scans := data.count(_START_OF_SCAN)) > MOST_SCANS and data.startswith(b"\xff\xd8"):
        raise PictureBroken(f"It has {scans:,} scans; at most {MOST_SCANS} are read.")
    if data.startswith(_PNG):
        facts = 0
        for count, name in enumerate(_chunks(data), start=1):
            facts += name != b"IDAT"
            if count > MOST_CHUNKS or facts > MOST_FACTS:
                raise PictureBroken("It has more chunks than any picture needs.")


def _chunks(data: bytes) -> Iterator[bytes]:
    """The names of a PNG's chunks, as far as the file goes."""
    at = len(_PNG)
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        yield name
        at += length + 12


def _check_header(image: Image.Image) -> None:
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise PictureBroken(f"It has {width:,} × {height:,} pixels; at most {MOST_PIXELS:,} fit.")
    if getattr(image, "n_frames", 1) != 1:
        raise PictureBroken("It is animated.")
    if image.mode not in MODES:
        raise PictureBroken(f"Its pixels are {image.mode}; 8 bits of red, green and blue, please.")


def _flat(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    seen = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen).convert("RGB")


@dataclass(frozen=True)
class Exhibit:
    """A drawn picture before it hangs: its file's bytes and what was asked for."""

    data: bytes
    width: int  # px, as asked for
    height: int
    palette: Sequence[str] = ()  # colours the brief prefers, by name

    @cached_property
    def image(self) -> Image.Image:
        """Decoded.

        Raises:
            PictureBroken: it cannot be.
        """
        return open_picture(self.data)

    @cached_property
    def pixels(self) -> np.ndarray[Any, np.dtype[np.int16]]:
        """(H, W, 3), 0 to 255; signed, so that differences need no care."""
        return np.asarray(self.image, dtype=np.int16)


class Decodable(Validator[Exhibit]):
    """Whether the file is a picture; when it is not, no other check can be made."""

    name = "decodable"
    usual = Policy.DROP
    limit: ClassVar[float] = 0.0  # problems

    def judge(self, subject: Exhibit) -> Verdict:
        """Fails, rather than breaks, when decoding does: the cause is the file."""
        try:
            _ = subject.image
        except PictureBroken as error:
            return self.verdict(Outcome.FAILED, 1.0, str(error))
        return self.verdict(Outcome.PASSED, 0.0)


class AskedSize(Validator[Exhibit]):
    """Whether it has the size that was asked for; the score is the larger deviation in pixels."""

    name = "size"
    usual = Policy.DROP
    limit: ClassVar[float] = 0.0

    def measure(self, subject: Exhibit) -> Measured:
        width, height = subject.image.size
        off = max(abs(width - subject.width), abs(height - subject.height))
        asked = f"{subject.width} × {subject.height}"
        return Measured(off, f"It has {width} × {height} pixels; asked for were {asked}.")


class Blank(Validator[Exhibit]):
    """Whether nearly all of it is one colour; the score is the share of pixels that differ.

    A pixel differs when a channel is more than `_NEAR` levels away from the median colour.
    """

    name = "blank"
    usual = Policy.DROP
    fails_below = True
    of_twins = False  # a version that draws nothing has to lose its blind test
    limit: ClassVar[float] = 0.005
    _NEAR: ClassVar[int] = 12

    def measure(self, subject: Exhibit) -> Measured:
        median = np.median(subject.pixels.reshape(-1, 3), axis=0)
        differs = (np.abs(subject.pixels - median) > self._NEAR).any(axis=2)
        share = float(differs.mean())
        return Measured(share, f"All but {share:.2%} of it is one colour.")


class Detail(Validator[Exhibit]):
    """Whether there are edges to look at; the score is the share of pixels on one.

    An edge is a step of more than `_STEP` levels of lightness to the pixel after next.
    """

    name = "detail"
    fails_below = True
    of_twins = False  # as above
    limit: ClassVar[float] = 0.005
    _STEP: ClassVar[int] = 16

    def measure(self, subject: Exhibit) -> Measured:
        light = np.asarray(subject.image.convert("L"), dtype=np.int16)
        if min(light.shape) < 3:
            return Measured(0.0, "It is too small to have edges.")
        across = np.abs(light[:-2, 2:] - light[:-2, :-2]) > self._STEP
        down = np.abs(light[2:, :-2] - light[:-2, :-2]) > self._STEP
        share = float((across | down).mean())
        return Measured(share, f"Only {share:.2%} of it lies on an edge: a blur.")
