"""What is held out, and which pictures a sample sheet shows: pure functions."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from generation.learning.evaluation import split_by

LEAST_PROMPTS_TO_HOLD_OUT = 8
HELD_OUT = 1 / 6  # of the prompts
SHEET_PROMPTS, SHEET_SEEDS = 4, 4


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture of a sample sheet: drawn by the challenger and by its reference."""

    prompt: str
    seed: int


def held_out_prompts(prompts: Sequence[str]) -> frozenset[str]:
    """Prompts whose rows are kept from training, to measure accuracy on what was not learned.

    A prompt's hash alone decides: one that comes again in another dataset is held out again, or
    learned from again. None is held out where there are too few to spare one, nor where chance
    would hold out most.
    """
    distinct = sorted(set(prompts))
    held = split_by(distinct, held_out=HELD_OUT)[1]
    if len(distinct) < LEAST_PROMPTS_TO_HOLD_OUT or 2 * len(held) > len(distinct):
        return frozenset()
    return frozenset(distinct[index] for index in held)


def sheet(prompts: Sequence[str], *, seed: int, part: int = 0) -> list[Sample]:
    """What a sample sheet shows: some prompts, the same seeds of each, in order.

    Its further parts go on through the prompts, and then begin again with further seeds.
    """
    distinct = sorted(set(prompts), key=lambda p: hashlib.sha256(f"{seed}\0{p}".encode()).digest())
    groups = min(SHEET_PROMPTS, len(distinct))
    samples = []
    for place in range(part * groups, (part + 1) * groups):
        turn, index = divmod(place, len(distinct))
        first = seed * 1000 + turn * SHEET_SEEDS
        samples += [Sample(distinct[index], (first + n) % 2**31) for n in range(SHEET_SEEDS)]
    return samples
