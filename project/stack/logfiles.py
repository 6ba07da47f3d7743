"""The children's log files: appended to, bounded, and quoted when something fails."""

from __future__ import annotations

import shutil
from pathlib import Path

LIMIT_BYTES = 10 * 1024 * 1024


def rotate(log: Path, limit_bytes: int = LIMIT_BYTES) -> None:
    """Move a log that has grown past the limit to `.1` and go on with an empty one.

    Copied and truncated, because the child keeps its open file (in append mode).
    """
    try:
        if log.stat().st_size <= limit_bytes:
            return
        shutil.copyfile(log, log.with_name(log.name + ".1"))
    except FileNotFoundError:
        return
    except OSError:  # no room for the copy: the room matters more than old lines
        log.with_name(log.name + ".1").unlink(missing_ok=True)
    with log.open("r+b") as file:
        file.truncate(0)


def size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def tail(log: Path, since: int = 0, lines: int = 15) -> str:
    """The last lines written after byte `since`, indented to be quoted in a message."""
    try:
        with log.open("rb") as file:
            start = since if since <= size(log) else 0  # it was rotated meanwhile
            file.seek(max(start, size(log) - 64 * 1024))
            text = file.read().decode(errors="replace")
    except OSError as error:
        return f"    (no log: {error.strerror})"
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:] if line.strip())
