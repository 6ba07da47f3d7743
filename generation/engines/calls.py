"""Fitting requests to a pipeline: which can be drawn together, how, and at which sizes."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generation.engines.errors import SizeUnsupported

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generation.engines.protocol import Request


@dataclass(frozen=True, slots=True)
class CallSignature:
    """What a pipeline's `__call__` takes, read from its signature."""

    names: frozenset[str]
    true_cfg: bool  # guidance goes by true_cfg_scale alone (Qwen-Image)

    @classmethod
    def of(cls, pipe: Any) -> CallSignature:
        parameters = inspect.signature(type(pipe).__call__).parameters
        true_cfg = parameters.get("true_cfg_scale")
        by_default = (
            true_cfg is not None
            and isinstance(true_cfg.default, int | float)
            and true_cfg.default > 1
        )
        return cls(frozenset(parameters), by_default)

    def together(self, request: Request) -> tuple[Any, ...]:
        """Requests with equal keys can be drawn in one call.

        Whether there is a negative prompt is part of it: "" and none are different inputs to
        some models (SDXL zeroes the embedding for none), and neither may depend on neighbours.
        """
        negative = bool(request.negative_prompt) and "negative_prompt" in self.names
        return request.steps, request.guidance, request.width, request.height, negative

    def arguments(self, requests: Sequence[Request]) -> dict[str, Any]:
        """Keyword arguments for requests with one `together` key.

        A pipeline with a distilled guidance (FLUX) takes `guidance_scale`; given a negative
        prompt it does true classifier-free guidance of that strength instead.
        """
        first = requests[0]
        negatives = [request.negative_prompt for request in requests]
        wanted: dict[str, Any] = {
            "prompt": [request.prompt for request in requests],
            "num_inference_steps": first.steps,
            "width": first.width,
            "height": first.height,
            "guidance_scale": first.guidance,
            "output_type": "pil",
        }
        if self.true_cfg:
            del wanted["guidance_scale"]
            wanted["true_cfg_scale"] = first.guidance
            if first.guidance > 1:
                wanted["negative_prompt"] = [text or " " for text in negatives]
        elif any(negatives):
            wanted["negative_prompt"] = negatives
            if "true_cfg_scale" in self.names:
                wanted |= {"true_cfg_scale": first.guidance, "guidance_scale": 1.0}
        return {key: value for key, value in wanted.items() if key in self.names}


def batches(requests: Sequence[Request], signature: CallSignature, most: int) -> list[list[int]]:
    """Indexes of requests to draw together, at most `most` each, in order of first need."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for index, request in enumerate(requests):
        groups.setdefault(signature.together(request), []).append(index)
    return [
        group[start : start + most]
        for group in groups.values()
        for start in range(0, len(group), most)
    ]


def size_factor(pipe: Any) -> int:
    """Width and height must be multiples of this many pixels."""
    config = getattr(getattr(pipe, "transformer", None), "config", None)
    patch = getattr(config, "patch_size", None)
    packs = hasattr(pipe, "_pack_latents") or hasattr(pipe, "_patchify_latents")
    folds = [patch if isinstance(patch, int) else 1, 2 if packs else 1]
    return int(getattr(pipe, "vae_scale_factor", 8)) * max(folds)


def check_sizes(requests: Sequence[Request], pipe: Any, max_pixels: int) -> None:
    """Refuse sizes before anything is drawn.

    Raises:
        SizeUnsupported: not a positive multiple of the factor, or too large.
    """
    factor, longest = size_factor(pipe), _longest_side(pipe)
    for request in requests:
        size = f"{request.width}×{request.height} px"
        sides = request.width, request.height
        if any(side < factor or side % factor for side in sides):
            nearest = " × ".join(str(max(factor, round(side / factor) * factor)) for side in sides)
            raise SizeUnsupported(
                f"{size}: width and height must be multiples of {factor}; nearest is {nearest}."
            )
        if request.width * request.height > max_pixels:
            raise SizeUnsupported(f"{size} is too large: at most {max_pixels} pixels in all.")
        if longest is not None and max(sides) > longest:
            raise SizeUnsupported(f"{size} is too large for this model: at most {longest} a side.")


def _longest_side(pipe: Any) -> int | None:
    """The longest side in px that learned position embeddings allow (SD3), if they do limit."""
    config = getattr(getattr(pipe, "transformer", None), "config", None)
    positions = getattr(config, "pos_embed_max_size", None)
    return int(positions) * size_factor(pipe) if positions else None
