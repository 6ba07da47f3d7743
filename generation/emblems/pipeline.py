"""The diffusers pipeline of the embedded model: SD3's, with MiniLM in place of its text towers."""

from __future__ import annotations

from typing import Any

import diffusers
import torch
from diffusers import (
    FlowMatchEulerDiscreteScheduler,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
)

from generation.emblems.autoencoder import EmblemAutoencoder
from generation.emblems.text import TextEncoder

_NO_TOWERS = dict.fromkeys(
    (
        "text_encoder",
        "tokenizer",
        "text_encoder_2",
        "tokenizer_2",
        "text_encoder_3",
        "tokenizer_3",
    )
)


class EmblemPipeline(StableDiffusion3Pipeline):  # type: ignore[misc]
    """Draws emblems from short prompts; everything but the text side is stock SD3.

    Importing this module is what lets `DiffusionPipeline.from_pretrained` load a folder whose
    `model_index.json` names this class: diffusers resolves pipeline names on its own package.
    """

    model_cpu_offload_seq = "transformer->vae"

    def __init__(
        self,
        transformer: SD3Transformer2DModel,
        scheduler: FlowMatchEulerDiscreteScheduler,
        vae: EmblemAutoencoder,
    ) -> None:
        super().__init__(transformer=transformer, scheduler=scheduler, vae=vae, **_NO_TOWERS)
        self._text: TextEncoder | None = None

    def register_modules(self, **modules: Any) -> None:
        """Register the three parts this pipeline has; the empty towers stay plain attributes."""
        own = {k: v for k, v in modules.items() if k in ("transformer", "scheduler", "vae")}
        super().register_modules(**own)
        for name in modules.keys() - own.keys():
            setattr(self, name, modules[name])

    @property
    def text(self) -> TextEncoder:
        """The text encoder, loaded at the first prompt and kept."""
        if self._text is None:
            self._text = TextEncoder()
        return self._text

    def encode_prompt(  # type: ignore[override]
        self,
        prompt: str | list[str] | None,
        *,
        negative_prompt: str | list[str] | None = None,
        do_classifier_free_guidance: bool = True,
        prompt_embeds: torch.Tensor | None = None,
        negative_prompt_embeds: torch.Tensor | None = None,
        pooled_prompt_embeds: torch.Tensor | None = None,
        negative_pooled_prompt_embeds: torch.Tensor | None = None,
        device: torch.device | None = None,
        num_images_per_prompt: int = 1,
        **_ignored: Any,
    ) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor, torch.Tensor | None]:
        """States (B, 28, 384) and pooled vectors (B, 384) for prompts and negative prompts."""
        prompts = [prompt] if isinstance(prompt, str) else list(prompt or [])
        if prompt_embeds is None or pooled_prompt_embeds is None:
            prompt_embeds, pooled_prompt_embeds = self._embed(
                prompts, device, num_images_per_prompt
            )
        if do_classifier_free_guidance and negative_prompt_embeds is None:
            negatives = negative_prompt or ""
            if isinstance(negatives, str):
                negatives = [negatives] * (prompt_embeds.shape[0] // num_images_per_prompt)
            negative_prompt_embeds, negative_pooled_prompt_embeds = self._embed(
                negatives, device, num_images_per_prompt
            )
        return (
            prompt_embeds,
            negative_prompt_embeds,
            pooled_prompt_embeds,
            negative_pooled_prompt_embeds,
        )

    def _embed(
        self, texts: list[str], device: torch.device | None, repeats: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        states, pooled = self.text(texts)
        target = {"device": device or self._execution_device, "dtype": self.transformer.dtype}
        return (
            states.repeat_interleave(repeats, 0).to(**target),
            pooled.repeat_interleave(repeats, 0).to(**target),
        )


diffusers.EmblemPipeline = EmblemPipeline
