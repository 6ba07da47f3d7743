"""Process groups, and how a program is tied to the life of its supervisor."""

from __future__ import annotations

import functools
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path


def signal_group(pgid: int, signum: int) -> bool:
    """Signal every process of a group; False when there is none left."""
    try:
        os.killpg(pgid, signum)
    except ProcessLookupError:
        return False
    except PermissionError:  # on macOS: only zombies are left
        return False
    return True


def kill_orphans(folder: Path) -> None:
    """Kill the backends that a killed PostgreSQL left at work on this cluster.

    Each backend is a session of its own, so killing the postmaster's group misses them. An idle
    one notices and leaves; a busy one would keep the cluster locked until its query ends.
    """
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink() == folder and "postgres" in (entry / "comm").read_text():
                os.kill(int(entry.name), signal.SIGKILL)
        except OSError:
            continue


@functools.cache
def setpriv() -> str | None:
    """Util-linux's setpriv, where there is one that knows the parent-death signal."""
    path = shutil.which("setpriv") if sys.platform == "linux" else None
    if path is None:
        return None
    usage = subprocess.run([path, "--help"], capture_output=True, text=True, check=False)
    return path if "--pdeathsig" in usage.stdout + usage.stderr else None


def tied(command: tuple[str, ...], signum: signal.Signals) -> tuple[str, ...]:
    """The same command, sent `signum` by the kernel when its supervisor dies."""
    name = signum.name.removeprefix("SIG")
    return (path, "--pdeathsig", name, *command) if (path := setpriv()) else command
