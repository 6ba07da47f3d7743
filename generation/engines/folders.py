"""Finding a base model and looking at its files before any of them is loaded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from generation.engines.errors import CodeRefused, ModelInvalid, ModelMissing, PickleRefused

INDEX = "model_index.json"
_PICKLES = {".bin", ".ckpt", ".pt", ".pth", ".pkl", ".pickle"}
_LIBRARIES = ("diffusers", "transformers")
_OWN = "generation.emblems."
_LORA_MARKS = (".base_layer.", ".lora_A.", ".lora_B.")


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A folder that passed inspection."""

    path: Path
    pipeline_class: str
    components: tuple[str, ...]  # subfolders that belong to the model
    absent: tuple[str, ...]  # parts left out on purpose, such as SD3's T5
    variant: str | None  # "fp16" when some weights come only in that variant


def locate(base: str, revision: str | None = None) -> Path:
    """The folder of a base; a hub id is fetched into the hub's cache, safetensors only.

    Raises:
        ModelMissing: no such folder, or the hub has no such model or cannot be reached.
        PickleRefused, CodeRefused: the hub's model has only pickled weights, or needs code.
    """
    folder = Path(base).expanduser()
    if folder.is_dir():
        return folder.resolve()
    if base.count("/") != 1 or base.startswith((".", "/", "~")):
        raise ModelMissing(
            f"There is no folder {base}. Give the folder of a diffusers model (with {INDEX}) "
            "or a hub id such as owner/name."
        )
    return _fetch(base, revision)


def _fetch(hub_id: str, revision: str | None) -> Path:
    from diffusers import DiffusionPipeline  # noqa: PLC0415 - torch is slow to import

    try:
        return Path(
            DiffusionPipeline.download(hub_id, revision=revision, use_safetensors=True)
        ).resolve()
    except Exception as error:
        text = str(error)
        if "trust_remote_code" in text:
            raise CodeRefused(hub_id, "trust_remote_code") from error
        if "safetensors" in text:
            raise PickleRefused(hub_id, ["no safetensors on the hub"]) from error
        raise ModelMissing(
            f"Model {hub_id} is neither a folder nor in the hub's cache, and fetching it failed. "
            "Check the name, the network and HF_TOKEN (for gated models), or fetch it elsewhere "
            f"and give its folder. {type(error).__name__}: {text[:300]}"
        ) from error


def inspect(folder: Path) -> ModelFolder:
    """Check a model folder by its names and headers alone; no weights are read.

    Raises:
        ModelMissing: the folder is not a diffusers model.
        ModelInvalid: its index is unreadable, or an adapter was saved into the base.
        PickleRefused: a component has weights, but none as safetensors.
        CodeRefused: a class is not one of diffusers', transformers' or the embedded model's.
    """
    index = _read_index(folder)
    name = index.get("_class_name")
    if not isinstance(name, str):
        raise CodeRefused(str(folder), f"pipeline {name}")
    components = {
        key: value
        for key, value in index.items()
        if isinstance(value, list) and len(value) == 2 and value[0] is not None
    }
    variant = None
    for component, (library, class_name) in components.items():
        _check_library(folder, component, str(library), str(class_name))
        if _check_weights(folder / component):
            variant = "fp16"
    absent = tuple(sorted(key for key, value in index.items() if value == [None, None]))
    return ModelFolder(folder, name, tuple(sorted(components)), absent, variant)


def _read_index(folder: Path) -> dict[str, Any]:
    path = folder / INDEX
    if not path.is_file():
        raise ModelMissing(
            f"{folder} is not a diffusers model: it has no {INDEX}. Single-file checkpoints must "
            "be converted first (from_single_file, then save_pretrained)."
        )
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelInvalid(f"{path} is not valid JSON ({error}); fetch the model again.") from error
    if not isinstance(index, dict):
        raise ModelInvalid(f"{path} does not hold an object; fetch the model again.")
    return index


def _check_library(folder: Path, component: str, library: str, class_name: str) -> None:
    if (folder / component / f"{library}.py").exists() or not (
        library in _LIBRARIES or library.startswith(_OWN) or _is_pipeline(library)
    ):
        raise CodeRefused(str(folder), f"{component}: {library}.{class_name}")


def _is_pipeline(library: str) -> bool:
    """Whether it is a part of diffusers' pipelines, some of which bring classes of their own."""
    from diffusers import pipelines  # noqa: PLC0415 - torch is slow to import

    return hasattr(pipelines, library)


def _check_weights(component: Path) -> bool:
    """Whether a component's weights exist only in the fp16 variant."""
    if not component.is_dir():
        return False
    files = [path for path in sorted(component.iterdir()) if path.is_file()]
    safe = [path for path in files if path.suffix == ".safetensors"]
    pickles = [path.name for path in files if path.suffix in _PICKLES]
    if pickles and not safe:
        raise PickleRefused(str(component), pickles)
    for path in safe:
        try:
            with safe_open(path, framework="numpy") as tensors:
                keys = list(tensors.keys())
        except (SafetensorError, OSError) as error:
            raise ModelInvalid(
                f"{path} is not a readable safetensors file ({error}); fetch the model again."
            ) from error
        if any(mark in key for key in keys for mark in _LORA_MARKS):
            raise ModelInvalid(
                f"{path} was saved with a LoRA attached: its own weights would load as noise. "
                "Unload the LoRA before save_pretrained and save it alone, by save_lora_weights."
            )
    return bool(safe) and all(".fp16" in path.name for path in safe)
