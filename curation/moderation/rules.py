"""What moderators may say and do, and how their log is chained: pure functions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from curation.briefs.rules import clean_text

FIRST = "0" * 64  # what the first action names as the digest before it
FIELDS = (
    *("number", "previous", "created_at", "actor", "action", "object"),
    *("before", "after", "reason", "note", "batch"),
)
NOTE_LONGEST = 500
PROPOSAL_FOR = timedelta(hours=48)
STRIKES_TO_MUTE = 3
STRIKES_WITHIN = timedelta(days=90)
MUTE_FOR = timedelta(days=7)
BULK_MOST = 100


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a log is not what was written: its line or row, from 1, and what is wrong there."""

    place: int
    what: str

    def __str__(self) -> str:
        return f"row {self.place}: {self.what}"


def canonical(entry: Mapping[str, Any]) -> bytes:
    """The bytes an action's digest is taken of: its fields, sorted, without spaces, as UTF-8."""
    fields = {name: entry[name] for name in FIELDS}
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def digest_of(entry: Mapping[str, Any]) -> str:
    """SHA-256 of an action in hex."""
    return hashlib.sha256(canonical(entry)).hexdigest()


def faults_in(entries: Iterable[Mapping[str, Any]]) -> Iterable[Fault]:
    """Every place where a log, oldest action first, is tampered with, lacks a row or is reordered.

    A fault is told once: what comes after it is judged by what its rows say of themselves.
    """
    number, previous = 0, FIRST
    for place, entry in enumerate(entries, start=1):
        yield from (Fault(place, what) for what in _wrong(entry, number, previous))
        try:
            number, previous = int(entry["number"]), str(entry["digest"])
        except (KeyError, TypeError, ValueError):
            number, previous = number + 1, ""


def _wrong(entry: Mapping[str, Any], number: int, previous: str) -> Iterable[str]:
    """What is wrong with one action, after the one with this number and digest."""
    if missing := [name for name in (*FIELDS, "digest") if name not in entry]:
        yield f"it has no {', '.join(missing)}"
        return
    found = entry["number"]
    if digest_of(entry) != entry["digest"]:
        yield f"number {found} was tampered with: its digest is of other contents"
    if not isinstance(found, int):
        yield f"{found!r} is no number"
    elif found <= number:
        yield f"number {found} is out of order: it comes after number {number}"
    elif found > number + 1:
        gone = f"number {number + 1}" if found == number + 2 else f"{number + 1} to {found - 1}"
        yield f"{gone} missing before number {found}"
    elif entry["previous"] != previous and previous:
        yield f"number {found} does not follow the row before it: their digests differ"


def clean_note(value: str) -> str:
    """What somebody wrote beside a reason; empty means nothing.

    Raises:
        TextRefused: it is too long.
    """
    return clean_text(value, name="The note", longest=NOTE_LONGEST, required=False)


def strikes_out(count: int) -> bool:
    """Whether so many strikes within `STRIKES_WITHIN` mute a member."""
    return count >= STRIKES_TO_MUTE
