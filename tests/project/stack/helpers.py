"""Looking at processes from outside, as an operator would."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def eventually(condition: Callable[[], Any], timeout_s: float = 10.0) -> Any:
    """The condition's value as soon as it is true."""
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {timeout_s} s"
        time.sleep(0.05)
    return value


def status(data: Path) -> dict[str, Any]:
    return json.loads((data / "status.json").read_text())


def pid_of(data: Path, name: str) -> int | None:
    return next(row["pid"] for row in status(data)["processes"] if row["name"] == name)


def replaced(data: Path, name: str, old: int) -> Callable[[], bool]:
    """Whether another process has the old one's place and is ready."""

    def check() -> bool:
        row = next(row for row in status(data)["processes"] if row["name"] == name)
        return row["pid"] not in {None, old} and row["state"] == "ready"

    return check


def members(group: int) -> list[int]:
    """The living processes of a process group."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            state, _, pgid = (entry / "stat").read_text().rpartition(") ")[2].split()[:3]
        except OSError:
            continue
        if int(pgid) == group and state != "Z":
            found.append(int(entry.name))
    return found


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
