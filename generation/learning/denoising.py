"""The denoising error of single pictures, the same way for every kind of model."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor

from generation.learning.families import Conditions, Family


@dataclass(frozen=True, slots=True)
class Precision:
    """How the arithmetic of a device is done."""

    weights: torch.dtype  # of the frozen base; adapters are float32
    autocast: torch.dtype | None  # of matrix products, None for float32
    device: str

    @property
    def loss_scale(self) -> float:
        """float16 loses small gradients unless they are scaled up at first."""
        return 2.0**12 if self.autocast is torch.float16 else 1.0

    def autocasting(self) -> AbstractContextManager[object]:
        if self.autocast is None:
            return nullcontext()
        return torch.autocast(self.device, self.autocast)


def choose_precision(device: torch.device) -> Precision:
    """bfloat16 where the hardware has it, float16 on older CUDA, else float32.

    On the CPU bfloat16 gains little and its rounding is as large as early margins are.
    """
    if device.type != "cuda":
        return Precision(torch.float32, None, device.type)
    dtype = torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return Precision(dtype, dtype, "cuda")


@dataclass(frozen=True, slots=True)
class Noisy:
    """Pictures with what they are noised by, (B, …) each."""

    latents: Tensor
    noise: Tensor
    level: Tensor  # (B,) in (0, 1)
    conditions: Conditions

    def to(self, device: torch.device) -> Noisy:
        return Noisy(
            self.latents.to(device),
            self.noise.to(device),
            self.level.to(device),
            {name: value.to(device) for name, value in self.conditions.items()},
        )


def denoising_error(family: Family, pictures: Noisy, precision: Precision) -> Tensor:
    """Mean squared error of the network against its native target, per picture, (B,)."""
    clean, noise, level = pictures.latents.float(), pictures.noise, pictures.level
    noisy = family.noising.noised(clean, noise, level)
    with precision.autocasting():
        answer = family.predict(noisy, level, pictures.conditions)
    return (answer.float() - family.noising.target(clean, noise, level)).square().flatten(1).mean(1)
