"""Every kind of model through one path: noising, targets, what the network hears."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from diffusers import DDIMScheduler, DDPMScheduler, FlowMatchEulerDiscreteScheduler

from generation.learning.denoising import Noisy, choose_precision, denoising_error
from generation.learning.errors import ModelUnsupported
from generation.learning.families import family_of
from generation.learning.targets import DiscreteNoising, FlowNoising, noising_of
from tests.generation.learning.conftest import loaded

KINDS = {
    "sd15": ("sd", "epsilon", "unet"),
    "sd_v": ("sd", "v_prediction", "unet"),
    "sdxl": ("sdxl", "epsilon", "unet"),
    "sd3": ("sd3", "flow", "transformer"),
    "flux": ("flux", "flow", "transformer"),
    "emblems": ("sd3", "flow", "transformer"),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_family_is_chosen_by_the_pipelines_parts(name, request):
    family = family_of(loaded(request.getfixturevalue(name)))
    assert (family.name, family.noising.prediction, family.part) == KINDS[name]
    assert not any(parameter.requires_grad for parameter in family.network.parameters())


def shown_to(family) -> Noisy:
    stream = torch.Generator().manual_seed(0)
    side = 256 if type(family.pipe).__name__ == "EmblemPipeline" else 64
    with family.encoding():
        latents = family.latents(torch.rand(3, 3, side, side, generator=stream) * 2 - 1)
        heard = family.embed(["fish", "a red star", "a blue moon"])
    noise = torch.randn(latents.shape, generator=stream)
    return Noisy(latents, noise, torch.tensor([0.1, 0.5, 0.9]), heard)


def test_the_network_is_asked_as_its_pipeline_asks_it(pipe, monkeypatch):
    """The same arguments, shapes and scales as in a real step of drawing."""
    family = family_of(pipe)
    shown = shown_to(family)
    calls = []

    def spy(_module, args, kwargs):
        names = ("sample", "timestep", "encoder_hidden_states")
        calls.append({**dict(zip(names, args, strict=False)), **kwargs})

    family.network.register_forward_pre_hook(spy, with_kwargs=True)
    denoising_error(family, shown, choose_precision(family.device))
    side = shown.latents.shape[-1] * pipe.vae_scale_factor
    with torch.no_grad():
        pipe(
            ["fish", "a red star", "a blue moon"],
            num_inference_steps=2,
            guidance_scale=1.0 if family.name != "flux" else family.guidance,
            width=side,
            height=side,
            generator=torch.Generator().manual_seed(0),
        )
    asked, drawn = calls[0], calls[1]
    ours = {k: v for k, v in asked.items() if v is not None}
    theirs = {k: v for k, v in drawn.items() if v is not None and k in ours}
    assert ours.keys() - theirs.keys() == set()
    for name, value in ours.items():
        other = theirs[name]
        if name == "added_cond_kwargs":
            assert torch.equal(value["time_ids"].float(), other["time_ids"].float())
            assert torch.allclose(value["text_embeds"], other["text_embeds"], atol=1e-5)
        elif name in {"encoder_hidden_states", "pooled_projections", "guidance"}:
            assert torch.allclose(value, other.expand_as(value), atol=1e-5), name
        elif name in {"txt_ids", "img_ids"}:
            assert torch.equal(value, other), name
        elif isinstance(value, torch.Tensor) and name != "timestep":
            assert value.shape == other.shape, name
    top = float(drawn["timestep"].flatten()[0])
    scale = 1.0 if family.name == "flux" else 1000.0
    assert 0.4 * scale <= top <= scale  # the first of two steps
    told = asked["timestep"].float() / scale
    assert torch.allclose(told, shown.level, atol=2e-3)


def test_latents_are_what_the_decoder_undoes(pipe):
    family = family_of(pipe)
    with family.encoding():
        pixels = torch.rand(2, 3, 256, 256) * 2 - 1
        latents = family.latents(pixels)
        config = pipe.vae.config
        raw = latents / config.scaling_factor + (getattr(config, "shift_factor", None) or 0)
        encoded = pipe.vae.encode(pixels)
        mode = encoded if isinstance(encoded, torch.Tensor) else encoded.latent_dist.mode()
    assert torch.allclose(raw, mode, atol=1e-5)


def test_a_picture_is_judged_alike_alone_and_among_others(pipe):
    family = family_of(pipe)
    shown, how = shown_to(family), choose_precision(family.device)
    with torch.no_grad():
        together = denoising_error(family, shown, how)
        for at in range(3):
            alone = dataclasses.replace(
                shown,
                latents=shown.latents[at : at + 1],
                noise=shown.noise[at : at + 1],
                level=shown.level[at : at + 1],
                conditions={k: v[at : at + 1] for k, v in shown.conditions.items()},
            )
            assert denoising_error(family, alone, how)[0] == pytest.approx(
                together[at].item(), rel=1e-4
            )


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])
def test_discrete_targets_are_diffusers_own(kind):
    scheduler = DDPMScheduler(prediction_type=kind, beta_schedule="scaled_linear")
    noising = noising_of(scheduler)
    clean, noise = torch.randn(4, 3, 5, 5), torch.randn(4, 3, 5, 5)
    level = torch.tensor([0.0, 0.25, 0.5, 0.999])
    t = noising.timestep(level)
    assert t.tolist() == [0, 250, 500, 999]
    assert torch.allclose(
        noising.noised(clean, noise, level), scheduler.add_noise(clean, noise, t), atol=1e-6
    )
    expected = noise if kind == "epsilon" else scheduler.get_velocity(clean, noise, t)
    assert torch.allclose(noising.target(clean, noise, level), expected, atol=1e-6)


def test_a_flow_step_by_the_target_arrives_at_the_picture():
    noising = noising_of(FlowMatchEulerDiscreteScheduler(shift=3.0))
    assert isinstance(noising, FlowNoising)
    clean, noise, level = torch.randn(2, 3, 4, 4), torch.randn(2, 3, 4, 4), torch.tensor([0.2, 0.9])
    mixed = noising.noised(clean, noise, level)
    there = mixed - level.view(-1, 1, 1, 1) * noising.target(clean, noise, level)
    assert torch.allclose(there, clean, atol=1e-5)


def test_a_model_that_predicts_something_else_is_refused():
    with pytest.raises(ModelUnsupported, match="sample"):
        noising_of(DDIMScheduler(prediction_type="sample"))
    assert isinstance(noising_of(DDIMScheduler()), DiscreteNoising)


def test_a_network_that_hears_something_unknown_is_refused(sd15):
    pipe = loaded(sd15)
    pipe.unet.register_to_config(class_embed_type="timestep")
    with pytest.raises(ModelUnsupported, match="cannot be taught"):
        family_of(pipe)
