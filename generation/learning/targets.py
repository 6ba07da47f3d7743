"""How pictures are noised, and what a denoiser is asked to find: ε, v or velocity.

A noise level is one number in (0, 1) for every kind of model: 0 is the clean picture, 1 is
noise. Models with discrete steps take the step it falls into.
"""

from __future__ import annotations

from typing import Any, Literal, Protocol

import torch
from torch import Tensor

from generation.learning.errors import ModelUnsupported

Prediction = Literal["epsilon", "v_prediction", "flow"]


class Noising(Protocol):
    """A model's forward process; latents and noise are (B, …), levels (B,)."""

    prediction: Prediction

    def timestep(self, level: Tensor) -> Tensor:
        """What the network is told about the level, (B,)."""

    def noised(self, clean: Tensor, noise: Tensor, level: Tensor) -> Tensor:
        """Latents at that level."""

    def target(self, clean: Tensor, noise: Tensor, level: Tensor) -> Tensor:
        """What a perfect network would answer."""


class DiscreteNoising:
    """√ᾱ·x + √(1-ᾱ)·ε over discrete steps (Ho et al. 2020), asked for ε or v."""

    def __init__(self, alphas_cumprod: Tensor, prediction: Prediction) -> None:
        self.alphas_cumprod = alphas_cumprod.float()
        self.prediction = prediction

    def timestep(self, level: Tensor) -> Tensor:
        steps = len(self.alphas_cumprod)
        return (level * steps).long().clamp(0, steps - 1)

    def _scales(self, like: Tensor, level: Tensor) -> tuple[Tensor, Tensor]:
        kept = self.alphas_cumprod.to(level.device)[self.timestep(level)]
        return _wide(kept.sqrt(), like), _wide((1 - kept).sqrt(), like)

    def noised(self, clean: Tensor, noise: Tensor, level: Tensor) -> Tensor:
        signal, sigma = self._scales(clean, level)
        return signal * clean + sigma * noise

    def target(self, clean: Tensor, noise: Tensor, level: Tensor) -> Tensor:
        """ε, or v = √ᾱ·ε - √(1-ᾱ)·x (Salimans and Ho 2022)."""
        if self.prediction == "epsilon":
            return noise
        signal, sigma = self._scales(clean, level)
        return signal * noise - sigma * clean


class FlowNoising:
    """The straight line (1-σ)·x + σ·ε, asked for its velocity (rectified flow)."""

    prediction: Prediction = "flow"
    steps = 1000  # diffusers' flow transformers count σ in thousandths

    def timestep(self, level: Tensor) -> Tensor:
        return level * self.steps

    def noised(self, clean: Tensor, noise: Tensor, level: Tensor) -> Tensor:
        sigma = _wide(level, clean)
        return (1 - sigma) * clean + sigma * noise

    def target(self, clean: Tensor, noise: Tensor, level: Tensor) -> Tensor:
        return noise - clean


def noising_of(scheduler: Any) -> Noising:
    """The forward process a pipeline's scheduler undoes.

    Raises:
        ModelUnsupported: it asks its network for something else than ε, v or velocity.
    """
    config = scheduler.config
    kind = config.get("prediction_type", "epsilon")
    if type(scheduler).__name__.startswith("FlowMatch") or kind == "flow_prediction":
        return FlowNoising()
    if kind not in ("epsilon", "v_prediction") or not hasattr(scheduler, "alphas_cumprod"):
        raise ModelUnsupported(
            f"{type(scheduler).__name__} with prediction type {kind!r} cannot be taught: only "
            "noise (epsilon), v and flow velocity are known."
        )
    return DiscreteNoising(torch.as_tensor(scheduler.alphas_cumprod), kind)


def _wide(values: Tensor, like: Tensor) -> Tensor:
    """(B,) to (B, 1, …, 1)."""
    return values.view(-1, *[1] * (like.ndim - 1))
