"""Whether a picture keeps to its brief's palette."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from curation.briefs.palette import COLOURS
from curation.validators.pictures import Exhibit
from curation.validators.verdicts import Measured, Policy, Validator


def colour_shares(
    pixels: np.ndarray[Any, np.dtype[np.int16]],
) -> dict[str, float]:
    """The share of pixels to which each named colour is the nearest; (H, W, 3) in 0 to 255."""
    names = list(COLOURS)
    table = np.array(
        [[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in COLOURS.values()]
    )
    few = pixels[::2, ::2].reshape(-1, 1, 3).astype(np.int32)  # (P, 1, 3)
    nearest = ((few - table) ** 2).sum(axis=2).argmin(axis=1)  # (P,)
    counts = np.bincount(nearest, minlength=len(names)) / len(few)
    return dict(zip(names, counts.tolist(), strict=True))


class Palette(Validator[Exhibit]):
    """How much of a picture is in colours its brief prefers; 1 when it prefers none.

    A palette is a preference: noted by default.
    """

    name = "palette"
    usual = Policy.NOTE
    fails_below = True
    limit: ClassVar[float] = 0.1

    def measure(self, subject: Exhibit) -> Measured:
        wanted = [name for name in subject.palette if name in COLOURS]
        if not wanted:
            return Measured(1.0, "")
        shares = colour_shares(subject.pixels)
        share = sum(shares[name] for name in wanted)
        return Measured(share, f"Only {share:.0%} of it is {', '.join(wanted)}.")
