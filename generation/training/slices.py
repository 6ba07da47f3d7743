"""A training worker doing one slice of a run: claim, lay out, learn, examine, hand back.

Everything heavy lies in `generation.learning`; here it meets tables, storage and leases. A run's
folder is the worker's own and may vanish: checkpoints go to storage after every slice, so that any
worker can go on.
"""

from __future__ import annotations

import math
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.db import connections
from dramatiq.middleware import Shutdown
from dramatiq.middleware.time_limit import TimeLimitExceeded

from generation.jobs.drawing import worker_name
from generation.training import keeping, services
from generation.training.errors import RunLost
from generation.training.layout import held_out_rows, lay_out, why_anew
from generation.training.services import LEASE, Hold, Point
from generation.versions.files import local_adapter

if TYPE_CHECKING:
    from generation.learning.training import Progress, Run

log = structlog.get_logger(__name__)
SLICE_S = 600.0
SAY_EVERY_S = 2.0  # progress is written down at most this often


def folder_of(run_id: int) -> Path:
    """Where this machine works on a run."""
    return Path(settings.ENV.salon_data) / "training" / f"run-{run_id}"


def train_slice(*, run_id: int, seconds: float = SLICE_S, steps: int | None = None) -> bool:
    """Go on with a run for some time or some steps; True when there is more to do."""
    hold = services.claim(run_id=run_id, worker=worker_name())
    if hold is None:
        return False
    try:
        with heartbeat(hold) as lost:
            return _slice(hold, lost, seconds, steps)
    except Shutdown:
        services.pause(hold=hold)
        raise
    except RunLost as error:
        log.warning("training run lost", run=run_id, error=str(error))
    # Whatever it was, the run counts the attempt; an overlong one would never end else.
    except (Exception, TimeLimitExceeded) as error:  # noqa: BLE001
        services.give_back(hold=hold, error=f"{type(error).__name__}: {error}")
    return False


@contextmanager
def heartbeat(hold: Hold) -> Iterator[threading.Event]:
    """Renew a lease while native code runs; the event is set once it is lost."""
    stop, lost = threading.Event(), threading.Event()

    def beat() -> None:
        try:
            while not stop.wait(LEASE.total_seconds() / 4):
                try:
                    if not services.renew(hold=hold):
                        lost.set()
                except Exception as error:  # noqa: BLE001 - the database is away; the lease decides
                    log.warning("lease not renewed", error=repr(error))
        finally:
            connections.close_all()

    thread = threading.Thread(target=beat, name="training-heartbeat", daemon=True)
    thread.start()
    try:
        yield lost
    finally:
        stop.set()
        thread.join()


def _slice(hold: Hold, lost: threading.Event, seconds: float, steps: int | None) -> bool:
    from generation.engines.errors import AdapterInvalid  # noqa: PLC0415 - torch, in workers only
    from generation.learning.errors import (  # noqa: PLC0415 - torch, in workers only
        ModelUnsupported,
        PictureUnreadable,
        PreferencesInvalid,
    )
    from generation.learning.jobs import open_run  # noqa: PLC0415 - as above
    from generation.learning.training import End, run_slice  # noqa: PLC0415 - as above

    _use_threads()
    folder = _laid_out(hold)
    services.note_progress(hold=hold, phase="prepares pictures and words")
    diary = Diary(hold)
    try:
        run = open_run(folder, device=settings.ENV.salon_device)
        before = run.state.step
        outcome = run_slice(
            run,
            seconds=seconds,
            steps=steps,
            on_progress=diary.note,
            should_stop=lost.is_set,
        )
    except (AdapterInvalid, PreferencesInvalid, PictureUnreadable, ModelUnsupported) as error:
        services.stop(hold=hold, reason=str(error))  # trying again would not help
        return False
    diary.write()
    keeping.keep_checkpoint(hold.run, folder)
    if outcome.end is End.MORE:
        services.pause(hold=hold, got_on=run.state.step > before)
        return True
    if outcome.end is End.STOPPED:
        services.stop(hold=hold, reason=outcome.reason)
    else:
        _finish(hold, run)
    shutil.rmtree(folder, ignore_errors=True)
    return False


def _laid_out(hold: Hold) -> Path:
    """The run's folder on this machine, with all that storage keeps of it."""
    folder = folder_of(hold.run.pk)
    if why := why_anew(hold.run):
        services.begin_anew(hold=hold, why=why)
        keeping.forget(hold.run)
    lay_out(hold.run, folder, promoted=local_adapter(hold.run.reference))
    keeping.fetch_checkpoint(hold.run, folder)
    return folder


def _finish(hold: Hold, run: Run) -> None:
    from generation.training.examination import examined  # noqa: PLC0415 - torch

    services.note_progress(hold=hold, phase="is examined")
    trained = examined(hold, run, held_out_rows(folder_of(hold.run.pk)))
    services.finish(hold=hold, trained=trained)


class Diary:
    """Writes a run's steps down now and then: every one of them, but not one by one."""

    def __init__(self, hold: Hold) -> None:
        self._hold = hold
        self._points: list[Point] = []
        self._left_s: float | None = None
        self._drift: float | None = None  # the last one that was taken down
        self._last = -math.inf

    def note(self, progress: Progress) -> None:
        """Take a step down.

        Raises:
            RunLost: another worker has the run.
        """
        is_measured = progress.drift != self._drift  # not at every step
        self._points.append(
            Point(
                step=progress.step,
                loss=progress.loss,
                accuracy=progress.accuracy,
                chosen_error=progress.chosen_ratio,
                validation_error=progress.drift if is_measured else None,
            )
        )
        self._drift = progress.drift
        self._left_s = progress.left_s if math.isfinite(progress.left_s) else None
        if time.monotonic() - self._last >= SAY_EVERY_S:
            self.write()

    def write(self) -> None:
        """Write down what has been taken down.

        Raises:
            RunLost: as for `note`.
        """
        if self._points:
            services.note_progress(
                hold=self._hold, phase="learns", points=self._points, remaining_s=self._left_s
            )
        self._points, self._last = [], time.monotonic()


def _use_threads() -> None:
    import torch  # noqa: PLC0415 - in workers only

    if threads := settings.ENV.generation_threads:
        torch.set_num_threads(threads)
