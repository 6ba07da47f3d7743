"""Requests become pictures: seeds, batches, mixed requests."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from diffusers import EulerAncestralDiscreteScheduler

from generation.engines.diffusers_engine import DiffusersEngine, EngineOptions
from generation.engines.errors import NotLoaded, RequestInvalid
from generation.engines.protocol import ModelSource, Request


def pixels(picture) -> np.ndarray:
    return np.asarray(picture.image).astype(int)


def four(ask, folder):
    prompts = ("a red star", "a blue moon over the sea", "fish", "a crown in a shield")
    return [ask(folder, prompt=p, seed=s) for s, p in enumerate(prompts, start=3)]


def test_a_candidate_is_the_same_alone_and_among_others(engine, folder, ask):
    engine.load(ModelSource(str(folder)))
    requests = four(ask, folder)
    together = engine.generate(requests)
    assert [picture.drawn_together for picture in together] == [4] * 4
    for request, picture in zip(requests, together, strict=True):
        (alone,) = engine.generate([request])
        assert alone.drawn_together == 1
        assert np.abs(pixels(alone) - pixels(picture)).max() <= 1


def test_the_first_noise_is_bit_equal_alone_and_among_others(engine, folder, ask, monkeypatch):
    engine.load(ModelSource(str(folder)))
    seen = []
    prepare = engine._pipe.prepare_latents

    def spy(*args, **kwargs):
        out = prepare(*args, **kwargs)
        seen.append(out[0] if isinstance(out, tuple) else out)
        return out

    monkeypatch.setattr(engine._pipe, "prepare_latents", spy)
    requests = four(ask, folder)
    engine.generate(requests)
    engine.generate(requests[2:3])
    assert torch.equal(seen[0][2:3], seen[1])


def test_drawing_twice_is_bit_equal_and_another_seed_is_not(engine, folder, ask):
    engine.load(ModelSource(str(folder)))
    requests = four(ask, folder)
    first, second = engine.generate(requests), engine.generate(requests)
    for one, two in zip(first, second, strict=True):
        assert one.image.tobytes() == two.image.tobytes()
    (other,) = engine.generate([ask(folder, seed=99)])
    assert other.image.tobytes() != first[0].image.tobytes()


def test_requests_of_many_kinds_in_one_call_come_back_in_order(engine, folder, ask):
    engine.load(ModelSource(str(folder)))
    small, large = (128, 256) if "emblems" in str(folder) else (32, 64)
    requests = [
        ask(folder, seed=1),
        ask(folder, seed=2, steps=2),
        ask(folder, seed=3, width=large, height=small),
        ask(folder, seed=4, guidance=5.0),
        ask(folder, seed=5, negative_prompt="blurry"),
        ask(folder, seed=6),
    ]
    pictures = engine.generate(requests)
    assert [picture.seed for picture in pictures] == [1, 2, 3, 4, 5, 6]
    assert [p.image.size for p in pictures] == [(r.width, r.height) for r in requests]
    assert [p.drawn_together for p in pictures] == [2, 1, 1, 1, 1, 2]
    assert all(picture.drawn_s > 0 for picture in pictures)
    for request, picture in zip(requests, pictures, strict=True):
        assert np.abs(pixels(engine.generate([request])[0]) - pixels(picture)).max() <= 1


@pytest.mark.parametrize("change", [{"negative_prompt": "green"}, {"guidance": 6.0}])
def test_negative_prompt_and_guidance_change_the_picture(engine, folder, ask, change):
    engine.load(ModelSource(str(folder)))
    plain, changed = engine.generate([ask(folder), ask(folder, **change)])
    assert plain.image.tobytes() != changed.image.tobytes()


def test_no_more_than_the_batch_setting_are_drawn_together(sd15, ask):
    engine = DiffusersEngine(EngineOptions(device="cpu", batch=2))
    engine.load(ModelSource(str(sd15)))
    pictures = engine.generate([ask(sd15, seed=seed, steps=1) for seed in range(3)])
    assert [picture.drawn_together for picture in pictures] == [2, 2, 1]


@pytest.mark.parametrize("stochastic", ["ancestral", "flow"])
def test_noise_drawn_at_every_step_follows_the_seed_too(stochastic, sd15, emblems, ask):
    folder = sd15 if stochastic == "ancestral" else emblems
    engine = DiffusersEngine(EngineOptions(device="cpu", batch=4))
    engine.load(ModelSource(str(folder)))
    if stochastic == "ancestral":
        engine._pipe.scheduler = EulerAncestralDiscreteScheduler.from_config(
            engine._pipe.scheduler.config
        )
    else:
        engine._pipe.scheduler.register_to_config(stochastic_sampling=True)
    requests = four(ask, folder)
    together = engine.generate(requests)
    torch.manual_seed(1234)
    (alone,) = engine.generate(requests[3:])
    assert np.abs(pixels(alone) - pixels(together[3])).max() <= 1


def test_an_engine_without_a_model_says_so(ask, sd15):
    engine = DiffusersEngine(EngineOptions(device="cpu"))
    with pytest.raises(NotLoaded, match="load"):
        engine.generate([ask(sd15)])
    with pytest.raises(NotLoaded):
        engine.describe()


def test_describe_records_what_drew_the_pictures(engine, folder):
    engine.load(ModelSource(str(folder)))
    record = engine.describe()
    assert record["pipeline"] == type(engine._pipe).__name__
    assert record["scheduler"] == type(engine._pipe.scheduler).__name__
    assert (record["device"], record["dtype"], record["offload"]) == ("cpu", "float32", "none")
    assert set(record["versions"]) == {"torch", "diffusers", "transformers", "peft"}


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"seed": -1}, {"guidance": float("nan")}])
def test_a_request_out_of_range_is_refused(wrong):
    fields = {"prompt": "x", "seed": 0, "width": 64, "height": 64, "steps": 4, "guidance": 1.0}
    with pytest.raises(RequestInvalid, match=next(iter(wrong))):
        Request(**{**fields, **wrong})
