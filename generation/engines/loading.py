"""From an inspected folder to a pipeline that is ready to draw."""

from __future__ import annotations

import importlib
import inspect
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import diffusers
import torch
import transformers
from diffusers import DiffusionPipeline

from generation.engines.errors import ModelInvalid, OutOfMemory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generation.engines.folders import ModelFolder
    from generation.engines.options import EngineOptions

# Pipelines that diffusers does not have: importing their module registers them.
_OWN_PIPELINES = {"EmblemPipeline": "generation.emblems.pipeline"}


def load_pipeline(
    folder: ModelFolder, options: EngineOptions, device: torch.device, dtype: torch.dtype
) -> Any:
    """Load, place and prepare a pipeline. Weights are read from safetensors only.

    Raises:
        ModelInvalid: files are missing or damaged, or it does not draw from text.
    """
    if module := _OWN_PIPELINES.get(folder.pipeline_class):
        importlib.import_module(module)
    diffusers.utils.logging.disable_progress_bar()
    transformers.utils.logging.disable_progress_bar()
    try:
        pipe = DiffusionPipeline.from_pretrained(
            folder.path,
            dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            variant=folder.variant,
            **dict.fromkeys(folder.absent),
        )
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise ModelInvalid(
            f"{folder.path} cannot be loaded as {folder.pipeline_class}: fetch it again, or check "
            f"that this diffusers ({diffusers.__version__}) knows it. "
            f"{type(error).__name__}: {str(error)[:300]}"
        ) from error
    if "prompt" not in inspect.signature(type(pipe).__call__).parameters:
        raise ModelInvalid(f"{folder.pipeline_class} does not draw from text; choose another.")
    _place(pipe, options, device)
    return pipe


def _place(pipe: Any, options: EngineOptions, device: torch.device) -> None:
    pipe.set_progress_bar_config(disable=True)
    if offloads(options, device):
        if options.offload == "model":
            pipe.enable_model_cpu_offload(device=device)
        else:
            pipe.enable_sequential_cpu_offload(device=device)
    else:
        pipe.to(device)
    vae: Any = getattr(pipe, "vae", None)
    if options.slicing and hasattr(vae, "enable_slicing"):
        vae.enable_slicing()
    if options.tiling and hasattr(vae, "enable_tiling"):
        vae.enable_tiling()
    if options.compile:
        denoiser(pipe).compile()


def offloads(options: EngineOptions, device: torch.device) -> bool:
    """Whether parts are moved to the CPU while they rest; on the CPU there is nothing to move."""
    return options.offload != "none" and device.type != "cpu"


def denoiser(pipe: Any) -> torch.nn.Module:
    """The network that is called at every step."""
    module = getattr(pipe, "transformer", None) or getattr(pipe, "unet", None)
    if not isinstance(module, torch.nn.Module):
        raise ModelInvalid(f"{type(pipe).__name__} has neither a transformer nor a unet.")
    return module


def is_out_of_memory(error: BaseException) -> bool:
    """CUDA has a class for it; the CPU and MPS say it in words."""
    words = ("out of memory", "can't allocate memory", "not enough memory")
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError) and any(word in str(error).lower() for word in words)
    )


def free_memory() -> None:
    """Give cached blocks back to the device."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


@contextmanager
def memory_guard(device: torch.device, *, doing: str, together: int = 1) -> Iterator[None]:
    """Turn any shortage of memory inside into one error with remedies.

    Raises:
        OutOfMemory: memory ran out.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        message = OutOfMemory(device=str(device), doing=doing, together=together)
        error.__traceback__ = None  # its frames hold the tensors that should be freed
        free_memory()
        raise message from error
