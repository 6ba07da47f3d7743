"""Files that are whole or not there: tensors with facts and a hash, written at once."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

_FACTS = "salon"  # the only entry: with several their order in the file would be random


def write_atomically(path: Path, data: bytes) -> None:
    """Have the old file or the new one there, whatever happens meanwhile.

    Raises:
        OSError: no room, or no permission; the old file is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def save_tensors(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write tensors with facts about them and a hash of both.

    Raises:
        OSError: as `write_atomically`.
    """
    held = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    noted = {"facts": facts, "sha256": _digest(held, facts)}
    data = safetensors.torch.save(held, {_FACTS: json.dumps(noted, sort_keys=True)})
    write_atomically(path, data)


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and facts as they were saved.

    Raises:
        FileNotFoundError: no such file.
        ValueError: damaged, or not one of ours.
    """
    if not path.is_file():
        raise FileNotFoundError(path)
    try:
        with safe_open(path, framework="pt") as file:
            noted = json.loads((file.metadata() or {})[_FACTS])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        facts: dict[str, Any] = noted["facts"]
        whole = noted["sha256"] == _digest(tensors, facts)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a file of a run: {error}") from error
    if not whole:
        raise ValueError(f"{path} is damaged: its contents are not what was written.")
    return tensors, facts


def _digest(tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"\0{name}\0{tensor.dtype}\0{tuple(tensor.shape)}\0".encode())
        digest.update(tensor.contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()
