"""β from the first batches: it does not carry over from one model to another."""

from __future__ import annotations

import math
from collections.abc import Sequence

from generation.learning.errors import PreferencesInvalid

# Before β is known z is kept near nought; there the direction of a step does not depend on it.
PROVISIONAL_BETA = 1e-3


def calibrated_beta(spreads: Sequence[float], *, spread: float) -> float:
    """The β that gives z this spread, once the first steps have moved the adapter a little.

    Margins are as large then as steps of this rate make them on this model, right or wrong.
    From where z is about 1 the sigmoid holds back pairs that are already told apart: a larger
    spread keeps the adapter closer to its reference, a smaller one lets it go farther.

    Args:
        spreads: root mean squares of the first batches' margins; the later half counts.
        spread: of z, > 0.

    Raises:
        PreferencesInvalid: the margins do not move, so nothing is learned from these rows.
    """
    later = spreads[len(spreads) // 2 :]
    usual = math.sqrt(math.fsum(s**2 for s in later) / len(later)) if later else 0.0
    if not (math.isfinite(usual) and usual > 0):
        raise PreferencesInvalid(
            "The first steps told no pair apart: chosen and rejected pictures are the same to the "
            "model, or the rate is far too small."
        )
    return spread / usual
