"""What is learned from: one row per unordered pair of pictures of one prompt."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from generation.learning.dpo import effective_sample_size
from generation.learning.errors import PreferencesInvalid

LEAST_EFFECTIVE_ROWS = 4.0


@dataclass(frozen=True, slots=True)
class Row:
    """A pair with all its votes in one label and one weight; replayed rows are rows like any."""

    key: str  # stable and unique; decides the pair's noise
    prompt: str
    chosen: Path
    rejected: Path
    label: float  # P(chosen is preferred), 0 to 1; a tie is 0.5
    weight: float  # ≥ 0


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture by which drift is measured."""

    prompt: str
    picture: Path


def usable_rows(rows: Sequence[Row], *, least: float = LEAST_EFFECTIVE_ROWS) -> list[Row]:
    """Rows that carry weight, scaled to a mean weight of 1.

    Raises:
        PreferencesInvalid: values out of range, keys twice, a picture against itself, no
            weight at all, only ties, or too few rows to learn anything but themselves.
    """
    for row in rows:
        _check(row)
    if len({row.key for row in rows}) < len(rows):
        raise PreferencesInvalid("Two rows have the same key.")
    kept = [row for row in rows if row.weight > 0]
    if not kept:
        raise PreferencesInvalid("All weights are zero: no vote counts, so nothing is learned.")
    if all(row.label == 0.5 for row in kept):
        raise PreferencesInvalid("All rows are ties: the votes prefer nothing.")
    mean = math.fsum(row.weight for row in kept) / len(kept)
    scaled = [dataclasses.replace(row, weight=row.weight / mean) for row in kept]
    worth = effective_sample_size([row.weight for row in scaled])
    if worth < least:
        raise PreferencesInvalid(
            f"{len(kept)} rows are worth {worth:.1f} of equal weight; at least {least:g} are "
            "needed. Gather more votes, from more members."
        )
    return scaled


def _check(row: Row) -> None:
    if not 0 <= row.label <= 1:
        raise PreferencesInvalid(f"Row {row.key} has label {row.label}: it lies in [0, 1].")
    if not (math.isfinite(row.weight) and row.weight >= 0):
        raise PreferencesInvalid(f"Row {row.key} has weight {row.weight}: it is finite and ≥ 0.")
    if row.chosen == row.rejected:
        raise PreferencesInvalid(f"Row {row.key} compares a picture with itself.")


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """One JSON object a line."""
    lines = [
        json.dumps(
            dataclasses.asdict(row) | {"chosen": str(row.chosen), "rejected": str(row.rejected)},
            sort_keys=True,
            ensure_ascii=False,
        )
        for row in rows
    ]
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def read_rows(path: Path) -> list[Row]:
    """Rows as `write_rows` writes them.

    Raises:
        PreferencesInvalid: a line that is no row.
    """
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            facts = json.loads(line)
            facts |= {"chosen": Path(facts["chosen"]), "rejected": Path(facts["rejected"])}
            rows.append(Row(**facts))
        except (ValueError, KeyError, TypeError) as error:
            raise PreferencesInvalid(f"{path}, line {number}, is no row: {error}") from error
    return rows


def rows_digest(rows: Sequence[Row]) -> str:
    """SHA-256 of what is learned, wherever the pictures lie; they are hashed apart."""
    lines = [f"{row.key}\0{row.prompt}\0{row.label!r}\0{row.weight!r}\n" for row in rows]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
