"""β by closed form."""

from __future__ import annotations

import math

import pytest

from generation.learning.calibration import calibrated_beta
from generation.learning.errors import PreferencesInvalid


def test_beta_gives_z_the_wanted_spread_on_the_later_batches():
    assert calibrated_beta([9.0, 9.0, 0.001, 0.001], spread=0.4) == pytest.approx(400)
    assert calibrated_beta([0.0, 0.003, 0.004], spread=1) == pytest.approx(1 / math.sqrt(12.5e-6))


def test_errors_in_other_units_give_the_same_z():
    small, large = [0.001, 0.002], [0.1, 0.2]
    ratio = calibrated_beta(small, spread=0.4) / calibrated_beta(large, spread=0.4)
    assert ratio == pytest.approx(100)


@pytest.mark.parametrize("spreads", [[], [0.0, 0.0], [math.nan], [math.inf]])
def test_margins_that_do_not_move_are_refused(spreads):
    with pytest.raises(PreferencesInvalid, match="no pair apart"):
        calibrated_beta(spreads, spread=0.4)
