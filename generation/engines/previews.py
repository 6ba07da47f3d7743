"""Small pictures of what is being drawn, decoded from pooled latents by the model's own VAE."""

from __future__ import annotations

import io
import logging
import math
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image

logger = logging.getLogger(__name__)

Preview = Callable[[], bytes | None]

SIDE_PX = 128
MAX_BYTES = 6_000
# Their latents are x0 + σ·ε or (1 - σ)·x0 + σ·ε with σ in `sigmas`, and a step is Euler's.
_BY_SIGMA = {"FlowMatchEulerDiscreteScheduler", "EulerDiscreteScheduler"}
# Their latents are √ᾱ·x0 + √(1 - ᾱ)·ε with ᾱ in `alphas_cumprod`.
_BY_ALPHA = {
    "DDIMScheduler",
    "PNDMScheduler",
    "DPMSolverMultistepScheduler",
    "UniPCMultistepScheduler",
}


def preview_steps(steps: int, count: int) -> set[int]:
    """Steps (1 to `steps`) after which to show a preview: even, never the first or the last."""
    places = {round(k * steps / (count + 1)) for k in range(1, count + 1)}
    return {step for step in places if 2 <= step < steps}


def previews(
    pipe: Any, *, step: int, before: torch.Tensor | None, after: torch.Tensor, size: tuple[int, int]
) -> list[Preview]:
    """WebP previews, one per candidate; None where the model's latents cannot be shown.

    `step` steps are done; `before` and `after` are the pipeline's latents around the last of
    them, (B, …); `size` is the picture's width and height in px. What depends on the
    scheduler's state is computed now, the decoding when the first preview is asked for.
    """
    try:
        clean = clean_estimate(pipe.scheduler, step, before, after)
    except Exception:  # as below
        logger.warning("no preview from %s", type(pipe).__name__, exc_info=True)
        clean = None

    @cache
    def decoded() -> list[bytes | None]:
        return [None] * len(after) if clean is None else _decoded(pipe, clean, size)

    return [partial(lambda index: decoded()[index], index) for index in range(len(after))]


@torch.no_grad()
def _decoded(pipe: Any, clean: torch.Tensor, size: tuple[int, int]) -> list[bytes | None]:
    nothing: list[bytes | None] = [None] * len(clean)
    try:
        latents = _unpacked(pipe, clean, size)
        if latents is None:
            return nothing
        pixels = _decode(pipe, _pooled(latents, pipe.vae_scale_factor))
        return [_webp(picture) if picture.isfinite().all() else None for picture in pixels]
    except Exception:  # whatever a foreign pipeline does, the picture goes on
        logger.warning("no preview from %s", type(pipe).__name__, exc_info=True)
        return nothing


def clean_estimate(
    scheduler: Any, step: int, before: torch.Tensor | None, after: torch.Tensor
) -> torch.Tensor:
    """Where the latents are heading: the last step's direction followed to noise level zero.

    Exact for Euler steps, close for multistep ones. Unknown schedulers give the latents as they
    are, brought to unit deviation.
    """
    after = after.float()
    levels = _noise_levels(scheduler, step)
    if before is None or levels is None:
        return after / after.std().clamp(min=1)
    (scale, sigma), (next_scale, next_sigma) = levels
    x, x_next = before.float() * scale, after * next_scale
    return x_next - next_sigma * (x_next - x) / (next_sigma - sigma)


def _noise_levels(
    scheduler: Any, step: int
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """(scale, σ) before and after a step, with scale·latents = x0-part + σ·ε-part."""
    name, config = type(scheduler).__name__, scheduler.config
    if config.get("stochastic_sampling"):
        return None
    if name in _BY_SIGMA or config.get("use_flow_sigmas"):
        sigma, next_sigma = (float(s) for s in scheduler.sigmas[step - 1 : step + 1])
        return None if sigma == next_sigma else ((1.0, sigma), (1.0, next_sigma))
    if name not in _BY_ALPHA:
        return None
    t, next_t = (int(t) for t in scheduler.timesteps[step - 1 : step + 1])
    if t == next_t:
        return None
    alphas = (float(scheduler.alphas_cumprod[t]), float(scheduler.alphas_cumprod[next_t]))
    here, there = ((1 / math.sqrt(a), math.sqrt((1 - a) / a)) for a in alphas)
    return here, there


def _unpacked(pipe: Any, latents: torch.Tensor, size: tuple[int, int]) -> torch.Tensor | None:
    """Latents as the VAE takes them, (B, C, h, w), or None if they are of another kind."""
    if latents.ndim == 3 and hasattr(pipe, "_unpack_latents"):
        width, height = size
        latents = pipe._unpack_latents(latents, height, width, pipe.vae_scale_factor)  # noqa: SLF001
    channels = getattr(pipe.vae.config, "latent_channels", None)
    return latents if latents.ndim == 4 and latents.shape[1] == channels else None


def _pooled(latents: torch.Tensor, vae_factor: int) -> torch.Tensor:
    """Average (B, C, h, w) down to about `SIDE_PX` decoded, at least by 2: a quarter the work."""
    h, w = latents.shape[-2:]
    factor = max(2, math.ceil(max(h, w) * vae_factor / SIDE_PX))
    return F.adaptive_avg_pool2d(latents, (max(1, h // factor), max(1, w // factor)))


def _decode(pipe: Any, latents: torch.Tensor) -> torch.Tensor:
    """Pictures (B, 3, H, W) in [0, 1] of the pipeline's scaled latents, on the CPU."""
    config = pipe.vae.config
    mean, std = getattr(config, "latents_mean", None), getattr(config, "latents_std", None)
    if mean is not None and std is not None:
        shape = (1, -1, 1, 1)
        mean, std = (torch.tensor(v, device=latents.device).view(shape) for v in (mean, std))
        latents = latents * std / config.scaling_factor + mean
    else:
        latents = latents / config.scaling_factor + (getattr(config, "shift_factor", None) or 0)
    pixels = pipe.vae.decode(latents.to(pipe.vae.dtype), return_dict=False)[0]
    pictures: torch.Tensor = (pixels.float() / 2 + 0.5).clamp(0, 1).cpu()
    return pictures


def _webp(picture: torch.Tensor) -> bytes | None:
    array = (picture.permute(1, 2, 0) * 255).round().byte().numpy()  # (H, W, 3)
    image = Image.fromarray(array)
    image.thumbnail((SIDE_PX, SIDE_PX))
    for quality in (60, 30, 5):
        file = io.BytesIO()
        image.save(file, "WEBP", quality=quality)
        if file.tell() <= MAX_BYTES:
            return file.getvalue()
    return None
