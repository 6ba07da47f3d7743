"""How an engine runs: device, precision, memory savers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """Settings of an engine; the defaults suit a machine nothing is known about."""

    device: str = "auto"  # auto, cpu, cuda, cuda:1, mps
    dtype: str = "auto"  # auto, float32, float16, bfloat16
    offload: Literal["none", "model", "sequential"] = "none"  # ignored on the CPU
    slicing: bool = False  # decode one picture at a time
    tiling: bool = False  # decode large pictures tile by tile
    compile: bool = False  # torch.compile the denoiser; the first call takes minutes
    threads: int = 0  # torch threads on the CPU; 0 leaves torch's choice
    batch: int = 1  # most pictures drawn together
    previews: int = 5  # previews per picture
    adapters_kept: int = 4  # loaded adapters, the current ones included
    max_pixels: int = 4_194_304  # per picture; 2048×2048


def choose_device(name: str) -> torch.device:
    """The device of a setting; `auto` takes CUDA, then MPS, then the CPU.

    Raises:
        ValueError: this machine has no such device.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ValueError(
            f"Device {name!r} cannot be used here; choose auto or cpu, or install a torch build "
            f"for it ({error})."
        ) from error
    return device


def choose_dtype(name: str, device: torch.device) -> torch.dtype:
    """The precision of a setting; `auto` is what the device computes well.

    Raises:
        ValueError: no such precision.
    """
    if name == "auto":
        if device.type == "cuda":
            return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
        return torch.float16 if device.type == "mps" else torch.float32
    if name not in DTYPES:
        raise ValueError(f"dtype is {name!r}: choose auto, {', '.join(DTYPES)}.")
    return DTYPES[name]
