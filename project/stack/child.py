"""One child of the supervisor: started, watched, restarted, ended with all of its group."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from project.env import BASE
from project.stack import logfiles
from project.stack.groups import kill_orphans, signal_group, tied
from project.stack.guardian import Guardian
from project.stack.processes import Process

PROBE_EVERY_S = 0.2
SETTLED_S = 1.0  # a child without a probe is taken for running after this
STABLE_S = 15.0  # after this long a crash is a new one, not the next of a series
LONGEST_PAUSE_S = 5.0
CRASHES_TO_SHOW = 5


class State(StrEnum):
    """What a child is doing."""

    STARTING = "starting"
    READY = "ready"
    WAITING = "waiting"  # it ended and is started again in a moment
    STOPPED = "stopped"


class Child:
    """A process of the table, alive or about to be."""

    def __init__(
        self, process: Process, *, logs: Path, guardian: Guardian, say: Callable[[str], None]
    ) -> None:
        self.process = process
        self.log = logs / f"{process.name}.log"
        self.guardian = guardian
        self.say = say
        self.state = State.STOPPED
        self.popen: subprocess.Popen[bytes] | None = None
        self.restarts = -1
        self.crashes = 0  # in a row
        self.started_at: datetime | None = None
        self.started = self.ready_since = self.next_look = 0.0  # monotonic seconds
        self.log_start = 0  # where this start's lines begin

    def start(self) -> None:
        """Start it in a session of its own; a failure to do so counts as a crash."""
        self.restarts += 1
        self.state = State.STARTING
        self.started, self.started_at = time.monotonic(), datetime.now(UTC)
        try:
            logfiles.rotate(self.log)
            self.log_start = logfiles.size(self.log)
            with self.log.open("ab") as output:
                self.popen = subprocess.Popen(
                    tied(self.process.command, self.process.stop_signal),
                    cwd=BASE,
                    env=dict(self.process.env),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as error:
            self._crashed(f"could not start: {error.strerror}")
            return
        self.guardian.watch(self.popen.pid, self.process.stop_signal, self.process.sweep)

    def tend(self) -> None:
        """Notice that it is ready, or gone, or due to be started again."""
        now = time.monotonic()
        if self.state is State.WAITING and now >= self.next_look:
            self.start()
        elif self.state in {State.STARTING, State.READY} and (code := self.exit_code()) is not None:
            self._crashed(f"signal {-code}" if code < 0 else f"exit code {code}")
        elif self.state is State.STARTING and now >= self.next_look:
            answers = self._answers(now)
            took = time.monotonic() - now  # a page that is slow to answer is not asked all the time
            self.next_look = now + took + max(PROBE_EVERY_S, took)
            if answers:
                self.state, self.ready_since = State.READY, time.monotonic()
                if self.crashes < CRASHES_TO_SHOW or self.process.ready:
                    self.report("ready")

    def exit_code(self) -> int | None:
        """The exit code once it has ended, and with it whatever it had started."""
        if self.popen is None:
            return None
        if self.popen.returncode is None:
            if not _has_ended(self.popen):
                return None
            signal_group(self.popen.pid, signal.SIGKILL)  # the zombie still reserves the number
            self.popen.wait()
            self.guardian.forget(self.popen.pid)
            if self.process.sweep is not None:
                kill_orphans(self.process.sweep)
        return self.popen.returncode

    def signal(self, signum: signal.Signals) -> None:
        """Signal the whole group, if it still runs."""
        if self.popen is not None and self.popen.returncode is None:
            signal_group(self.popen.pid, signum)

    def report(self, what: str) -> None:
        pid = f"pid {self.popen.pid}" if self.popen else ""
        seconds = time.monotonic() - self.started
        self.say(f"  {self.process.name:<12} {what:<10} {pid:<12} {seconds:5.1f} s")

    def status(self) -> dict[str, Any]:
        """What an operator reads about it."""
        running = self.popen is not None and self.popen.returncode is None
        return {
            "name": self.process.name,
            "pid": self.popen.pid if self.popen and running else None,
            "state": str(self.state),
            "restarts": max(self.restarts, 0),
            "started_at": self.started_at.isoformat() if self.started_at else None,
        }

    def _answers(self, now: float) -> bool:
        if self.process.ready is None:
            return now - self.started >= SETTLED_S
        return self.process.ready()

    def _crashed(self, how: str) -> None:
        now = time.monotonic()
        lasted = self.state is State.READY and now - self.ready_since >= STABLE_S
        self.crashes = 1 if lasted else self.crashes + 1
        pause_s = min(0.1 * 2**self.crashes, LONGEST_PAUSE_S)
        self.state, self.next_look = State.WAITING, now + pause_s
        if self.crashes < CRASHES_TO_SHOW:
            self.say(f"  {self.process.name:<12} ended ({how}); starting it again")
        elif self.crashes == CRASHES_TO_SHOW:
            self.say(
                f"  {self.process.name:<12} ended {self.crashes} times in a row ({how}); trying on "
                f"every {LONGEST_PAUSE_S:.0f} s. The end of {self.log}:\n"
                + logfiles.tail(self.log, self.log_start)
            )


def _has_ended(popen: subprocess.Popen[bytes]) -> bool:
    """Whether it has ended, leaving it a zombie where the system can tell without reaping."""
    if not hasattr(os, "waitid"):
        return popen.poll() is not None
    return os.waitid(os.P_PID, popen.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None
