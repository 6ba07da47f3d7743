"""What every benchmark needs: its own stack, processes that end, and a way to report."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
_OTHERS = ("DATABASE_URL", "REDIS_URL", "BROKER_URL", "STORAGE_URL", "SALON_MODEL", "DEBUG")


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    ratio: str
    target: str
    details: str


def main(measure: Callable[[bool], Sequence[Row]], doc: str | None) -> None:
    """Run one benchmark as a program."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--quick", action="store_true", help="small sizes, rough figures")
    parser.add_argument("--out", type=Path, help="write the rows here as JSON")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    rows = measure(options.quick)
    if options.out:
        options.out.write_text(json.dumps([asdict(row) for row in rows]))
        return
    for row in rows:
        print(f"{row.name}: {row.ratio} (target {row.target}); {row.details}")


def say(text: str) -> None:
    """A line of progress for whoever waits."""
    print(f"  {text}", file=sys.stderr, flush=True)


@contextmanager
def data_folder() -> Iterator[Path]:
    """A data folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="salon-bench-")).resolve()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def salon(**environment: str) -> Iterator[Path]:
    """PostgreSQL and Valkey on a fresh folder, this process's Django on them, migrated."""
    from project.stack.services import running_services

    with data_folder() as data:
        for name in _OTHERS:
            os.environ.pop(name, None)
        os.environ.update(
            SALON_DATA=str(data),
            DJANGO_SETTINGS_MODULE="project.settings",
            LOG_LEVEL="WARNING",
            LOG_FORMAT="console",
            OMP_WAIT_POLICY="passive",
            **environment,
        )
        with running_services(data, durable=True) as urls:
            os.environ.update(urls)
            import django
            from django.core.management import call_command
            from django.db import connections

            django.setup()
            call_command("prepare", "--without-briefs", verbosity=0, stdout=sys.stderr)
            try:
                yield data
            finally:
                connections.close_all()


def site_process(name: str) -> Sequence[str]:
    """The command by which the supervisor runs one of Salon's processes."""
    from django.conf import settings

    from project.stack.processes import site_processes

    return next(p.command for p in site_processes(settings.ENV, {}) if p.name == name)


@contextmanager
def process(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
    talk: bool = False,
) -> Iterator[subprocess.Popen[str]]:
    """A process in a session of its own, ended with its children; `talk` pipes stdin and out."""
    with (log or Path(os.devnull)).open("a") as output:
        started = subprocess.Popen(
            list(command),
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE if talk else subprocess.DEVNULL,
            stdout=subprocess.PIPE if talk else output,
            stderr=None if talk else output,
            text=True,
            start_new_session=True,
        )
    try:
        yield started
    finally:
        _end(started)


def _end(started: subprocess.Popen[str]) -> None:
    for signum, patience_s in ((signal.SIGTERM, 10), (signal.SIGKILL, 5)):
        if started.poll() is not None:
            break
        os.killpg(started.pid, signum)
        try:
            started.wait(patience_s)
        except subprocess.TimeoutExpired:
            continue
    for pipe in (started.stdin, started.stdout):
        if pipe:
            pipe.close()


def module(name: str, *arguments: object) -> list[str]:
    """A command that runs one of our modules."""
    return [sys.executable, "-m", name, *map(str, arguments)]


def ask(talker: subprocess.Popen[str], question: object) -> dict:
    """Send one JSON line, wait for one."""
    tell(talker.stdin, question)
    return hear(talker)


def tell(pipe: IO[str] | None, message: object) -> None:
    """Write one JSON line."""
    assert pipe is not None
    pipe.write(json.dumps(message) + "\n")
    pipe.flush()


def hear(talker: subprocess.Popen[str]) -> dict:
    """Read one JSON line.

    Raises:
        RuntimeError: the process ended instead.
    """
    assert talker.stdout is not None
    line = talker.stdout.readline()
    if not line:
        raise RuntimeError(f"{talker.args} ended without an answer.")
    return json.loads(line)


def wait_until(true: Callable[[], object], *, what: str, timeout_s: float, every_s: float) -> None:
    """Poll until something holds.

    Raises:
        TimeoutError: it did not within `timeout_s`.
    """
    end = time.monotonic() + timeout_s
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"Waited {timeout_s:.0f} s for {what}.")
        time.sleep(every_s)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which a share of them lies, the nearest one."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]
