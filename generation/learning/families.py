"""One face for the denoisers of SD 1.5, SDXL, SD3 (emblems too) and FLUX, chosen by their parts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from generation.engines.loading import denoiser
from generation.learning.errors import ModelUnsupported
from generation.learning.targets import noising_of

Conditions = dict[str, Tensor]  # what the network hears beside the latents, each (B, …)

_UNET_PROJECTIONS = ("to_q", "to_k", "to_v", "to_out.0")
_JOINT_PROJECTIONS = (
    *_UNET_PROJECTIONS,
    "add_q_proj",
    "add_k_proj",
    "add_v_proj",
    "to_add_out",
)


class Family(ABC):
    """A pipeline as learning sees it: pictures and prompts in, predictions out."""

    name: str
    projections: tuple[str, ...]  # attention layers that a LoRA goes on

    def __init__(self, pipe: Any) -> None:
        self.pipe = pipe
        self.network: Any = denoiser(pipe)
        self.network.requires_grad_(False).eval()
        self.dtype: Any = self.network.dtype  # before float32 adapters join
        self.noising = noising_of(pipe.scheduler)

    @property
    def device(self) -> torch.device:
        device: torch.device = next(self.network.parameters()).device
        return device

    @property
    def part(self) -> str:
        """The network's name in its pipeline, and the prefix of its keys in adapter files."""
        return "unet" if getattr(self.pipe, "unet", None) is self.network else "transformer"

    @contextmanager
    def encoding(self) -> Iterator[None]:
        """Encoders beside the network while this lasts, on the CPU afterwards; VAE in float32."""
        parts = [
            part
            for part in self.pipe.components.values()
            if isinstance(part, nn.Module) and part is not self.network
        ]
        for part in parts:
            part.to(self.device)
        if self.pipe.vae.dtype != torch.float32:
            self.pipe.vae.to(torch.float32)
        try:
            with torch.no_grad():
                yield
        finally:
            for part in parts:
                part.to("cpu")

    def latents(self, pixels: Tensor) -> Tensor:
        """Scaled latents of pictures (B, 3, H, W) in [-1, 1]; the distribution's mode."""
        config = self.pipe.vae.config
        encoded = self.pipe.vae.encode(pixels.to(self.device))
        if not isinstance(encoded, Tensor):
            encoded = encoded.latent_dist.mode()
        shift = getattr(config, "shift_factor", None) or 0.0
        scaled: Tensor = (encoded - shift) * config.scaling_factor
        return scaled

    @abstractmethod
    def embed(self, prompts: Sequence[str]) -> Conditions:
        """What the network hears for these prompts."""

    def predict(self, noisy: Tensor, level: Tensor, conditions: Conditions) -> Tensor:
        """The network's answer, shaped as the latents (B, C, h, w)."""
        heard = {name: value.to(self.dtype) for name, value in conditions.items()}
        return self._answer(noisy.to(self.dtype), self.noising.timestep(level), heard)

    @abstractmethod
    def _answer(self, noisy: Tensor, timestep: Tensor, heard: Conditions) -> Tensor: ...


class StableDiffusion(Family):
    """A UNet that hears token states alone: SD 1.x and 2.x, ε or v."""

    name = "sd"
    projections = _UNET_PROJECTIONS

    def embed(self, prompts: Sequence[str]) -> Conditions:
        states, _ = self.pipe.encode_prompt(list(prompts), self.device, 1, False)
        return {"states": states}

    def _answer(self, noisy: Tensor, timestep: Tensor, heard: Conditions) -> Tensor:
        answer: Tensor = self.network(noisy, timestep, heard["states"], return_dict=False)[0]
        return answer


class StableDiffusionXL(Family):
    """A UNet that also hears a pooled vector and the picture's size."""

    name = "sdxl"
    projections = _UNET_PROJECTIONS

    def embed(self, prompts: Sequence[str]) -> Conditions:
        states, _, pooled, _ = self.pipe.encode_prompt(
            list(prompts),
            device=self.device,
            num_images_per_prompt=1,
            do_classifier_free_guidance=False,
        )
        return {"states": states, "pooled": pooled}

    def _answer(self, noisy: Tensor, timestep: Tensor, heard: Conditions) -> Tensor:
        factor = self.pipe.vae_scale_factor
        height, width = noisy.shape[-2] * factor, noisy.shape[-1] * factor
        # original size, crop, target size: an uncropped picture of its own size
        sizes = torch.tensor([[height, width, 0, 0, height, width]], device=noisy.device)
        added = {
            "text_embeds": heard["pooled"],
            "time_ids": sizes.to(noisy.dtype).expand(len(noisy), -1),
        }
        answer: Tensor = self.network(
            noisy, timestep, heard["states"], added_cond_kwargs=added, return_dict=False
        )[0]
        return answer


class StableDiffusion3(Family):
    """A joint transformer over latents; the embedded emblem model is one."""

    name = "sd3"
    projections = _JOINT_PROJECTIONS

    def embed(self, prompts: Sequence[str]) -> Conditions:
        texts = list(prompts)
        states, _, pooled, _ = self.pipe.encode_prompt(
            prompt=texts,
            prompt_2=texts,
            prompt_3=texts,
            device=self.device,
            do_classifier_free_guidance=False,
        )
        return {"states": states, "pooled": pooled}

    def _answer(self, noisy: Tensor, timestep: Tensor, heard: Conditions) -> Tensor:
        answer: Tensor = self.network(
            hidden_states=noisy,
            timestep=timestep,
            encoder_hidden_states=heard["states"],
            pooled_projections=heard["pooled"],
            return_dict=False,
        )[0]
        return answer


class Flux(Family):
    """A joint transformer over latents packed 2×2, told how strongly to follow the prompt."""

    name = "flux"
    projections = _JOINT_PROJECTIONS
    guidance = 3.5  # what its distilled guidance is trained and mostly drawn at

    def embed(self, prompts: Sequence[str]) -> Conditions:
        states, pooled, _ = self.pipe.encode_prompt(
            prompt=list(prompts), prompt_2=None, device=self.device
        )
        return {"states": states, "pooled": pooled}

    def _answer(self, noisy: Tensor, timestep: Tensor, heard: Conditions) -> Tensor:
        batch, channels, height, width = noisy.shape
        guides = self.network.config.guidance_embeds
        packed = self.network(
            hidden_states=self.pipe._pack_latents(noisy, batch, channels, height, width),  # noqa: SLF001
            timestep=timestep / 1000,
            guidance=noisy.new_full((batch,), self.guidance) if guides else None,
            encoder_hidden_states=heard["states"],
            pooled_projections=heard["pooled"],
            txt_ids=noisy.new_zeros(heard["states"].shape[1], 3),
            img_ids=self.pipe._prepare_latent_image_ids(  # noqa: SLF001
                batch, height // 2, width // 2, noisy.device, noisy.dtype
            ),
            return_dict=False,
        )[0]
        factor = self.pipe.vae_scale_factor
        answer: Tensor = self.pipe._unpack_latents(  # noqa: SLF001
            packed, height * factor, width * factor, factor
        )
        return answer


def family_of(pipe: Any) -> Family:
    """The family of a loaded pipeline.

    Raises:
        ModelUnsupported: its network hears something none of the families say.
    """
    network = denoiser(pipe)
    config: Any = getattr(network, "config", {})
    if getattr(pipe, "unet", None) is network:
        if config.get("addition_embed_type") == "text_time":
            return StableDiffusionXL(pipe)
        if config.get("addition_embed_type") is None and config.get("class_embed_type") is None:
            return StableDiffusion(pipe)
    elif type(network).__name__ == "SD3Transformer2DModel":
        return StableDiffusion3(pipe)
    elif type(network).__name__ == "FluxTransformer2DModel":
        return Flux(pipe)
    raise ModelUnsupported(
        f"{type(network).__name__} of {type(pipe).__name__} cannot be taught yet; UNets of SD 1.5 "
        "and SDXL and transformers of SD3 and FLUX can."
    )
