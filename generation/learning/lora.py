"""The one adapter that is being trained, as a single vector under peft's layers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from peft import LoraConfig
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import Tensor, nn

from generation.engines.errors import AdapterInvalid
from generation.learning.adapters import Layers
from generation.learning.families import Family

NAME = "learning"


class LoraSlot:
    """A LoRA on a network's attention projections whose weights are views of `vector`.

    One vector makes averages, gradients, checkpoints and exchanging adapters single operations.
    The scale is 1 (alpha = rank), so that a file needs no note of it.
    """

    def __init__(self, family: Family, *, rank: int, seed: int) -> None:
        network = family.network
        self.network, self.rank = network, rank
        network.add_adapter(
            LoraConfig(r=rank, lora_alpha=rank, target_modules=list(family.projections)),
            adapter_name=NAME,
        )
        self.tuners: list[BaseTunerLayer] = [
            module for module in network.modules() if isinstance(module, BaseTunerLayer)
        ]
        named = [(n, p) for n, p in network.named_parameters() if f".{NAME}." in n]
        self.keys = [name.replace(f".{NAME}.weight", "") for name, _ in named]
        self.shapes = [parameter.shape for _, parameter in named]
        self.parameters: list[nn.Parameter] = [parameter for _, parameter in named]
        size = sum(map(math.prod, self.shapes))
        self.vector = nn.Parameter(torch.zeros(size, device=family.device))
        for parameter, part in zip(self.parameters, self._parts(self.vector.data), strict=True):
            parameter.data = part
        self.set(self.fresh(seed))

    def _parts(self, vector: Tensor) -> list[Tensor]:
        sizes = [math.prod(shape) for shape in self.shapes]
        return [
            part.view(shape)
            for part, shape in zip(torch.split(vector, sizes), self.shapes, strict=True)
        ]

    def fresh(self, seed: int) -> Tensor:
        """A new adapter: A random with deviation 1/√in, B zero, so that it changes nothing yet."""
        stream = torch.Generator().manual_seed(seed)
        vector = torch.zeros(self.vector.numel())
        for key, part in zip(self.keys, self._parts(vector), strict=True):
            if key.endswith(".lora_A"):
                part.normal_(std=part.shape[1] ** -0.5, generator=stream)
        return vector

    def set(self, vector: Tensor) -> None:
        self.vector.data.copy_(vector)

    @contextmanager
    def holding(self, vector: Tensor) -> Iterator[None]:
        """Another adapter in the slot for a while."""
        own = self.vector.detach().clone()
        self.set(vector)
        try:
            yield
        finally:
            self.set(own)

    @contextmanager
    def disabled(self) -> Iterator[None]:
        """The bare base for a while, bit for bit."""
        for tuner in self.tuners:
            tuner.enable_adapters(False)
        try:
            yield
        finally:
            for tuner in self.tuners:
                tuner.enable_adapters(True)

    def gradient(self, value: Tensor) -> Tensor:
        """Derivative of a scalar by the vector, (P,) float32."""
        parts = torch.autograd.grad(value, self.parameters)
        return torch.cat([part.float().flatten() for part in parts])

    def layers(self, vector: Tensor) -> Layers:
        """An adapter's matrices by module, on the CPU."""
        found = dict(zip(self.keys, self._parts(vector.detach().cpu()), strict=True))
        modules = dict.fromkeys(key.rpartition(".")[0] for key in self.keys)
        return {m: (found[f"{m}.lora_A"], found[f"{m}.lora_B"]) for m in modules}

    def pack(self, layers: Layers, *, seed: int) -> Tensor:
        """The vector that does what these layers do.

        Missing layers and ranks are filled up as in a fresh adapter: they do nothing, but can
        learn.

        Raises:
            AdapterInvalid: a layer that is not trained here, or of a larger rank.
        """
        vector = self.fresh(seed)
        places = dict(zip(self.keys, self._parts(vector), strict=True))
        for module, (down, up) in layers.items():
            if f"{module}.lora_A" not in places:
                raise AdapterInvalid(
                    f"The adapter changes {module}, which is not trained here: only attention "
                    "projections are. Merge it into the base first."
                )
            rank = down.shape[0]
            if rank > self.rank:
                raise AdapterInvalid(f"Rank {rank} does not fit into rank {self.rank}.")
            places[f"{module}.lora_A"][:rank] = down
            places[f"{module}.lora_B"][:, :rank] = up
        return vector

    def remove(self) -> None:
        """Give the network back as it was."""
        self.network.delete_adapters(NAME)
