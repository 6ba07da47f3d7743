"""Rows, their schedule, the bank's noise, and caches that are made once."""

from __future__ import annotations

import dataclasses
import logging
import math
from pathlib import Path

import pytest
import torch
from PIL import Image

from generation.learning.caching import encode, kept, read_picture
from generation.learning.errors import PictureUnreadable, PreferencesInvalid
from generation.learning.families import family_of
from generation.learning.files import load_tensors, save_tensors
from generation.learning.noise import NoiseBank
from generation.learning.rows import Row, Shown, read_rows, rows_digest, usable_rows, write_rows
from generation.learning.schedule import Schedule
from generation.learning.training import run_slice
from tests.generation.learning.conftest import loaded


def row(key="a", *, label=1.0, weight=1.0, chosen="c.png", rejected="r.png") -> Row:
    return Row(key, "fish", Path(chosen), Path(rejected), label, weight)


def rows(count, **changes) -> list[Row]:
    return [row(str(number), **changes) for number in range(count)]


def test_weights_are_scaled_to_a_mean_of_one_and_weightless_rows_fall_out():
    kept_rows = usable_rows([*rows(5, weight=4.0), row("x", weight=8.0), row("y", weight=0.0)])
    assert len(kept_rows) == 6
    assert sum(r.weight for r in kept_rows) == pytest.approx(6)
    assert kept_rows[5].weight == pytest.approx(2 * kept_rows[0].weight)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ([], "weights are zero"),
        (rows(9, weight=0.0), "weights are zero"),
        (rows(9, label=0.5), "ties"),
        (rows(3), "worth 3.0"),
        ([row("big", weight=1e6), *rows(9, weight=1e-3)], "worth 1.0"),
        ([*rows(5), row("0")], "same key"),
        ([*rows(5), row("x", label=1.01)], "label"),
        ([*rows(5), row("x", label=math.nan)], "label"),
        ([*rows(5), row("x", weight=-1.0)], "weight"),
        ([*rows(5), row("x", weight=math.inf)], "weight"),
        ([*rows(5), row("x", rejected="c.png")], "with itself"),
    ],
)
def test_rows_from_which_nothing_can_be_learned_are_refused(wrong, says):
    with pytest.raises(PreferencesInvalid, match=says):
        usable_rows(wrong)


def test_rows_are_read_as_they_were_written(tmp_path):
    some = [row("ä", label=0.1 + 0.2), *rows(3)]
    write_rows(tmp_path / "rows.jsonl", some)
    assert read_rows(tmp_path / "rows.jsonl") == some
    assert rows_digest(read_rows(tmp_path / "rows.jsonl")) == rows_digest(some)
    moved = [dataclasses.replace(r, chosen=Path("/elsewhere/c.png")) for r in some]
    assert rows_digest(moved) == rows_digest(some)
    (tmp_path / "rows.jsonl").write_text('{"key": 1}\n')
    with pytest.raises(PreferencesInvalid, match="line 1"):
        read_rows(tmp_path / "rows.jsonl")


def test_every_epoch_visits_every_row_once_with_the_banks_next_entry():
    schedule = Schedule(rows=7, batch=4, entries=3, seed=5)
    visits = [visit for step in range(35) for visit in schedule.step(step)]
    for epoch in range(20):
        part = visits[7 * epoch : 7 * (epoch + 1)]
        assert sorted(r for r, _ in part) == list(range(7))
        assert {entry for _, entry in part} == {epoch % 3}
    assert visits == [v for step in range(35) for v in Schedule(7, 4, 3, 5).step(step)]
    assert visits != [v for step in range(35) for v in Schedule(7, 4, 3, 6).step(step)]


def test_every_row_and_entry_is_in_the_one_block_that_is_looked_up():
    schedule = Schedule(rows=50, batch=8, entries=3, seed=1)
    blocks = [schedule.block_visits(block) for block in range(3)]
    assert [len(block) for block in blocks] == [64, 64, 22]
    assert len({visit for block in blocks for visit in block}) == 150
    for visit in ((0, 0), (49, 2), (13, 1)):
        assert visit in blocks[schedule.block(*visit)]


def test_a_draw_depends_on_its_row_and_entry_alone():
    bank = NoiseBank(seed=1)
    together = bank.noise(["a", "b"], [0, 3], (2, 4, 4))
    assert torch.equal(bank.noise(["b"], [3], (2, 4, 4))[0], together[1])
    assert bank.levels(["b"], [3])[0] == bank.levels(["a", "b"], [0, 3])[1]
    others = [NoiseBank(seed=2).noise(["b"], [3], (2, 4, 4)), bank.noise(["b"], [4], (2, 4, 4))]
    assert not any(torch.equal(other[0], together[1]) for other in others)


def test_levels_of_a_row_spread_evenly_and_stay_within_bounds():
    bank = NoiseBank(seed=0, low=0.1, high=0.9)
    for count in (2, 4, 16):
        levels = bank.levels(["row"] * count, range(count)).sort().values
        assert levels.min() >= 0.1
        assert levels.max() <= 0.9
        assert (levels.diff().max() if count > 1 else 0) < 0.8 * 2.7 / count
    every = bank.levels([str(i) for i in range(4000)], [0] * 4000)
    assert every.mean() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("fine", [0.0, 0.25, 0.9])
def test_as_many_levels_are_fine_as_asked_and_both_kinds_lie_evenly(fine):
    bank = NoiseBank(seed=0, coarse=0.6, fine=fine)
    levels = bank.levels([str(i) for i in range(4000)], [0] * 4000)
    below = levels[levels < 0.6]
    assert len(below) / len(levels) == pytest.approx(fine, abs=0.02)
    assert levels.min() >= 0.02
    assert levels.max() <= 0.98
    assert levels[levels >= 0.6].mean() == pytest.approx(0.79, abs=0.02)
    if fine:
        assert below.mean() == pytest.approx(0.31, abs=0.02)
    row = bank.levels(["row"] * 16, range(16))
    assert (row < 0.6).float().mean() == pytest.approx(fine, abs=0.1)


def test_noise_is_standard_normal():
    noise = NoiseBank(seed=0).noise([str(i) for i in range(50)], [0] * 50, (4, 16, 16))
    assert noise.mean().abs() < 0.01
    assert noise.std() == pytest.approx(1, abs=0.01)


def test_tensors_come_back_with_their_facts_and_damage_is_noticed(tmp_path):
    path = tmp_path / "t.safetensors"
    tensors = {"a": torch.randn(3), "b": torch.ones(2, 2).bfloat16(), "c": torch.tensor(5)}
    save_tensors(path, tensors, {"made": "of", "n": 0.1})
    found, facts = load_tensors(path)
    assert all(torch.equal(found[name], value) for name, value in tensors.items())
    assert facts == {"made": "of", "n": 0.1}
    first = path.read_bytes()
    save_tensors(path, tensors, {"n": 0.1, "made": "of"})
    assert path.read_bytes() == first
    data = bytearray(first)
    data[-1] ^= 255
    path.write_bytes(data)
    with pytest.raises(ValueError, match="damaged"):
        load_tensors(path)
    path.write_bytes(b"what is this")
    with pytest.raises(ValueError, match="not a file of a run"):
        load_tensors(path)


def test_a_cache_is_made_once_and_again_for_other_facts_or_after_damage(tmp_path, caplog):
    made = []

    def make():
        made.append(1)
        return {"x": torch.arange(3)}

    path = tmp_path / "c.safetensors"
    for _ in range(3):
        kept(path, {"of": 1}, make)
    assert len(made) == 1
    kept(path, {"of": 2}, make)
    assert len(made) == 2
    path.write_bytes(path.read_bytes()[:-1])
    with caplog.at_level(logging.WARNING):
        assert torch.equal(kept(path, {"of": 2}, make)["x"], torch.arange(3))
    assert len(made) == 3
    assert "made anew" in caplog.text
    blocked = tmp_path / "folder.safetensors"
    blocked.mkdir()
    (blocked / "in the way").touch()
    assert "x" in kept(blocked, {"of": 1}, make)


def test_encoders_and_reference_run_once_for_a_dataset_and_a_bank(make_run, make_rows, tmp_path):
    folder, learned = tmp_path / "run", make_rows(6, side=256)
    first = make_run(rows=learned, folder=folder)
    run_slice(first, steps=3)
    second = make_run(rows=learned, folder=folder)
    calls = []
    second.prepared.family.network.register_forward_pre_hook(lambda *_: calls.append(1))
    second.prepared.family.pipe.vae.encoder.register_forward_pre_hook(lambda *_: calls.append(1))
    references = second.prepared.batches.references
    for block in references.missing(second.prepared.schedule.step(0)):
        references.ensure(block)
    encode(second.prepared.family, learned, (), base="0" * 64, folder=tmp_path / "other")
    assert len(calls) == 2  # other's latents only
    for visit in second.prepared.schedule.step(0):
        one = first.prepared.batches.references.of([visit])
        assert torch.equal(references.of([visit]), one)


def test_pictures_that_cannot_be_learned_from_are_named(emblems, make_rows, tmp_path):
    family, some = family_of(loaded(emblems)), make_rows(4, side=256)

    def with_picture(path):
        changed = [*some[:3], dataclasses.replace(some[3], chosen=path)]
        encode(family, changed, (), base="0", folder=tmp_path / "cache")

    with pytest.raises(PictureUnreadable, match=r"gone.*nothing\.png"):
        with_picture(tmp_path / "nothing.png")
    (tmp_path / "text.png").write_text("not a picture")
    with pytest.raises(PictureUnreadable, match=r"text\.png"):
        with_picture(tmp_path / "text.png")
    Image.new("RGB", (128, 256)).save(tmp_path / "narrow.png")
    with pytest.raises(PictureUnreadable, match="one size"):
        with_picture(tmp_path / "narrow.png")


def test_a_picture_is_read_to_the_range_the_encoder_knows(tmp_path):
    Image.new("RGBA", (4, 2), (0, 255, 0, 255)).save(tmp_path / "p.png")
    pixels = read_picture(tmp_path / "p.png")
    assert pixels.shape == (3, 2, 4)
    assert pixels[0].eq(-1).all()
    assert pixels[1].eq(1).all()


def test_pictures_shown_for_drift_are_encoded_with_the_rows(make_run, make_rows, tmp_path):
    extra = make_rows(5, side=256)
    shown = [Shown("a prompt of its own", r.chosen) for r in extra]
    run = make_run(shown=shown)
    assert run.prepared.shown == shown
    assert run.prepared.drift() == pytest.approx(1)
