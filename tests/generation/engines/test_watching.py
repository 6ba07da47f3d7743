"""Between two steps: progress, previews, cancelling."""

from __future__ import annotations

import io

import pytest
import torch
from diffusers import DDIMScheduler, EulerDiscreteScheduler, FlowMatchEulerDiscreteScheduler
from PIL import Image

from generation.engines.errors import Cancelled
from generation.engines.previews import MAX_BYTES, SIDE_PX, clean_estimate, preview_steps
from generation.engines.protocol import ModelSource


def test_progress_counts_every_step_of_every_candidate(engine, folder, ask):
    engine.load(ModelSource(str(folder)))
    heard = []
    engine.generate([ask(folder, seed=1), ask(folder, seed=2)], on_progress=heard.append)
    for index in (0, 1):
        mine = [p for p in heard if p.index == index]
        assert [p.step for p in mine] == list(range(1, mine[0].steps + 1))
        assert mine[0].steps in (4, 5)  # PNDM takes one more


def test_previews_are_small_pictures_and_leave_the_result_alone(engine, folder, ask):
    engine.load(ModelSource(str(folder)))
    requests = [ask(folder, seed=seed, steps=9) for seed in (1, 2)]
    heard = []
    watched = engine.generate(requests, on_progress=heard.append)
    unwatched = engine.generate(requests)
    shown = [p for p in heard if p.preview is not None and p.index == 1]
    assert 3 <= len(shown) <= 5
    assert all(p.step < p.steps for p in shown)
    for progress in shown:
        assert len(progress.preview) <= MAX_BYTES
        image = Image.open(io.BytesIO(progress.preview))
        image.load()
        assert max(image.size) <= SIDE_PX
        assert max(image.size) in (32, SIDE_PX)
    for one, two in zip(watched, unwatched, strict=True):
        assert one.image.tobytes() == two.image.tobytes()


def test_a_preview_that_fails_costs_nothing_but_itself(engine, folder, ask, monkeypatch):
    engine.load(ModelSource(str(folder)))
    plain = engine.generate([ask(folder)])
    monkeypatch.setattr("generation.engines.previews._pooled", lambda *_: 1 / 0)
    heard = []
    (picture,) = engine.generate([ask(folder)], on_progress=heard.append)
    assert {p.preview for p in heard} == {None}
    assert picture.image.tobytes() == plain[0].image.tobytes()


@pytest.mark.parametrize("steps", [1, 2, 4, 12, 30, 50])
def test_previews_are_spread_and_spare_the_last_step(steps):
    places = preview_steps(steps, 5)
    assert len(places) <= 5
    assert all(2 <= place < steps for place in places)
    assert preview_steps(steps, 0) == set()


@pytest.mark.parametrize(
    "scheduler",
    [FlowMatchEulerDiscreteScheduler(), EulerDiscreteScheduler(), DDIMScheduler(clip_sample=False)],
    ids=lambda scheduler: type(scheduler).__name__,
)
def test_the_clean_estimate_is_exact_for_euler_steps(scheduler):
    """With the exact denoiser of one known picture every step must point at that picture."""
    generator = torch.Generator().manual_seed(0)
    clean, noise = (torch.randn(1, 4, 8, 8, generator=generator) for _ in range(2))
    scheduler.set_timesteps(10)
    flow = isinstance(scheduler, FlowMatchEulerDiscreteScheduler)
    latents = None
    for i, t in enumerate(scheduler.timesteps[:6]):
        if flow:
            sigma = scheduler.sigmas[i]
            latents = (1 - sigma) * clean + sigma * noise if latents is None else latents
            target = noise - clean
        else:
            start = scheduler.add_noise(clean, noise, t[None])
            latents = start if latents is None else latents
            scheduler.scale_model_input(latents, t)
            target = noise
        before, latents = latents, scheduler.step(target, t, latents).prev_sample
        estimate = clean_estimate(scheduler, i + 1, before, latents)
        assert torch.allclose(estimate, clean, atol=2e-3)


def test_cancelling_stops_between_two_steps(engine, folder, ask):
    engine.load(ModelSource(str(folder)))
    heard = []
    with pytest.raises(Cancelled):
        engine.generate(
            [ask(folder, steps=8), ask(folder, steps=8, guidance=2.0)],
            on_progress=heard.append,
            should_cancel=lambda: len(heard) >= 3,
        )
    assert [p.step for p in heard] == [1, 2, 3]
    assert engine.generate([ask(folder)])[0].image.size == (ask(folder).width,) * 2


def test_cancelling_before_the_start_draws_nothing(engine, folder, ask):
    engine.load(ModelSource(str(folder)))
    heard = []
    with pytest.raises(Cancelled):
        engine.generate([ask(folder)], on_progress=heard.append, should_cancel=lambda: True)
    assert heard == []
