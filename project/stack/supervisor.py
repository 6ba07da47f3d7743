"""Starts a stack in order, keeps it running, and ends it in order."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

from project.stack import logfiles
from project.stack.child import Child, State
from project.stack.errors import StartFailed
from project.stack.guardian import Guardian
from project.stack.processes import Process, Stack

TICK_S = 0.1
ROTATE_EVERY_S = 10.0
STALE_S = 20.0  # how long a service may fail to start while an old one is being reaped
REMIND_AFTER_S = 60.0
GRACE_S = 4.5  # from the first signal to the second; two of these fit into ten seconds
QUIT_S = 1.0  # from the second signal to SIGKILL
SERVICE_GRACE_S = 2.5


class _Stopped(Exception):
    """Somebody asked for the end."""


def say(line: str) -> None:
    """Print for whoever watches; nobody may be watching any more, and that is fine."""
    with suppress(OSError):
        print(line, flush=True)


class Supervisor:
    """Runs one stack until it is told to stop."""

    def __init__(self, stack: Stack, *, lock: int, parent: int | None = None) -> None:
        """`parent`: end when this process is no longer the parent."""
        self.stack = stack
        self.guardian = Guardian(lock)
        self.parent = parent
        self.services = [self._child(process) for process in stack.services]
        self.steps: list[Child] = []
        self.processes = [self._child(process) for process in stack.processes]
        self.ready = False
        self.stop_asked_at = 0.0
        self.hurry = False
        self.written = ""
        self.next_rotation = 0.0

    def run(self) -> None:
        """Start everything, watch it, and end it when a signal says so.

        Raises:
            StartFailed: a service or a step did not come up; nothing is left running.
        """
        with self._signals():
            try:
                self.guardian.ensure()
                self._start_services()
                for process in self.stack.steps:
                    self._run_step(process)
                self._start_processes()
                while True:
                    self._tick()
            except _Stopped:
                say("Salon is stopping.")
            finally:
                self.ready = False
                self._stop([*self.steps, *self.processes], GRACE_S)
                self._stop(self.services, SERVICE_GRACE_S)
                self.guardian.dismiss()
                self._write_status()
        say("Salon has stopped.")

    def _start_services(self) -> None:
        begin = time.monotonic()
        for child in self.services:
            child.start()
        while not all(child.state is State.READY for child in self.services):
            self._tick()
            for child in self.services:
                late = time.monotonic() > begin + STALE_S
                if late and child.crashes and child.state is State.WAITING:
                    raise StartFailed(
                        f"{child.process.name} does not start. The end of {child.log}:\n"
                        + logfiles.tail(child.log, child.log_start)
                    )

    def _run_step(self, process: Process) -> None:
        child = self._child(process)
        self.steps = [child]
        child.start()
        while (code := child.exit_code()) is None:
            if child.state is not State.STARTING:
                raise StartFailed(f"{process.name} could not be started.")
            self._tick()
        child.state = State.STOPPED
        if code != 0:
            raise StartFailed(
                f"{process.name} failed (exit code {code}). The end of {child.log}:\n"
                + logfiles.tail(child.log, child.log_start)
            )
        child.report("done")

    def _start_processes(self) -> None:
        begin, reminded = time.monotonic(), False
        for child in self.processes:
            child.start()
        probed = [child for child in self.processes if child.process.ready]
        while not all(child.state is State.READY for child in probed):
            self._tick()
            if not reminded and time.monotonic() > begin + REMIND_AFTER_S:
                reminded = True
                for child in probed:
                    if child.state is not State.READY:
                        say(f"  {child.process.name:<12} does not answer yet; see {child.log}")
        self.ready = True
        self._write_status()
        say(self.stack.announcement)

    def _tick(self) -> None:
        """One moment of watching.

        Raises:
            _Stopped: a signal came, or the parent to live with is gone.
        """
        time.sleep(TICK_S)
        if self.stop_asked_at or (self.parent is not None and os.getppid() != self.parent):
            raise _Stopped
        self.guardian.ensure()
        for child in [*self.services, *self.processes]:
            child.tend()
        if time.monotonic() >= self.next_rotation:
            self.next_rotation = time.monotonic() + ROTATE_EVERY_S
            for child in [*self.services, *self.steps, *self.processes]:
                logfiles.rotate(child.log)
        self._write_status()

    def _stop(self, children: Sequence[Child], grace_s: float) -> None:
        """Ask, then insist, then kill; a second signal to the supervisor skips the waiting."""
        asked = time.monotonic()
        waiting = list(children)
        for child in waiting:
            child.state = State.STOPPED
            child.signal(child.process.stop_signal)
        insisted = False
        while waiting := [c for c in waiting if c.popen is not None and c.exit_code() is None]:
            elapsed = time.monotonic() - asked
            if not insisted and (elapsed > grace_s or self.hurry):
                insisted = True
                asked, grace_s = time.monotonic(), 0.0
                for child in waiting:
                    child.signal(child.process.quit_signal)
            elif insisted and elapsed > QUIT_S:
                for child in waiting:
                    child.signal(signal.SIGKILL)
            time.sleep(0.02)

    def _child(self, process: Process) -> Child:
        return Child(process, logs=self.stack.data / "logs", guardian=self.guardian, say=say)

    def _write_status(self) -> None:
        """Replace the status file when something in it changed."""
        children = [*self.services, *self.steps, *self.processes]
        text = json.dumps(
            {
                "supervisor": os.getpid(),
                "ready": self.ready,
                "processes": [child.status() for child in children],
            },
            indent=2,
        )
        if text == self.written:
            return
        path = self.stack.data / "status.json"
        try:
            path.with_suffix(".new").write_text(text + "\n")
            path.with_suffix(".new").replace(path)
        except OSError as error:
            say(f"  {path}: {error.strerror}")
        self.written = text

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Turn signals that end programs into a request that the loop sees."""

        def ask(_signum: int, _frame: FrameType | None) -> None:
            now = time.monotonic()
            self.hurry = self.hurry or (self.stop_asked_at > 0 and now > self.stop_asked_at + 1)
            self.stop_asked_at = self.stop_asked_at or now

        wanted = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {signum: signal.signal(signum, ask) for signum in wanted}
        try:
            yield
        finally:
            sys.stdout.flush()
            for signum, handler in before.items():
                signal.signal(signum, handler)
