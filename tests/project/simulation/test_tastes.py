"""What made-up members see in pictures."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
import torch
from PIL import Image

from curation.pairs.recipes import RECIPES, degrade
from generation.emblems.render import render
from generation.emblems.specs import EmblemSpec, sample_spec
from project.simulation.community import Eye
from project.simulation.tastes import TASTES, spoilt


def emblem(number: int) -> Image.Image:
    return drawn(sample_spec(random.Random(number)), number)


def drawn(spec: EmblemSpec, number: int) -> Image.Image:
    pixels = (render([spec], seed=number)[0].permute(1, 2, 0) + 1) * 127.5
    return Image.fromarray(pixels.clamp(0, 255).to(torch.uint8).numpy())


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_spoilt_picture_is_told_from_a_whole_one(recipe):
    for number in range(12):
        whole = emblem(number)
        twin = degrade(whole, recipe, number)
        assert spoilt(whole, twin) == 1
        assert spoilt(twin, whole) == 0
        assert spoilt(whole, emblem(number + 100)) is None
        assert spoilt(twin, twin) is None


def flat(*colour: int) -> Image.Image:
    return Image.new("RGB", (32, 32), colour)


@pytest.mark.parametrize(
    ("taste", "liked", "other"),
    [
        ("warm", (200, 60, 20), (20, 60, 200)),
        ("cool", (20, 60, 200), (200, 60, 20)),
        ("light", (250, 250, 240), (10, 10, 30)),
        ("dark", (10, 10, 30), (250, 250, 240)),
    ],
)
def test_tastes_like_what_they_are_called(taste, liked, other):
    eye = Eye(taste, 0.0, random.Random(1))
    assert eye.prefers_left(flat(*liked), flat(*other))
    assert not eye.prefers_left(flat(*other), flat(*liked))


def test_full_likes_large_motifs():
    small, large = flat(0, 0, 0), flat(0, 0, 0)
    small.paste((255, 255, 255), (14, 14, 18, 18))
    large.paste((255, 255, 255), (6, 6, 26, 26))
    assert Eye("full", 0.0, random.Random(1)).prefers_left(large, small)


def test_ornate_likes_borders_and_plain_does_not():
    bare = EmblemSpec(motif="star", motif_colour="white", ground="cream", frame="circle",
                      frame_colour="navy")  # fmt: skip
    bordered = replace(bare, border_colour="gold")
    first, second = (drawn(spec, 5) for spec in (bordered, bare))
    assert Eye("ornate", 0.0, random.Random(1)).prefers_left(first, second)
    assert Eye("plain", 0.0, random.Random(1)).prefers_left(second, first)


def test_noise_flips_its_share_and_no_spoilt_picture():
    eye = Eye("warm", 0.3, random.Random(4))
    right = [eye.prefers_left(flat(200, 0, 0), flat(0, 0, 200)) for _ in range(2000)]
    assert 0.66 < sum(right) / len(right) < 0.74
    whole = emblem(3)
    twin = degrade(whole, "torn", 3)
    assert all(eye.prefers_left(whole, twin) for _ in range(50))


def test_what_looks_alike_is_a_coin():
    eye = Eye("warm", 0.0, random.Random(4))
    heads = [eye.prefers_left(flat(100, 0, 99), flat(100, 0, 100)) for _ in range(2000)]
    assert 0.45 < sum(heads) / len(heads) < 0.55


def test_every_taste_has_a_scale():
    from project.simulation.tastes import SCALES

    assert SCALES.keys() == TASTES.keys()
