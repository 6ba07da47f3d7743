"""LoRA adapters on a loaded pipeline: put on, taken off and kept without touching the base."""

from __future__ import annotations

import logging
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import torch
from peft.tuners.tuners_utils import BaseTunerLayer
from safetensors import SafetensorError, safe_open

from generation.engines.errors import AdapterInvalid
from generation.engines.identity import file_sha256

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from generation.engines.protocol import Adapter

logger = logging.getLogger(__name__)

_DENOISERS = ("transformer", "unet")


class AdapterShelf:
    """The adapters of one pipeline; the least recently used beyond `keep` are dropped.

    Never call the pipeline's save_pretrained while one is on: the keys it writes load back
    as fresh weights.
    """

    def __init__(self, pipe: Any, *, keep: int) -> None:
        self.pipe = pipe
        self.keep = keep
        self.loaded: OrderedDict[str, None] = OrderedDict()  # peft names, oldest use first

    def use(self, adapters: Sequence[Adapter]) -> None:
        """Have exactly these adapters on, at their weights; none gives the bare base.

        Raises:
            AdapterInvalid: one cannot be used; all are off then.
        """
        self._switch(on=False)
        if not adapters:
            return
        if not hasattr(self.pipe, "load_lora_weights"):
            raise AdapterInvalid(f"{type(self.pipe).__name__} takes no LoRA adapters.")
        names = [self._ensure(adapter) for adapter in adapters]
        if len(set(names)) < len(names):
            raise AdapterInvalid("The same adapter is listed twice; list it once, add the weights.")
        self.pipe.set_adapters(names, [adapter.weight for adapter in adapters])
        self._switch(on=True)
        while len(self.loaded) > max(self.keep, len(names)):
            self._drop(next(iter(self.loaded)))

    def _ensure(self, adapter: Adapter) -> str:
        keys = adapter_keys(adapter.path)
        name = f"sha{file_sha256(adapter.path)[:32]}"
        if name not in self.loaded:
            try:
                self.pipe.load_lora_weights(
                    str(adapter.path.parent),
                    weight_name=adapter.path.name,
                    adapter_name=name,
                    use_safetensors=True,
                    local_files_only=True,
                )
                self._check_fits(keys, name)
            except AdapterInvalid:
                self._drop(name)
                raise
            except torch.OutOfMemoryError:
                self._drop(name)
                raise
            except Exception as error:
                self._drop(name)
                raise AdapterInvalid(
                    f"Adapter {adapter.path.name} does not fit {type(self.pipe).__name__}; use one "
                    f"trained on this base. {type(error).__name__}: {str(error)[:300]}"
                ) from error
            self._switch(on=False)
        self.loaded[name] = None
        self.loaded.move_to_end(name)
        return name

    def _check_fits(self, keys: Sequence[str], name: str) -> None:
        """Diffusers only warns about tensors that belong nowhere; here every one must."""
        there = {
            f"{part}.{key.replace(f'.{name}.', '.')}"
            for part in _DENOISERS
            if isinstance(module := getattr(self.pipe, part, None), torch.nn.Module)
            for key, _ in module.named_parameters()
            if f".{name}." in key
        }
        stray = [
            key
            for key in keys
            if ".lora_A." in key and key.partition(".")[0] in _DENOISERS and key not in there
        ]
        if stray or not (there or any(name in layer.active_adapters for layer in self._layers())):
            what = f"{len(stray)} of its tensors, such as {stray[0]}," if stray else "its tensors"
            raise AdapterInvalid(
                f"The adapter was made for another model: {what} belong to no layer of this "
                f"{type(self.pipe).__name__}."
            )

    def _layers(self) -> Iterator[Any]:
        for part in self.pipe.components.values():
            if isinstance(part, torch.nn.Module):
                yield from (m for m in part.modules() if isinstance(m, BaseTunerLayer))

    def _switch(self, *, on: bool) -> None:
        """With adapters off a layer returns its base layer's output, bit for bit."""
        for layer in self._layers():
            layer.enable_adapters(on)

    def _drop(self, name: str) -> None:
        self.loaded.pop(name, None)
        for layer in self._layers():
            layer.delete_adapter(name)
        for part in self.pipe.components.values():
            getattr(part, "peft_config", {}).pop(name, None)


def adapter_keys(path: Path) -> list[str]:
    """Tensor names of an adapter file, from its header.

    Raises:
        AdapterInvalid: no such file, not safetensors, damaged, or not a LoRA.
    """
    if not path.is_file():
        raise AdapterInvalid(f"There is no adapter file {path}.")
    if path.suffix != ".safetensors":
        raise AdapterInvalid(
            f"{path.name} is not a safetensors file; other formats can run code when read. "
            "Save the adapter by save_lora_weights(folder, safe_serialization=True)."
        )
    try:
        with safe_open(path, framework="numpy") as tensors:
            keys = list(tensors.keys())
    except (SafetensorError, OSError) as error:
        raise AdapterInvalid(
            f"{path.name} cannot be read as safetensors ({error}); fetch or export it again."
        ) from error
    if not keys or not all("lora" in key or key.endswith(".alpha") for key in keys):
        raise AdapterInvalid(f"{path.name} holds no LoRA, or more than a LoRA; export it again.")
    return keys
