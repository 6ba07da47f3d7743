"""One supervisor per data folder."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from project.stack.errors import AlreadyRunning
from project.stack.preflight import unusable

CLEANUP_S = 15.0  # what a guardian may need after its supervisor was killed
NOTICE_S = 1.0  # and to notice that it was


def hold_lock(data: Path) -> int:
    """Lock the data folder for as long as the returned descriptor is open anywhere.

    The guardian inherits the descriptor: after a killed supervisor the folder is free only
    when its last process is gone, and that is waited for.

    Raises:
        AlreadyRunning: a living supervisor holds it.
    """
    try:
        descriptor = os.open(data / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise unusable(data, error) from error
    begin = time.monotonic()
    while not _try_lock(descriptor):
        holder = int(os.pread(descriptor, 20, 0) or b"0")
        if time.monotonic() > begin + (NOTICE_S if _alive(holder) else CLEANUP_S):
            os.close(descriptor)
            raise AlreadyRunning(
                f"Salon is already running on {data} (process {holder}). Stop it first, or start "
                "a second one: `PORT=8001 SALON_DATA=.salon-2 make run`."
            )
        time.sleep(0.1)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return descriptor


def disown(descriptor: int) -> None:
    """Say that the supervisor that held the lock is dead and its guardian is cleaning up."""
    os.ftruncate(descriptor, 0)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _alive(pid: int) -> bool:
    if pid == 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
