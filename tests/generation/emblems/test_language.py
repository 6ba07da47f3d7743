"""The embedded model's visual language: every word has a picture, every caption is exact."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
import torch

from generation.emblems import vocabulary
from generation.emblems.checker import check, rates
from generation.emblems.glyphs import glyph_masks, glyph_place, ornament_masks
from generation.emblems.render import render
from generation.emblems.specs import DRAWINGS, EmblemSpec, caption, captioned, sample_spec
from generation.emblems.text import MAX_TOKENS, TextEncoder
from generation.words import a

ANCHOR = EmblemSpec(
    motif="anchor",
    motif_colour="white",
    ground="cream",
    frame="shield",
    frame_colour="navy",
    border_colour="gold",
)


def specs(count: int, seed: int = 1) -> list[EmblemSpec]:
    rng = random.Random(seed)
    return [sample_spec(rng) for _ in range(count)]


def test_every_motif_has_a_drawing_in_both_styles_and_all_are_different():
    masks = glyph_masks()
    assert masks.mean((1, 2)).min() > 0.04  # each has ink
    assert set(vocabulary.GLOSSES) == set(vocabulary.MOTIFS)
    for motif in vocabulary.MOTIFS:
        places = {
            glyph_place(motif, outlined=outlined, drawing=drawing)
            for outlined in (False, True)
            for drawing in range(DRAWINGS)
        }
        assert len(places) >= 2
    apart = torch.cdist(masks.flatten(1), masks.flatten(1))
    assert (apart + 1e6 * torch.eye(len(masks))).min() > 5
    assert ornament_masks()[0].max() == 0


def test_captions_say_everything_in_full_and_fit_the_encoder():
    assert caption(ANCHOR) == "white anchor on a navy shield, gold border, cream background"
    adorned = replace(ANCHOR, outlined=True, ornament="laurel", frame="arch", frame_colour="orange")
    assert caption(adorned) == (
        "white outlined anchor on an orange arch, laurel wreath, gold border, cream background"
    )
    ring = replace(ANCHOR, count=5, pattern="checks", border_colour=None)
    assert caption(ring) == (
        "ring of 5 white anchor marks on a navy shield with checks, cream background"
    )
    said = [caption(spec) for spec in specs(4000)]
    tokens = TextEncoder().tokenizer(said)["input_ids"]
    assert max(map(len, tokens)) <= MAX_TOKENS


def test_varied_captions_say_nothing_that_is_not_so():
    rng = random.Random(2)
    named = vague = 0
    for spec in specs(2000):
        said = caption(spec, rng)
        words = set(said.replace(",", "").replace(":", "").split())
        assert set(spec.motif.split()) <= words
        mine = {spec.motif_colour, spec.ground, spec.frame_colour, spec.border_colour}
        assert words & set(vocabulary.COLOURS) <= mine
        assert ("wreath" in words) <= (spec.ornament == "laurel")
        assert ("outlined" in words) <= spec.outlined
        assert ("border" in words) <= (spec.border_colour is not None)
        named += "colours" in words
        vague += not words & {*vocabulary.COLOURS, "colours"}
        if "colours" in words:
            assert spec.palette in words
    assert 150 < named < 350
    assert 300 < vague < 700


def test_a_shard_is_decided_by_its_number():
    assert captioned(3, 20) == captioned(3, 20)
    assert captioned(3, 20) != captioned(4, 20)


def test_frames_ornaments_and_patterns_all_look_different():
    variants = [
        replace(ANCHOR, frame=frame, pattern=pattern, ornament=ornament)
        for frame in vocabulary.FRAMES
        for pattern, ornament in (("plain", "none"), ("checks", "laurel"), ("plain", "stars"))
        if frame != "none"
    ]
    pictures = render(variants, seed=0, jitter=0, size_px=64).flatten(1)
    apart = (pictures[:, None] - pictures[None]).abs().mean(-1) + torch.eye(len(variants))
    assert apart.min() > 0.01


def test_pictures_are_the_same_for_the_same_seed_and_stay_in_range():
    some = specs(6)
    first, again, other = (render(some, seed=seed, size_px=64) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.min() >= -1
    assert first.max() <= 1


def test_checker_is_right_about_true_pictures():
    some = specs(60, seed=11)
    found = rates(list(render(some, seed=4)), some)
    assert {"ground", "frame", "pattern", "motif", "motif colour", "ring count"} <= found.keys()
    assert min(found.values()) >= 0.9
    assert found["motif"] >= 0.97


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"motif": "lightbulb"}, "motif"),
        ({"motif_colour": "red"}, "motif colour"),
        ({"ground": "pink"}, "ground"),
        ({"frame": "circle"}, "frame"),
        ({"frame_colour": "purple"}, "frame colour"),
        ({"pattern": "sunburst"}, "no pattern"),
        ({"ornament": "laurel"}, "no ornament"),
        ({"border_colour": None}, "border"),
        ({"outlined": True}, "outlined or solid"),
    ],
)
def test_checker_finds_what_a_picture_does_not_follow(change, wrong):
    asked = ANCHOR
    picture = render([replace(asked, **change)], seed=3)[0]
    found = check(picture, asked)
    assert not found[wrong]
    assert check(render([asked], seed=3)[0], asked)[wrong]


def test_articles():
    assert [a(word) for word in ("orange circle", "seal", "arch")] == [
        "an orange circle",
        "a seal",
        "an arch",
    ]
