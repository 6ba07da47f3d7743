"""The commands that train the embedded model from nothing, at a few steps."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from diffusers import DiffusionPipeline

from generation.emblems import latents, train_autoencoder, train_transformer
from generation.emblems.autoencoder import EmblemAutoencoder
from generation.emblems.specs import captioned
from generation.emblems.training import Budget, load_checkpoint, trapezoid

STEPS = 4


class Killed(Exception):
    """Stands for a kill between two steps."""


@pytest.fixture(autouse=True)
def small(monkeypatch) -> None:
    """One thread, few pictures, a checkpoint at every step."""
    threads = torch.get_num_threads()
    monkeypatch.setattr(latents, "SHARD", 4)
    monkeypatch.setattr(latents, "_captioned", functools.partial(captioned, count=4))
    monkeypatch.setattr(train_transformer, "SHARD", 4)
    monkeypatch.setattr(train_transformer, "SHEET_PROMPTS", ("white star on a red circle",))
    monkeypatch.setattr(train_autoencoder, "VALIDATION_PICTURES", 2)
    for module in (train_autoencoder, train_transformer):
        monkeypatch.setattr(module, "is_due", lambda _step, every, done: every == 500 or done >= 1)
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def vae(tmp_path_factory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("vae")
    EmblemAutoencoder(wide=16, middle=16, low=16, scaling_factor=0.8).save_pretrained(folder)
    return folder


def train_vae(out: Path, vae: Path) -> dict[str, torch.Tensor]:
    recipe = train_autoencoder.Recipe(batch=2)
    train_autoencoder.train(Budget(STEPS), recipe, out=out, start_from=vae)
    return state(out)


def train_flow(out: Path, vae: Path) -> dict[str, torch.Tensor]:
    recipe = train_transformer.Recipe(
        layers=1, heads=1, batch=2, steps=STEPS, first_samples=4, compile=False
    )
    train_transformer.Run(recipe, autoencoder=vae, out=out).train()
    return state(out)


def state(out: Path) -> dict[str, torch.Tensor]:
    found = load_checkpoint(out / "checkpoint.pt")
    assert found
    assert found["step"] == STEPS
    return found["model"] | {f"average.{name}": value for name, value in found["average"].items()}


@pytest.mark.parametrize(
    ("train", "module"), [(train_vae, train_autoencoder), (train_flow, train_transformer)]
)
def test_killed_run_goes_on_as_if_nothing_had_been(
    train: Callable[[Path, Path], dict[str, torch.Tensor]], module, vae, tmp_path, monkeypatch
) -> None:
    whole = train(tmp_path / "whole", vae)
    save = module.save_checkpoint

    def killed(path, found):
        save(path, found)
        if found["step"] == 2:
            raise Killed

    monkeypatch.setattr(module, "save_checkpoint", killed)
    with pytest.raises(Killed):
        train(tmp_path / "killed", vae)
    monkeypatch.setattr(module, "save_checkpoint", save)
    resumed = train(tmp_path / "killed", vae)
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_what_is_trained_can_be_loaded_and_draws(vae, tmp_path):
    train_vae(tmp_path / "vae", vae)
    train_flow(tmp_path / "flow", tmp_path / "vae/vae")
    pipeline = DiffusionPipeline.from_pretrained(tmp_path / "flow/pipeline")
    assert pipeline.vae.config.scaling_factor != 1
    drawn = pipeline("a star", num_inference_steps=2, output_type="pt").images
    assert drawn.shape == (1, 3, 256, 256)
    assert (tmp_path / "vae/sheet.png").is_file()
    assert list((tmp_path / "flow").glob("sheet-*.png"))


def test_budget_ends_by_steps_or_by_time_whichever_comes_first():
    assert Budget(100).done(50, 1e9) == 0.5
    assert Budget(100, minutes=2).done(10, 60) == 0.5
    assert Budget(100, minutes=2).done(75, 60) == 0.75
    assert Budget(100, minutes=2).done(0, 600) == 1
    assert trapezoid(0.0, 0, warmup=10) == pytest.approx(0.1)
    assert trapezoid(0.3, 1000) == 1
    assert trapezoid(1.0, 1000) == 0.02


def test_badly_drawn_motifs_come_up_more_often(vae, tmp_path):
    recipe = train_transformer.Recipe(layers=1, heads=1, first_samples=64, compile=False)
    run = train_transformer.Run(recipe, autoencoder=vae, out=tmp_path)
    for _made in run.pool.grow_to(64):
        pass
    there = run.pool.kept["motif"][:64]
    weak = int(there[0])
    weights = torch.ones(len(run.by_motif))
    weights[weak] = 3
    drawn = there[run.pool.draw(20_000, weights, seed=1, among=64)]
    share = (there == weak).float().mean()
    expected = 3 * share / (1 + 2 * share)
    assert (drawn == weak).float().mean() == pytest.approx(expected.item(), abs=0.02)
