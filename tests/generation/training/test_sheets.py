"""How many pictures are drawn until it is clear whether they vary enough."""

from __future__ import annotations

import random

import pytest
from PIL import Image

from generation.learning.evaluation import VarianceRatio
from generation.training.rules import sheet
from generation.training.sheets import LEAST_SHEETS, MOST_SHEETS, Sheet, drawn_until_clear

PROMPTS = [f"prompt {number}" for number in range(24)]


def picture(rng: random.Random, spread: float) -> Image.Image:
    """One of many colours, the farther from gray the larger the spread."""
    colour = tuple(round(128 + spread * rng.uniform(-100, 100)) for _ in range(3))
    return Image.new("RGB", (32, 32), colour)


def drawn(
    spread: float,
    parts: list[int],
    *,
    prompts: list[str] = PROMPTS,
    seeds: tuple[int, int] = (1, 1),
    is_final: bool = True,
) -> tuple[list[Sheet], VarianceRatio | None]:
    """Sheets of a challenger whose pictures vary so much, the reference's being 1.

    With equal seeds they are the reference's pictures, paler or stronger.
    """
    rngs = [random.Random(seed) for seed in seeds]

    def draw(part: int) -> Sheet:
        parts.append(part)
        samples = sheet(prompts, seed=3, part=part)
        ours, theirs = (
            [picture(rng, by) for _ in samples] for rng, by in zip(rngs, (spread, 1), strict=True)
        )
        return Sheet(samples, ours, theirs)

    return drawn_until_clear(draw, is_final=is_final)


@pytest.mark.parametrize(("spread", "expected"), [(0.5, MOST_SHEETS), (1.0, LEAST_SHEETS)])
def test_two_sheets_are_enough_to_pass_and_all_are_drawn_to_refuse(spread, expected):
    parts: list[int] = []
    sheets, ratio = drawn(spread, parts)
    assert parts == list(range(expected))
    assert len(sheets) == expected
    assert ratio.value == pytest.approx(spread**2, rel=0.05)


@pytest.mark.parametrize(("spread", "expected"), [(0.5, LEAST_SHEETS), (1.0, LEAST_SHEETS)])
def test_two_sheets_are_enough_to_go_back(spread, expected):
    parts: list[int] = []
    sheets, ratio = drawn(spread, parts, is_final=False)
    assert len(sheets) == len(parts) == expected
    assert ratio.value == pytest.approx(spread**2, rel=0.05)


@pytest.mark.parametrize(("seed", "expected"), [(4, LEAST_SHEETS), (3, MOST_SHEETS)])
def test_what_is_just_below_the_limit_is_not_sent_back_by_two_sheets(seed, expected):
    """Two sheets of pictures that vary .86 times as much happen to give .69 and .78."""
    sheets, _ = drawn(0.86**0.5, [], seeds=(1, seed), is_final=False)
    two = drawn_until_clear(lambda part: sheets[part] if part < 2 else Sheet([], [], []))[1]
    assert two.value < 0.8
    assert len(sheets) == expected


def test_near_the_limit_all_is_drawn():
    parts: list[int] = []
    sheets, ratio = drawn(0.8**0.5, parts, seeds=(1, 2))
    assert parts == list(range(MOST_SHEETS))
    assert len(sheets) == MOST_SHEETS
    assert ratio.low < 0.8 < ratio.high
    narrow = ratio.high - ratio.low
    once = drawn_until_clear(lambda part: sheets[part])[0]
    assert once == sheets
    first = drawn_until_clear(lambda part: sheets[0] if part == 0 else Sheet([], [], []))[1]
    assert narrow < first.high - first.low


def test_one_prompt_is_drawn_again_and_nothing_varying_says_nothing():
    parts: list[int] = []
    sheets, ratio = drawn(1.0, parts, prompts=PROMPTS[:1])
    assert parts == [0, 1]
    assert ratio.value == 1
    assert drawn_until_clear(lambda part: Sheet([], [], [])) == ([Sheet([], [], [])], None)
    gray = [Image.new("RGB", (32, 32), (9, 9, 9))] * 16
    samples = sheet(PROMPTS, seed=3)
    sheets, ratio = drawn_until_clear(lambda part: Sheet(samples, gray, gray))
    assert ratio is None
    assert len(sheets) == MOST_SHEETS
