"""What is held out and what a sample sheet shows."""

from __future__ import annotations

from generation.training.rules import SHEET_PROMPTS, SHEET_SEEDS, held_out_prompts, sheet

PROMPTS = [f"prompt {number}" for number in range(24)]


def test_few_prompts_are_all_learned_from():
    assert held_out_prompts(PROMPTS[:7] * 3) == frozenset()


def test_a_sixth_of_the_prompts_is_held_out():
    many = [f"a {number}" for number in range(600)]
    assert 70 <= len(held_out_prompts(many)) <= 130


def test_a_prompt_is_held_out_in_every_dataset_or_in_none():
    held = held_out_prompts(PROMPTS * 2)
    assert 0 < len(held) < 12
    assert held_out_prompts(PROMPTS[::-1]) == held
    for start in range(16):
        some = PROMPTS[start : start + 8]
        assert held_out_prompts(some) == held & set(some) or len(held & set(some)) > 4


def test_chance_never_holds_out_most():
    held = sorted(held_out_prompts([f"a {number}" for number in range(600)]))
    learned = [prompt for prompt in PROMPTS if prompt not in held_out_prompts(PROMPTS)]
    assert held_out_prompts(held[:9]) == frozenset()
    assert held_out_prompts([*held[:5], *learned[:5]]) == frozenset(held[:5])


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
