"""β from the first batches: it does not carry over from one model to another."""

from __future__ import annotations

import math
from collections.abc import Sequence

from generation.learning.errors import PreferencesInvalid

# Before β is known z is kept near nought; there the direction of a step does not depend on it.
PROVISIONAL_BETA = 1e-3


def calibrated_beta(spreads: Sequence[tuple[float, float]], *, way: float) -> float:
    """The β for which the typical |z| will be 1 after `way` full steps.

    Margins grow in proportion to the way an adapter has come while z is near nought. From
    there on the sigmoid holds back pairs that are already told apart: a smaller β would let
    the adapter go farther from its reference, a larger one hold it closer.

    Args:
        spreads: (way so far, root mean square of a batch's margins); a first one at 0 is 0.
        way: where |z| shall be 1.

    Raises:
        PreferencesInvalid: the margins do not move, so nothing is learned from these rows.
    """
    moved = [(so_far, spread) for so_far, spread in spreads if so_far > 0]
    squares = math.fsum(so_far**2 for so_far, _ in moved)
    slope = math.fsum(so_far * spread for so_far, spread in moved) / squares if squares else 0.0
    if not (math.isfinite(slope) and slope > 0):
        raise PreferencesInvalid(
            "The first steps told no pair apart: chosen and rejected pictures are the same to the "
            "model, or the rate is far too small."
        )
    return 1.0 / (slope * way)
