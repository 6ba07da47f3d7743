"""Ends every child of a supervisor that died without doing so itself.

The supervisor writes one line per process group to the guardian's standard input:
`+ GROUP SIGNAL FOLDER` and `- GROUP`. The end of that stream is the supervisor's end.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from project.env import BASE
from project.stack.groups import kill_orphans, signal_group
from project.stack.lock import disown

GRACE_S = 5.0
QUIT_S = 2.0


@dataclass(slots=True)
class Guardian:
    """The supervisor's end: keeps a guardian alive and told of all groups."""

    lock: int  # descriptor of the data folder's lock, which the guardian holds as well
    groups: dict[int, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def ensure(self) -> None:
        """Start the guardian, or a new one if the last was killed."""
        if self.process is not None and self.process.poll() is None:
            return
        self.process = subprocess.Popen(
            [sys.executable, "-m", "project.stack.guardian", str(os.getpid()), str(self.lock)],
            cwd=BASE,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=(self.lock,),
        )
        for line in self.groups.values():
            self._send(line)

    def watch(self, group: int, stop_signal: signal.Signals, sweep: Path | None) -> None:
        self.groups[group] = f"+ {group} {int(stop_signal)} {sweep or ''}"
        self._send(self.groups[group])

    def forget(self, group: int) -> None:
        self.groups.pop(group, None)
        self._send(f"- {group}")

    def dismiss(self) -> None:
        """Let the guardian go; whatever it still knows of ends."""
        if self.process is None or self.process.stdin is None:
            return
        self.process.stdin.close()
        try:
            self.process.wait(timeout=GRACE_S + QUIT_S + 1)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def _send(self, line: str) -> None:
        if self.process is None or self.process.stdin is None:
            return
        try:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            return  # it was killed: ensure() starts another and tells it everything


def end_groups(groups: dict[int, tuple[int, Path | None]]) -> None:
    """Ask every group to end, then insist."""
    alive = {group for group, (signum, _) in groups.items() if signal_group(group, signum)}
    alive = _wait(alive, GRACE_S)
    for group in alive:
        gentle = groups[group][0] == signal.SIGINT  # PostgreSQL: end without a checkpoint first
        signal_group(group, signal.SIGQUIT if gentle else signal.SIGKILL)
    for group in _wait(alive, QUIT_S):
        signal_group(group, signal.SIGKILL)
    for _, sweep in groups.values():
        if sweep is not None:
            kill_orphans(sweep)


def _wait(groups: set[int], timeout_s: float) -> set[int]:
    deadline = time.monotonic() + timeout_s
    while groups and time.monotonic() < deadline:
        time.sleep(0.05)
        groups = {group for group in groups if signal_group(group, 0)}
    return groups


def main(supervisor: int, lock: int) -> None:
    """Follow the supervisor's lines until it is gone, then end what it left."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)
    groups: dict[int, tuple[int, Path | None]] = {}
    unfinished = b""
    while os.getppid() == supervisor:  # a forked child of its can keep the stream open
        if not select.select([0], [], [], 0.5)[0]:
            continue
        if not (chunk := os.read(0, 65536)):
            break
        *lines, unfinished = (unfinished + chunk).split(b"\n")
        for line in lines:
            action, group, *rest = line.decode().split(" ", 3)
            if action == "+":
                groups[int(group)] = (int(rest[0]), Path(rest[1]) if rest[1] else None)
            else:
                groups.pop(int(group), None)
    if groups:
        disown(lock)
    end_groups(groups)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
