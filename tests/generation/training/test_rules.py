"""What is held out and what a sample sheet shows."""

from __future__ import annotations

from generation.training.rules import SHEET_PROMPTS, SHEET_SEEDS, held_out_prompts, sheet

PROMPTS = [f"prompt {number}" for number in range(24)]


def test_few_prompts_are_all_learned_from():
    assert held_out_prompts(PROMPTS[:7] * 3) == frozenset()


def test_a_sixth_of_the_prompts_is_held_out():
    held = held_out_prompts(PROMPTS * 2)
    assert len(held) == 4
    assert held < set(PROMPTS)
    assert held_out_prompts(PROMPTS[::-1]) == held


def test_sheet_has_the_same_seeds_for_every_prompt():
    samples = sheet(PROMPTS * 3, seed=7)
    assert len(samples) == SHEET_PROMPTS * SHEET_SEEDS
    seeds = {}
    for sample in samples:
        seeds.setdefault(sample.prompt, []).append(sample.seed)
    assert len(seeds) == SHEET_PROMPTS
    assert len({tuple(found) for found in seeds.values()}) == 1
    assert sheet(PROMPTS, seed=7) == samples
    assert sheet(PROMPTS, seed=8) != samples
    assert len(sheet(["one"], seed=1)) == SHEET_SEEDS


def test_further_parts_of_a_sheet_go_on_and_never_repeat_a_sample():
    for prompts in (PROMPTS, PROMPTS[:6], PROMPTS[:1]):
        parts = [sheet(prompts, seed=7, part=part) for part in range(4)]
        samples = [sample for part in parts for sample in part]
        assert len(set(samples)) == len(samples) == 4 * len(parts[0])
        first = min(len(prompts), 4 * SHEET_PROMPTS)
        assert len({sample.prompt for sample in samples}) == first
        for start in range(0, len(samples), SHEET_SEEDS):
            assert len({sample.prompt for sample in samples[start : start + SHEET_SEEDS]}) == 1
