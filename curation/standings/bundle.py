"""The published bundle: one canonical JSON file from which anyone can count a round again.

docs/bundles.md describes it. Keys are sorted, nothing is spaced, numbers that may not fit a double
are decimal strings, doubles have their shortest spelling that reads back the same. `manifest` has
the SHA-256 of every other section, as it stands in the file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from django.core.files import File
from django.core.files.storage import default_storage

FORMAT = "salon-bundle-1"
STREAMED = "ballots"  # the one section that can be too large for memory; sorts before `manifest`
MANIFEST = "manifest"
COUNTING = ("bradley_terry", "comparisons", "counting", "parameters", "ranking", "weights")


@dataclass(frozen=True)
class StoredBundle:
    """A bundle in storage: SHA-256 of the file's bytes, and how many those are."""

    digest: str
    size_bytes: int


def bundle_name(digest: str) -> str:
    """Where a bundle lies in storage."""
    return f"bundles/{digest}.json"


def canonical(value: object) -> bytes:
    """The one way a JSON value is written in a bundle.

    Raises:
        ValueError: a number is not finite.
    """
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()


def store_bundle(sections: Mapping[str, Any], ballots: Iterable[Mapping[str, Any]]) -> StoredBundle:
    """Write a bundle into storage, whole, before anything in the database points to it.

    A file that nothing points to, since a crash came in between, is in nobody's way: it is named
    by its bytes.
    """
    with TemporaryFile() as file:
        writer = _Writer(file)
        _write(writer, sections, ballots)
        name = bundle_name(writer.digest)
        if not default_storage.exists(name):
            file.seek(0)
            default_storage.save(name, File(file, name=name))
    return StoredBundle(writer.digest, writer.size_bytes)


def code_version() -> str:
    """Which code counted: the SHA-256 of the sources that decide a tally, in that order."""
    found = hashlib.sha256()
    for name in COUNTING:
        found.update(Path(__file__).with_name(f"{name}.py").read_bytes())
    return f"standings {found.hexdigest()}"


class _Writer:
    """A file that is hashed while it is written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._whole = hashlib.sha256()
        self.size_bytes = 0

    def write(self, part: bytes) -> None:
        self._file.write(part)
        self._whole.update(part)
        self.size_bytes += len(part)

    def write_rows(self, rows: Iterable[Mapping[str, Any]]) -> str:
        """Write an array row by row; returns its SHA-256."""
        section = hashlib.sha256()
        for part in _array(rows):
            self.write(part)
            section.update(part)
        return section.hexdigest()

    @property
    def digest(self) -> str:
        return self._whole.hexdigest()


def _write(
    writer: _Writer, sections: Mapping[str, Any], ballots: Iterable[Mapping[str, Any]]
) -> None:
    """Write all sections by name; what comes after the ballots is in the manifest before them."""
    texts = {name: canonical(value) for name, value in sections.items()}
    manifest = {name: hashlib.sha256(text).hexdigest() for name, text in texts.items()}
    for place, name in enumerate(sorted({*texts, STREAMED, MANIFEST})):
        writer.write((b"," if place else b"{") + canonical(name) + b":")
        if name == STREAMED:
            manifest[STREAMED] = writer.write_rows(ballots)
        else:
            writer.write(canonical(manifest) if name == MANIFEST else texts[name])
    writer.write(b"}")


def _array(rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """A JSON array, in pieces."""
    mark = b"["
    for row in rows:
        yield mark + canonical(row)
        mark = b","
    yield b"[]" if mark == b"[" else b"]"
