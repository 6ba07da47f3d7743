"""`python -m tests.faults.soak.roles ROLE …`: the processes of a soak beside the site's own."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

import django

TAKES: dict[str, tuple[type, ...]] = {
    "people": (Path, float, int),
    "crowd": (str, int),
    "voting": (str, Path, float, int),
    "books": (Path, Path, Path),
}


def main(role: str, *arguments: str) -> None:
    """Run one of them; what it takes is in its own module."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    if role != "crowd":  # which knows the site from outside only
        django.setup()
    module = import_module(f"tests.faults.soak.{role}")
    given = zip(TAKES[role], arguments, strict=True)
    module.main(*(kind(text) for kind, text in given))


if __name__ == "__main__":
    main(*sys.argv[1:])
