"""A picture's fingerprint: 64 bits to search by, and tones to compare by; pure.

The bits are a difference hash: whether lightness rises from one field to the next, in 8 rows of 9
fields. Flat ground would toss coins, hence a rise counts from MARGIN levels on. Near pictures
differ in few bits (Hamming distance). Colours are not in them: tones tell a red star from a blue
one. Cut into four chunks of 16 bits, hashes can be searched without looking at each of them
(Norouzi et al. 2012, multi-index hashing).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from PIL import Image

BITS: Final = 64
CHUNKS: Final = 4
CHUNK_BITS: Final = BITS // CHUNKS
CHUNK_MASK: Final = (1 << CHUNK_BITS) - 1
MARGIN: Final = 2.0  # levels of 256
FIELDS: Final = 8  # rows, and tones each way
TONES_BYTES: Final = FIELDS * FIELDS * 3


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What near pictures have nearly in common."""

    bits: int  # signed, -2**63 to 2**63 - 1, as a bigint is
    tones: bytes  # red, green, blue of 8 × 8 fields, row by row


def fingerprint(image: Image.Image) -> Fingerprint:
    """The fingerprint of an RGB picture of any size."""
    light = image.convert("L").resize((FIELDS + 1, FIELDS), Image.Resampling.BOX)
    levels = np.asarray(light, dtype=np.float64)  # (8, 9)
    rises = np.diff(levels, axis=1) > MARGIN  # (8, 8)
    tones = image.resize((FIELDS, FIELDS), Image.Resampling.BOX)
    return Fingerprint(_signed(_number(rises)), tones.tobytes())


def _number(rises: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> int:
    """64 bits, dealt to the chunks in turn along each row.

    Margins are flat, so whole rows would make chunks that most pictures share.
    """
    chunks = [0] * CHUNKS
    for row, column in np.ndindex(FIELDS, FIELDS):
        chunk = (row + column) % CHUNKS
        chunks[chunk] = chunks[chunk] << 1 | int(rises[row, column])
    return sum(chunk << CHUNK_BITS * place for place, chunk in enumerate(chunks))


def _signed(number: int) -> int:
    return number - (1 << BITS) if number >= 1 << (BITS - 1) else number


def chunks_of(bits: int) -> list[int]:
    """The four chunks, 0 to 65535 each, the lowest bits first."""
    return [bits >> CHUNK_BITS * place & CHUNK_MASK for place in range(CHUNKS)]


def distance(one: int, other: int) -> int:
    """In how many of 64 bits two hashes differ."""
    return ((one ^ other) & (1 << BITS) - 1).bit_count()


def probes(bits: int, radius: int) -> list[list[int]]:
    """For each chunk the values that a hash within `radius` bits may have there.

    Pigeonhole: of r differing bits, some chunk of four has at most r // 4. So whatever is within
    the radius has at least one chunk among these.
    """
    each = radius // CHUNKS
    masks = [
        sum(1 << bit for bit in flipped)
        for count in range(each + 1)
        for flipped in combinations(range(CHUNK_BITS), count)
    ]
    return [[chunk ^ mask for mask in masks] for chunk in chunks_of(bits)]


def tone_distance(one: bytes, other: bytes) -> float:
    """How far apart two pictures' tones are on average, in levels of 256."""
    mine, theirs = (np.frombuffer(tones, dtype=np.uint8).astype(np.int16) for tones in (one, other))
    return float(np.abs(mine - theirs).mean())
