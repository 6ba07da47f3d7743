import random
import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generation.agents.rules import (
    RING_COUNTS,
    Choices,
    compose,
    due_offsets_s,
    forbidden,
    seed_for,
    softmax,
)
from generation.emblems import vocabulary

MOTIFS, PALETTES = sorted(vocabulary.MOTIFS), sorted(vocabulary.PALETTES)
GLUE = {"ring", "of", "marks", "on", "a", "an", "with", "border", "background"}
KNOWN = {
    word
    for phrase in (
        *vocabulary.MOTIFS,
        *vocabulary.COLOURS,
        *vocabulary.FRAMES,
        *vocabulary.PATTERNS.values(),
        *vocabulary.STYLES.values(),
        *vocabulary.ORNAMENTS.values(),
        *map(str, RING_COUNTS),
    )
    for word in phrase.split()
} | GLUE


def choices(motifs, palettes, frames=vocabulary.FRAMES, patterns=vocabulary.PATTERNS) -> Choices:
    return Choices(
        motifs={name: 0.1 * i for i, name in enumerate(motifs)},
        palettes={name: -0.1 * i for i, name in enumerate(palettes)},
        palette_parts={name: vocabulary.PALETTES[name] for name in palettes},
        frames=dict.fromkeys(frames, 1.0),
        patterns={name: vocabulary.PATTERNS[name] for name in patterns},
        styles=vocabulary.STYLES,
        ornaments=vocabulary.ORNAMENTS,
    )


def some(names):
    return st.lists(st.sampled_from(sorted(names)), min_size=1, unique=True)


@settings(deadline=None)
@given(
    allowed=st.builds(
        choices,
        some(MOTIFS),
        some(PALETTES),
        some(vocabulary.FRAMES),
        st.lists(st.sampled_from(sorted(vocabulary.PATTERNS)), unique=True),
    ),
    seed=st.integers(0, 2**32),
    count=st.integers(1, 60),
    boldness=st.floats(0.01, 2),
)
def test_prompts_are_different_and_made_of_words_the_model_knows(allowed, seed, count, boldness):
    motifs, palettes, frames = allowed.motifs, allowed.palettes, allowed.frames
    made = compose(random.Random(seed), allowed, count=count, boldness=boldness)
    prompts = [composition.prompt for composition in made]
    assert 1 <= len(prompts) <= count
    assert len(set(prompts)) == len(prompts)
    for composition in made:
        assert set(re.findall(r"[\w-]+", composition.prompt)) <= KNOWN
        named = dict(part.split(":") for part in composition.primitives)
        assert named["motif"] in motifs
        assert named["motif"] in composition.prompt
        assert named["palette"] in palettes
        assert named["frame"] in frames
        assert named.get("pattern", "plain") in [*allowed.patterns, "plain"]
        for kind, said in (("style", allowed.styles), ("ornament", allowed.ornaments)):
            assert said[named[kind]] in composition.prompt if kind in named else True
        assert not {"ring", "ornament"} <= named.keys()  # the model was taught none of both
    again = compose(random.Random(seed), allowed, count=count, boldness=boldness)
    assert again == made


def test_open_prompts_leave_colours_to_the_model():
    allowed = replace(choices(MOTIFS, PALETTES), open=True)
    made = compose(random.Random(4), allowed, count=60, boldness=1.0)
    assert len({composition.prompt for composition in made}) == 60
    colours = set(vocabulary.COLOURS)
    left_open = [c for c in made if not colours & set(re.findall(r"[a-z]+", c.prompt))]
    assert 27 < len(left_open) < 56
    for composition in left_open:
        kinds = [name.split(":")[0] for name in composition.primitives]
        assert kinds[:2] == ["motif", "frame"]
        assert set(kinds[2:]) <= {"style", "ornament"}
        assert set(re.findall(r"[\w-]+", composition.prompt)) <= KNOWN


def test_motifs_are_outlined_and_adorned_now_and_then_and_never_where_that_is_ruled_out():
    made = compose(random.Random(5), choices(MOTIFS, PALETTES), count=300, boldness=1.0)
    outlined = sum("style:outlined" in composition.primitives for composition in made)
    adorned = [c for c in made if any(name.startswith("ornament:") for name in c.primitives)]
    assert 45 < outlined < 110
    assert 30 < len(adorned) < 90
    bare = replace(choices(MOTIFS, PALETTES), styles={"solid": ""}, ornaments={"none": ""})
    for composition in compose(random.Random(5), bare, count=100, boldness=1.0):
        assert not {"outlined", "laurel", "three"} & set(re.findall(r"[a-z]+", composition.prompt))


def test_as_many_prompts_as_asked_when_there_is_enough_to_choose_from():
    made = compose(random.Random(1), choices(MOTIFS, PALETTES), count=100, boldness=0.6)
    assert len(made) == 100


def test_one_motif_can_be_drawn_a_thousand_times():
    """Its share is discounted each time and must not underflow to nothing."""
    parts = {f"palette {n}": (f"ground{n}", "white", "black", "gold") for n in range(400)}
    allowed = Choices({"star": 0.5}, dict.fromkeys(parts, 0.5), parts, {"circle": 1.0}, {})
    assert len(compose(random.Random(1), allowed, count=1000, boldness=0.6)) == 1000


def test_better_fitting_motifs_come_up_more_often_the_less_bold_the_agent():
    def best(boldness: float) -> int:
        allowed = choices(MOTIFS[:8], PALETTES)
        made = compose(random.Random(3), allowed, count=40, boldness=boldness)
        return sum(MOTIFS[7] in composition.prompt for composition in made)

    assert best(0.2) > best(2.0) > 0


@given(st.dictionaries(st.text(max_size=5), st.floats(-1, 1), min_size=1), st.floats(0.01, 2))
def test_softmax_gives_shares_in_the_order_of_scores(scores, temperature):
    shares = softmax(scores, temperature)
    assert sum(shares.values()) == pytest.approx(1)
    assert all(0 <= share <= 1 for share in shares.values())
    ranked = sorted(scores, key=scores.get)
    assert all(shares[low] <= shares[high] for low, high in pairwise(ranked))


def test_softmax_closed_form():
    assert softmax({"a": 1.0, "b": 0.0}, 1.0)["a"] == pytest.approx(0.731058578)
    assert softmax({"a": 5.0, "b": 5.0}, 0.1) == {"a": 0.5, "b": 0.5}


@pytest.mark.parametrize(
    ("must_not", "ruled_out"),
    [
        ("", set()),
        ("No stars, please.", {"star"}),
        ("no STAR", {"star"}),
        ("Neither foxes nor leaves nor lilies; no crosses.", {"fox", "leaf", "lily", "cross"}),
        ("not starry, not a starfish", set()),
        ("no wheat ears", {"wheat ear"}),
        ("no ear", set()),
        ("no stripe, no half", {"stripes", "halves"}),
        ("'; DROP TABLE -- \0 <script>", set()),
    ],
)
def test_must_not_rules_out_names_in_singular_and_plural(must_not, ruled_out):
    names = ["star", "fox", "leaf", "lily", "cross", "wheat ear", "stripes", "halves"]
    assert forbidden(names, must_not) == ruled_out


@given(st.text())
def test_any_text_can_be_asked_for_forbidden_names(text):
    assert forbidden(MOTIFS, text) <= set(MOTIFS)
    assert set(MOTIFS) == forbidden(MOTIFS, text + " " + " ".join(MOTIFS))


@given(st.integers(1, 2**40), st.text(max_size=80), st.integers(0, 63))
def test_seeds_can_be_computed_again_and_differ_by_wish(round_id, prompt, index):
    seed = seed_for(round_id=round_id, prompt=prompt, index=index)
    assert 0 <= seed < 2**48
    assert seed == seed_for(round_id=round_id, prompt=prompt, index=index)
    assert seed != seed_for(round_id=round_id, prompt=prompt, index=index + 1)
    assert seed != seed_for(round_id=round_id + 1, prompt=prompt, index=index)


@given(st.integers(0, 500), st.floats(1, 10**6))
def test_pictures_are_due_ever_later_and_all_before_the_round_ends(count, round_s):
    due = due_offsets_s(count=count, round_s=round_s)
    assert len(due) == count
    assert due == sorted(due)
    assert due[:8] == [0] * min(8, count)
    assert all(0 <= offset_s <= 0.86 * round_s for offset_s in due)
    if count > 9:
        assert due[-1] == pytest.approx(0.85 * round_s)
        steps = [b - a for a, b in pairwise(due[7:])]
        assert min(steps) == pytest.approx(max(steps), rel=1e-3)
