"""Charters: what a house does not show, read from a file; pure."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from curation.validators.wording import says

HOUSE_CHARTER: Final = Path(__file__).with_name("charter.toml")


@dataclass(frozen=True)
class Charter:
    """What the house does not show."""

    ideas: tuple[str, ...]
    words: tuple[str, ...]

    def broken_by(self, text: str) -> str:
        """The first forbidden word a text has; nothing when it has none."""
        return next((word for word in self.words if says(text, word)), "")


@lru_cache(maxsize=4)
def read_charter(path: Path) -> Charter:
    """A charter from its file.

    Raises:
        OSError: it is not there.
        ValueError: it is no TOML, or not of that form.
    """
    with path.open("rb") as file:
        tables = tomllib.load(file).get("forbidden", [])
    try:
        ideas = tuple(str(table["idea"]) for table in tables)
        words = tuple(str(word) for table in tables for word in table["words"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path}: every [[forbidden]] needs `idea` and `words`.") from error
    return Charter(ideas, words)
