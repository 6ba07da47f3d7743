"""Files of npm packages that pages load: named one by one, so that nothing else is served."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

from project.env import BASE

# Prefix under /static/, package folder, files: what is loaded, and its licence.
VENDORED = (
    ("vendor/noble", "@noble/hashes", ("sha3.js", "_u64.js", "utils.js", "LICENSE")),
    ("vendor/uplot", "uplot", ("dist/uPlot.esm.js", "dist/uPlot.min.css", "LICENSE")),
)


class VendorFinder(BaseFinder):
    """Finds the files in `VENDORED`."""

    def __init__(self) -> None:
        self.places: dict[str, tuple[FileSystemStorage, str]] = {}
        for prefix, package, names in VENDORED:
            storage = FileSystemStorage(location=BASE / "node_modules" / package)
            storage.prefix = prefix  # type: ignore[attr-defined]  # as collectstatic expects it
            self.places |= {f"{prefix}/{name}": (storage, name) for name in names}

    def check(self, **options: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **options: Any) -> Any:
        """Where a file lies; an empty list when it is none of these."""
        storage, name = self.places.get(path, (None, ""))
        found = storage.path(name) if storage else ""
        if not found or not Path(found).exists():
            return []
        return [found] if find_all else found

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Any]]:
        """Every file, with the storage it comes from."""
        for storage, name in self.places.values():
            yield name, storage
