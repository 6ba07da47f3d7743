"""The engine for any text-to-image pipeline of diffusers: from a folder or a hub id, by settings.

Prompts, seeds, guidance, sizes and steps may differ between the requests of one call; what
cannot be drawn together is drawn in turn. A candidate's noise depends on its seed alone.
"""

from __future__ import annotations

import contextlib
import gc
import time
from typing import TYPE_CHECKING, Any

import diffusers
import peft
import torch
import transformers

from generation.engines.adapters import AdapterShelf
from generation.engines.calls import CallSignature, batches, check_sizes, size_factor
from generation.engines.errors import NotLoaded
from generation.engines.folders import ModelFolder, inspect, locate
from generation.engines.loading import free_memory, load_pipeline, memory_guard, offloads
from generation.engines.noise import generators, seeded_steps
from generation.engines.options import EngineOptions, choose_device, choose_dtype
from generation.engines.protocol import (
    CancelCheck,
    ModelSource,
    Picture,
    ProgressCallback,
    Request,
)
from generation.engines.watching import Watcher

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DiffusersEngine", "EngineOptions"]


class DiffusersEngine:
    """Holds one base in memory and a few adapters beside it; see `protocol.Engine`."""

    def __init__(self, options: EngineOptions | None = None) -> None:
        """Choose device and precision.

        Raises:
            ValueError: the options name a device or precision that is not there.
        """
        self.options = options or EngineOptions()
        self.device = choose_device(self.options.device)
        self.dtype = choose_dtype(self.options.dtype, self.device)
        if self.options.threads:
            torch.set_num_threads(self.options.threads)
        self._folder: ModelFolder | None = None
        self._pipe: Any = None
        self._shelf: AdapterShelf | None = None
        self._source: ModelSource | None = None

    def load(self, source: ModelSource) -> None:
        """See `protocol.Engine.load`."""
        if source == self._source:
            return
        folder = inspect(locate(source.base, source.revision))
        self._source = None
        with memory_guard(self.device, doing="loading the model"):
            if folder != self._folder or self._shelf is None:
                self.unload()
                self._pipe = load_pipeline(folder, self.options, self.device, self.dtype)
                self._shelf = AdapterShelf(self._pipe, keep=self.options.adapters_kept)
                self._folder = folder
            self._shelf.use(source.adapters)
        self._source = source

    def unload(self) -> None:
        """Forget the model and free its memory."""
        self._source = self._folder = self._shelf = self._pipe = None
        gc.collect()
        free_memory()

    def generate(
        self,
        requests: Sequence[Request],
        *,
        on_progress: ProgressCallback | None = None,
        should_cancel: CancelCheck | None = None,
    ) -> list[Picture]:
        """See `protocol.Engine.generate`; an error of a callback ends the call too."""
        if self._source is None:
            raise NotLoaded
        check_sizes(requests, self._pipe, self.options.max_pixels)
        signature = CallSignature.of(self._pipe)
        # Decoding in the middle would have an offloaded model travel to and fro.
        previews = 0 if offloads(self.options, self.device) else self.options.previews
        pictures: dict[int, Picture] = {}
        for indexes in batches(requests, signature, self.options.batch):
            watcher = Watcher(
                indexes,
                requests[indexes[0]],
                previews_each=previews,
                on_progress=on_progress,
                should_cancel=should_cancel,
            )
            watcher.check_cancel()
            drawn = self._draw([requests[index] for index in indexes], signature, watcher)
            pictures.update(zip(indexes, drawn, strict=True))
        return [pictures[index] for index in range(len(requests))]

    def _draw(
        self, requests: list[Request], signature: CallSignature, watcher: Watcher
    ) -> list[Picture]:
        """Draw requests that go together in one call of the pipeline."""
        together, first = len(requests), requests[0]
        doing = f"drawing {together} of {first.width}×{first.height} px"
        streams = generators([request.seed for request in requests])
        arguments = signature.arguments(requests) | watcher.arguments(signature.names)
        start = time.perf_counter()
        with (
            contextlib.ExitStack() as stack,
            memory_guard(self.device, doing=doing, together=together),
        ):
            # A call that ends early leaves its parts on the device.
            stack.callback(self._pipe.maybe_free_model_hooks)
            stack.enter_context(seeded_steps(self._pipe.scheduler, streams))
            output = self._pipe(**arguments, generator=streams)
        drawn_s = time.perf_counter() - start
        flags = getattr(output, "nsfw_content_detected", None) or [False] * together
        return [
            Picture(image, request.seed, drawn_s, together, bool(flag))
            for image, request, flag in zip(output.images, requests, flags, strict=True)
        ]

    def describe(self) -> dict[str, Any]:
        """See `protocol.Engine.describe`."""
        if self._source is None:
            raise NotLoaded
        signature = CallSignature.of(self._pipe)
        return {
            "pipeline": type(self._pipe).__name__,
            "scheduler": type(self._pipe.scheduler).__name__,
            "base": self._source.base,
            "revision": self._source.revision,
            "adapters": [[adapter.name, adapter.weight] for adapter in self._source.adapters],
            "device": str(self.device),
            "dtype": str(self.dtype).removeprefix("torch."),
            "offload": self.options.offload if offloads(self.options, self.device) else "none",
            "compiled": self.options.compile,
            "threads": torch.get_num_threads(),
            "size_factor": size_factor(self._pipe),
            "negative_prompts": "negative_prompt" in signature.names,
            "versions": {
                "torch": torch.__version__,
                "diffusers": diffusers.__version__,
                "transformers": transformers.__version__,
                "peft": peft.__version__,
            },
        }
