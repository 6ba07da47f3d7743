"""Training on tiny pipelines of every kind: it learns, and what it learned is there to use."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch
from safetensors.torch import load_file

from generation.learning.examining import examine
from generation.learning.preparing import Prepared
from generation.learning.references import Reference
from generation.learning.training import End, run_slice


def test_every_kind_of_model_overfits_four_rows(pipe, make_run, make_rows):
    """ε, v and flow prediction through one path, on networks with random weights."""
    side = 256 if type(pipe).__name__ == "EmblemPipeline" else 64
    run = make_run(pipe, rows=make_rows(4, side=side), batch=4, bank=1, steps=30, spread=0.6)
    seen = []
    outcome = run_slice(run, on_progress=seen.append)
    assert outcome.end is End.FINISHED, outcome.reason
    assert seen[0].loss == pytest.approx(math.log(2), abs=1e-3)
    assert seen[-1].loss < 0.4
    assert seen[-1].accuracy == 1
    assert [progress.step for progress in seen] == list(range(1, 31))
    assert all(math.isnan(p.left_s) or p.left_s >= 0 for p in seen)


def test_half_labels_are_followed_half_as_far(make_run, make_rows):
    """A row whose votes stand 7 to 3 ends where the model gives it 7 in 10."""
    run = make_run(rows=make_rows(4, side=256, label=0.7), beta=200.0, bank=1, steps=40)
    run_slice(run)
    last = run.state.curve[-5:]
    entropy = -(0.7 * math.log(0.7) + 0.3 * math.log(0.3))
    assert sum(one.loss for one in last) / 5 == pytest.approx(entropy, abs=0.02)


def test_rows_without_weight_teach_nothing(make_run, make_rows):
    rows = make_rows(6, side=256)
    heavy, light = rows[:5], dataclasses.replace(rows[5], weight=0.0)
    alone, beside = make_run(rows=heavy), make_run(rows=[*heavy, light])
    for run in (alone, beside):
        run_slice(run, steps=3)
    assert torch.equal(alone.slot.vector, beside.slot.vector)


def test_the_safeguard_holds_the_rejected_branch_back_and_keeps_the_chosen_error_down(make_run):
    ratios = {}
    for safeguard in (True, False):
        run = make_run(safeguard=safeguard, steps=20, rate=0.003, bank=1, beta=50.0)
        run_slice(run)
        curve = run.state.curve
        ratios[safeguard] = max(one.chosen_ratio for one in curve)
        assert (min(one.held for one in curve) < 1) == safeguard
    assert ratios[True] < ratios[False]
    assert ratios[True] < 1.002


def test_rejected_pictures_are_pushed_away_from_coarse_levels_on(make_run):
    """Of eight pairs, all the rejected ones' gradient is that of those at coarse levels."""
    run = make_run(batch=8, bank=8, coarse=0.5, fine=0.5)
    batches, visits = run.prepared.batches, run.prepared.schedule.step(0)
    keys, entries = (
        [run.prepared.batches.rows[row].key for row, _ in visits],
        [e for _, e in visits],
    )
    coarse = batches.bank.levels(keys, entries) >= 0.5
    assert 0 < int(coarse.sum()) < 8
    for block in batches.references.missing(visits):
        batches.references.ensure(block)

    def found(some):
        kept = [visit for visit, wanted in zip(visits, some, strict=True) if wanted]
        return batches.branches(kept, beta=1.0, micro=4, scale=1.0)

    every, higher, lower = found(coarse | ~coarse), found(coarse), found(~coarse)
    assert torch.allclose(every.rejected, higher.rejected, atol=1e-9)
    assert not lower.rejected.any()
    assert torch.allclose(every.chosen, higher.chosen + lower.chosen, atol=1e-9)
    assert lower.chosen.any()


def test_beta_is_calibrated_on_the_first_batches_and_stays(make_run):
    run = make_run(steps=12)
    seen = []
    run_slice(run, on_progress=seen.append)
    betas = [progress.beta for progress in seen]
    assert betas[:3] == [None] * 3
    assert len(set(betas[3:])) == 1
    assert betas[-1] > 0
    assert make_run(beta=77.0).state.beta == 77.0


def test_learning_goes_on_from_the_promoted_adapter_and_is_measured_from_it(
    make_run, make_rows, tmp_path
):
    first = make_run(folder=tmp_path / "first")
    run_slice(first)
    second = make_run(folder=tmp_path / "second", promoted=first.prepared.adapter)
    assert torch.equal(second.slot.vector.detach(), first.average)
    run_slice(second, steps=1)
    assert second.state.curve[0].chosen_ratio != 1  # anchored to the base too
    third = make_run(folder=tmp_path / "third", promoted=first.prepared.adapter, anchor=0.0)
    run_slice(third, steps=1)
    assert third.state.curve[0].chosen_ratio == pytest.approx(1, abs=1e-6)
    assert third.state.curve[0].loss == pytest.approx(math.log(2), abs=1e-5)


def test_less_at_once_teaches_the_same(make_run):
    ends = []
    for micro in (4, 1):
        run = make_run(micro_batch=micro, beta=100.0)
        run_slice(run, steps=4)
        ends.append(run.slot.vector.detach().clone())
    moved = (ends[0] - make_run().slot.vector.detach()).abs().max()
    assert (ends[0] - ends[1]).abs().max() < 0.01 * moved


def test_gradient_checkpointing_teaches_the_same(make_run):
    ends = []
    for saving in (False, True):
        run = make_run(gradient_checkpointing=saving)
        run_slice(run, steps=3)
        ends.append(run.slot.vector.detach().clone())
    assert torch.allclose(ends[0], ends[1], atol=1e-6)


def test_samples_are_drawn_by_the_average_and_training_goes_on_undisturbed(make_run):
    quiet, drawn = make_run(), make_run()
    for run in (quiet, drawn):
        run_slice(run, steps=4)
    before = drawn.slot.vector.detach().clone()
    with drawn.drawing() as pipe:
        assert torch.equal(drawn.slot.vector.detach(), drawn.average)
        pipe("fish", num_inference_steps=2, generator=torch.Generator().manual_seed(0))
    assert torch.equal(drawn.slot.vector.detach(), before)
    for run in (quiet, drawn):
        run_slice(run)
    assert torch.equal(quiet.slot.vector, drawn.slot.vector)


def test_the_adapter_file_is_the_average_of_the_last_good_validation(make_run):
    run = make_run()
    run_slice(run)
    kept = load_file(run.prepared.adapter)
    layers = run.slot.layers(run.average)
    assert len(kept) == 2 * len(layers)
    for module, (down, up) in layers.items():
        assert torch.equal(kept[f"transformer.{module}.lora_A.weight"], down)
        assert torch.equal(kept[f"transformer.{module}.lora_B.weight"], up)


def test_what_has_raised_chosen_errors_is_not_kept(make_run, monkeypatch):
    run = make_run(steps=20, validate_every=10)
    run_slice(run, steps=10)
    assert run.state.kept_step == 10

    def validated(step: int, chosen: float) -> int:
        monkeypatch.setattr(Prepared, "chosen_error", lambda _self: chosen)
        run.state.step = step
        run.average.add_(0.001)
        run.validate()
        return run.state.kept_step

    assert validated(14, 0.999) == 10  # on more rows and draws it may be above 1
    assert validated(16, 0.99) == 16
    assert not run.state.ended
    before = run.state.kept.clone()
    assert validated(20, 1.02) == 16
    assert "the error on chosen pictures is 1.020" in run.state.ended
    assert "more than 0.997" in run.state.ended
    assert run.state.ended.endswith("So it ended as it was after 16.")
    assert torch.equal(run.average, before)
    file = load_file(run.prepared.adapter)
    for module, (down, _up) in run.slot.layers(before).items():
        assert torch.equal(file[f"transformer.{module}.lora_A.weight"], down)


def test_too_little_is_kept_whatever_became_of_chosen_errors(make_run, monkeypatch):
    run = make_run(steps=20, validate_every=2)
    run_slice(run, steps=2)
    monkeypatch.setattr(Prepared, "chosen_error", lambda _self: 1.02)
    run.state.step = run.recipe.least_steps
    run.validate()
    assert run.state.kept_step == run.recipe.least_steps


def test_chosen_errors_are_measured_as_the_examination_does(make_run, make_rows):
    run = make_run(rows=make_rows(7, side=256), steps=20, safeguard=False, rate=0.003)
    run_slice(run)
    run.average.copy_(run.slot.vector.detach())
    with run.slot.holding(run.average):
        chosen = run.prepared.chosen_error()
    rows = run.prepared.batches.rows
    assert chosen == pytest.approx(examine(run, rows, draws=4).chosen_error, rel=1e-4)
    assert abs(chosen - 1) > 0.001
    with run.slot.disabled():
        assert run.prepared.chosen_error() == pytest.approx(1, rel=1e-5)


def test_an_examination_uses_other_noise_and_knows_rows_never_trained_on(make_run, make_rows):
    rows = make_rows(10, side=256)
    run = make_run(rows=rows[:7], steps=20)
    run_slice(run)
    seen, held = examine(run, rows[:7]), examine(run, rows[7:])
    assert seen.accuracy.value > 0.9
    assert held.accuracy.value > 0.6  # light against dark carries over
    assert held.chosen_error < held.rejected_error
    some = seen.accuracy_of([0, 2], rows)
    assert 0 <= some.low <= some.high <= 1
    again = examine(run, rows[7:])
    assert torch.equal(again.margin, held.margin)


def test_the_reference_is_asked_once_about_the_same_rows(make_run, make_rows, monkeypatch):
    run, asked = make_run(), []
    real = Reference.errors
    run_slice(run)

    def counted(self, compute):
        asked.append(1)
        return real(self, compute)

    monkeypatch.setattr(Reference, "errors", counted)
    rows = run.prepared.batches.rows
    first = examine(run, rows)
    run.average.lerp_(run.prepared.beginning, 0.5)
    second = examine(run, rows)
    assert len(asked) == 1
    assert abs(second.chosen_error - 1) < abs(first.chosen_error - 1)
    examine(run, make_rows(3, side=256))
    examine(run, rows, draws=2)
    assert len(asked) == 3


def test_a_slice_ends_when_its_time_is_up_or_someone_asks(make_run):
    run = make_run()
    assert run_slice(run, seconds=0).end is End.MORE
    assert run_slice(run, steps=2) == dataclasses.replace(run_slice(run, steps=0), step=2)
    asked = run_slice(run, should_stop=lambda: run.state.step >= 5)
    assert (asked.end, asked.step) == (End.MORE, 5)
    assert run_slice(run).end is End.FINISHED
    assert run_slice(run).step == 12
