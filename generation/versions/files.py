"""Adapters as files: in storage under their hash, and on the machine that loads them."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage

from generation.versions.models import ModelVersion


def adapter_name(digest: str) -> str:
    """Where an adapter lies in storage; `digest` is the SHA-256 of its file."""
    return f"adapters/{digest}.safetensors"


def store_adapter(path: Path) -> str:
    """Put an adapter into storage, whole; returns its SHA-256."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        name = adapter_name(digest)
        if not default_storage.exists(name):
            file.seek(0)
            default_storage.save(name, File(file, name=name))
    return digest


def local_adapter(version: ModelVersion) -> Path | None:
    """A version's adapter as a file on this machine, fetched from storage once; None for a base.

    Raises:
        FileNotFoundError: storage has lost it.
    """
    if not version.adapter:
        return None
    path = Path(settings.ENV.salon_data) / "adapters" / f"{version.adapter_hash}.safetensors"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        with default_storage.open(version.adapter) as stored, partial.open("wb") as file:
            shutil.copyfileobj(stored, file)
        partial.replace(path)
    return path
