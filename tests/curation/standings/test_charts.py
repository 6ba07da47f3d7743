"""Where things lie in charts."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.standings.charts import CELL, HEAD, LARGEST, WIDEST, Z95, Axis, chance, disc
from curation.templatetags.standings import number, percentage, span

scores = st.floats(-400, 400)


@given(scores)
def test_chances_are_a_share_and_mirror_each_other(score) -> None:
    assert 0 <= chance(score) <= 1
    assert chance(score) + chance(-score) == pytest.approx(1)


def test_chance_is_the_logistic_of_the_score() -> None:
    assert chance(0) == 0.5
    assert chance(math.log(3)) == pytest.approx(0.75)


@given(st.lists(st.tuples(scores, st.floats(0, 50)), max_size=20))
def test_everything_lies_on_the_axis_and_in_order(values) -> None:
    axis = Axis.reaching(max((abs(s) + Z95 * d for s, d in values), default=0))
    assert axis.reach <= WIDEST
    for score, deviation in values:
        interval = axis.interval(score, deviation)
        assert 0 <= interval.low_x <= interval.x <= interval.high_x <= 100


def test_an_axis_has_its_middle_at_even_odds() -> None:
    axis = Axis.reaching(2.0)
    assert axis.x(0) == 50
    assert [tick.x for tick in axis.ticks if tick.chance == 0.5] == [50]
    assert axis.x(-1) + axis.x(1) == pytest.approx(100)


def test_a_disc_lies_in_its_cell_and_is_filled_clockwise() -> None:
    made = disc(row=1, column=3, share=0.75, ballots=4, most=4)
    assert (made.cx, made.cy) == (HEAD + 3.5 * CELL, HEAD + 1.5 * CELL)
    assert made.r == LARGEST
    assert made.wedge.endswith(f"0 1 1 {made.cx - LARGEST:.2f} {made.cy:.2f}Z")  # to nine o'clock
    assert disc(row=0, column=1, share=1.0, ballots=1, most=4).wedge == ""
    assert disc(row=0, column=1, share=0.5, ballots=1, most=4).r == LARGEST / 2


def test_only_what_is_certain_is_nothing_or_everything() -> None:
    assert [percentage(s) for s in (0, 0.001, 0.5, 0.999, 1)] == ["0%", "1%", "50%", "99%", "100%"]
    assert number(1234567.2) == "1,234,567"
    assert span(Axis(3).interval(0.0, 0.5)) == "27–73%"
