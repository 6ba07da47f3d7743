"""LoRA files: read, checked against a network, written as diffusers and peft load them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from peft.tuners.tuners_utils import BaseTunerLayer
from safetensors import safe_open
from torch import Tensor, nn

from generation.engines.adapters import adapter_keys
from generation.engines.errors import AdapterInvalid
from generation.learning.files import write_atomically

Layers = dict[str, tuple[Tensor, Tensor]]  # module → A (r, in) and B (out, r), alpha applied


def read_adapter(path: Path, network: nn.Module, part: str) -> Layers:
    """The layers of an adapter file, each with its place in the network.

    Args:
        part: the network's name in its pipeline, "unet" or "transformer".

    Raises:
        AdapterInvalid: no LoRA that can be read, or made for another architecture.
    """
    keys = adapter_keys(path)
    foreign = [key for key in keys if key.partition(".")[0] != part]
    if foreign:
        raise AdapterInvalid(
            f"{path.name} was made for another model: {foreign[0]} is not part of a {part}."
        )
    with safe_open(path, framework="pt") as file:
        tensors = {key.removeprefix(f"{part}."): file.get_tensor(key) for key in keys}
        noted = json.loads((file.metadata() or {}).get("lora_adapter_metadata", "{}"))
    layers: Layers = {}
    for key, down in tensors.items():
        module, found, _ = key.partition(".lora_A.")
        if not found:
            continue
        up = tensors.get(f"{module}.lora_B.weight")
        if up is None:
            raise AdapterInvalid(f"{path.name} has lora_A but no lora_B for {module}.")
        layers[module] = (down.float(), up.float() * _scale(tensors, noted, part, module, down))
    strange = {key for key in tensors if not _known(key)}
    if strange or not layers:
        example = f", such as {min(strange)}" if strange else ""
        raise AdapterInvalid(f"{path.name} is not in peft's form of lora_A and lora_B{example}.")
    check_layers(layers, network, path.name)
    return layers


def _known(key: str) -> bool:
    return key.endswith((".lora_A.weight", ".lora_B.weight", ".alpha"))


def _scale(
    tensors: Mapping[str, Tensor], noted: Mapping[str, Any], part: str, module: str, down: Tensor
) -> float:
    """Alpha ÷ rank; diffusers takes alpha for the rank where a file does not say."""
    alpha = tensors.get(f"{module}.alpha")
    rank = down.shape[0]
    if alpha is not None:
        return float(alpha) / rank
    return float(noted.get(f"{part}.lora_alpha", rank)) / float(noted.get(f"{part}.r", rank))


def check_layers(layers: Layers, network: nn.Module, name: str) -> None:
    """Every layer must have a linear module of its sizes in the network.

    Raises:
        AdapterInvalid: one has not.
    """
    modules = dict(network.named_modules())
    for module, (down, up) in layers.items():
        place = modules.get(module)
        if isinstance(place, BaseTunerLayer):
            place = place.get_base_layer()
        if not isinstance(place, nn.Linear):
            raise AdapterInvalid(
                f"{name} was made for another architecture: this {type(network).__name__} has no "
                f"linear layer {module}."
            )
        wants = (place.in_features, place.out_features)
        if (down.shape[1], up.shape[0]) != wants or down.shape[0] != up.shape[1]:
            raise AdapterInvalid(
                f"{name} was made for a model of another size: {module} takes {wants[0]} and gives "
                f"{wants[1]} numbers here, {down.shape[1]} and {up.shape[0]} there."
            )


def save_adapter(path: Path, layers: Layers, part: str) -> None:
    """Write a LoRA file for `pipe.load_lora_weights`; equal layers give equal bytes.

    Never use the pipeline's save_pretrained for this: with a LoRA attached it writes keys that
    load back as fresh weights.

    Raises:
        OSError: no room; an older file is still whole.
    """
    tensors = _named(layers, prefix=f"{part}.")
    write_atomically(path, safetensors.torch.save(tensors, {"format": "pt"}))


def _named(layers: Layers, *, prefix: str) -> dict[str, Tensor]:
    tensors = {}
    for module, (down, up) in layers.items():
        tensors[f"{prefix}{module}.lora_A.weight"] = _plain(down)
        tensors[f"{prefix}{module}.lora_B.weight"] = _plain(up)
    return tensors


def _plain(tensor: Tensor) -> Tensor:
    return tensor.detach().to("cpu", torch.float32).clone().contiguous()
