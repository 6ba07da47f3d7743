"""What a model version is, as hashes of the files that decide its pictures."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from generation.engines.errors import AdapterInvalid
from generation.engines.folders import INDEX, inspect, locate

if TYPE_CHECKING:
    from pathlib import Path

    from generation.engines.protocol import ModelSource

_CHUNK_BYTES = 1 << 22
# Weights, configurations and what tokenizers read (merges.txt, spiece.model).
_DECIDING = {".safetensors", ".json", ".txt", ".model"}


class Identity(NamedTuple):
    """SHA-256 hashes in hex; `adapter` is empty for a bare base."""

    base: str
    adapter: str


def identity(source: ModelSource) -> Identity:
    """Hash a source. Equal files give equal hashes, wherever they lie.

    Raises:
        ModelMissing, ModelInvalid, PickleRefused, CodeRefused: the base cannot be used.
        AdapterInvalid: an adapter's file cannot be read.
    """
    folder = inspect(locate(source.base, source.revision))
    files = [folder.path / INDEX]
    for component in folder.components:
        files += [
            path
            for path in (folder.path / component).rglob("*")
            if path.is_file() and path.suffix in _DECIDING
        ]
    names = sorted((path.relative_to(folder.path).as_posix(), path) for path in files)
    lines = [f"{name}\0{file_sha256(path)}\n" for name, path in names]
    return Identity(hashlib.sha256("".join(lines).encode()).hexdigest(), _adapters(source))


def _adapters(source: ModelSource) -> str:
    """One adapter at full weight is its file's own hash; else hashes and weights, in order."""
    try:
        hashes = [(file_sha256(adapter.path), adapter.weight) for adapter in source.adapters]
    except OSError as error:
        raise AdapterInvalid(f"An adapter cannot be read: {error}.") from error
    if not hashes:
        return ""
    if len(hashes) == 1 and hashes[0][1] == 1:
        return hashes[0][0]
    lines = [f"{digest}\0{weight!r}\n" for digest, weight in hashes]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file in hex; remembered until its size or time of change differs."""
    stat = path.stat()
    return _file_sha256(path, stat.st_size, stat.st_mtime_ns, stat.st_ino)


@lru_cache(maxsize=4096)
def _file_sha256(path: Path, _size: int, _mtime_ns: int, _inode: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
