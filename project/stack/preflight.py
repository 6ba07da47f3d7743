"""What is checked before anything is started, so that nothing is left half-done."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import socket
import stat
import sys
from importlib.util import find_spec
from pathlib import Path

from project.stack.errors import (
    BinaryMissing,
    DiskFull,
    FolderUnusable,
    PortTaken,
    PythonTooOld,
    StackError,
)

MINIMUM_PYTHON = (3, 11)
MINIMUM_FREE_BYTES = 300 * 1024 * 1024
LONGEST_SOCKET_PATH = 103 if sys.platform == "darwin" else 107  # sun_path less its final zero
FOLDERS = ("postgres", "valkey", "chain", "logs", "media")


def check_python(version: tuple[int, ...] = sys.version_info[:3]) -> None:
    """Raises PythonTooOld."""
    if version[:2] < MINIMUM_PYTHON:
        wanted = ".".join(map(str, MINIMUM_PYTHON))
        found = ".".join(map(str, version[:3]))
        raise PythonTooOld(f"Salon needs Python {wanted} or newer; this is {found}.")


def check_packages(*names: str) -> None:
    """Raises BinaryMissing when one of these packages is not installed."""
    if missing := [name for name in names if find_spec(name) is None]:
        raise BinaryMissing(f"Not installed: {', '.join(missing)}. Run `make install`.")


def prepare_folder(data: Path) -> None:
    """Make the data folder and what belongs in it.

    Raises:
        FolderUnusable: it is no folder, or cannot be written.
        DiskFull: there was no room even for a folder.
    """
    try:
        for name in FOLDERS:
            (data / name).mkdir(parents=True, exist_ok=True)
            _try_writing(data if name == "postgres" else data / name)
    except OSError as error:
        raise unusable(data, error) from error


def _try_writing(folder: Path) -> None:
    probe = folder / f".writable-{os.getpid()}"
    try:
        probe.write_bytes(b"\0" * 4096)
    finally:
        probe.unlink(missing_ok=True)


def unusable(folder: Path, error: OSError) -> StackError:
    """The error to raise for a folder that an operating system call stumbled over."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull(f"The disk of {folder} is full. Free some space and start again.")
    return FolderUnusable(
        f"SALON_DATA is {folder}: it cannot be used as a folder to write to "
        f"({error.strerror}). Name another one: `SALON_DATA=~/salon make run`."
    )


def check_space(folder: Path, minimum_bytes: int = MINIMUM_FREE_BYTES) -> None:
    """Raises DiskFull."""
    free = shutil.disk_usage(folder).free
    if free < minimum_bytes:
        raise DiskFull(
            f"The disk of {folder} has {free // 2**20} MB left; Salon needs "
            f"{minimum_bytes // 2**20} MB to start. Free some space, or name a folder on "
            "another disk: `SALON_DATA=/elsewhere make run`."
        )


def prepare_sockets(sockets: Path) -> None:
    """Make the folder of the sockets, which nobody else may enter.

    Raises:
        FolderUnusable: it is somebody else's, no folder, or its path is too long.
    """
    if len(str(sockets / "pg" / ".s.PGSQL.5432").encode()) > LONGEST_SOCKET_PATH:
        raise FolderUnusable(f"{sockets} is too long a path for sockets: `TMPDIR=/tmp make run`.")
    try:
        sockets.mkdir(mode=0o700, exist_ok=True)
        found = sockets.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise FolderUnusable(
                f"{sockets} should hold Salon's sockets, but it belongs to somebody else. "
                "Remove it, or set TMPDIR to a folder of your own."
            )
        sockets.chmod(0o700)
        (sockets / "pg").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise FolderUnusable(f"{sockets}: cannot keep sockets here ({error.strerror}).") from error


def give_to(owner: int, group: int, *folders: Path) -> None:
    """Hand PostgreSQL's own folders to the user it runs as, closed to all others.

    Raises:
        FolderUnusable: what is in there was made by another user.
    """
    for folder in folders:
        for inside in folder.iterdir():
            if (found := inside.lstat().st_uid) != owner:
                raise FolderUnusable(
                    f"{inside} belongs to user id {found}, but would now be used by {owner}. "
                    "Run Salon as the user who ran it before, or name another SALON_DATA."
                )
        try:
            if folder.stat().st_uid != owner:
                os.chown(folder, owner, group)
            folder.chmod(0o700)
        except OSError as error:
            raise FolderUnusable(f"{folder}: {error.strerror}.") from error


def check_port(bind: str, port: int, *, variable: str = "PORT") -> None:
    """Raises PortTaken when nobody could listen at this address; `variable` says who would."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            bind, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except socket.gaierror as error:
        raise PortTaken(f"BIND is {bind}: that is no address ({error.strerror}).") from error
    except OSError as error:
        usual = 8545 if variable == "CHAIN_PORT" else 8000
        other = port + 1 if port < 65535 else usual
        what = f"{'Port' if variable == 'PORT' else variable} {port}"
        if error.errno == errno.EADDRINUSE:
            message = f"{what} is already taken. Choose another: `{variable}={other} make run`."
        elif error.errno == errno.EACCES:
            message = f"{what} needs more rights than you have. Try `{variable}={usual} make run`."
        else:
            message = f"BIND is {bind}: cannot listen there ({error.strerror})."
        raise PortTaken(message) from error


def free_port() -> int:
    """A port of the loopback address that nobody listens on now.

    It lies below the ports that systems give to outgoing connections: one of those could take it
    while the process it is for starts again.

    Raises:
        PortTaken: none is free.
    """
    for _ in range(100):
        port = 10_000 + secrets.randbelow(22_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise PortTaken("No port of 127.0.0.1 is free.")


def hidden_place() -> tuple[str, int]:
    """Host and port to listen on so that no web page finds it: on Linux all 127.x.y.z are ours.

    Raises:
        PortTaken: none is free.
    """
    for _ in range(100):
        parts = (str(1 + secrets.randbelow(254)) for _ in range(3))
        host = ".".join(("127", *parts)) if sys.platform == "linux" else "127.0.0.1"
        place = host, 1024 + secrets.randbelow(64_512)
        with contextlib.suppress(OSError), socket.create_server(place):
            return place
    raise PortTaken(f"No port of {host} is free for the embedded chain.")
