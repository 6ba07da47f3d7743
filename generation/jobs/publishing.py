"""What goes on beside the drawing: previews on their easels, finished pictures to the wall.

One thread each, so that the device draws the next picture meanwhile. Losing the process loses
nothing: a job is done when its publication is committed, and until then its lease is renewed.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from functools import lru_cache
from typing import TYPE_CHECKING

import structlog
from django.db import connections

from curation.galleries import files
from curation.live import bus
from curation.validators.examining import Examined, examine_picture
from curation.validators.pictures import Exhibit
from curation.validators.verdicts import Consequence, consequence_of
from generation.challenges.selectors import is_trial
from generation.jobs import services
from generation.jobs.models import GenerationJob
from generation.jobs.services import Drawing, Lease, LeaseLost

if TYPE_CHECKING:
    from PIL import Image

    from generation.engines.protocol import Picture, Progress

log = structlog.get_logger(__name__)


@lru_cache(maxsize=1)
def _publisher() -> ThreadPoolExecutor:
    """This process's publishing thread; workers fork, hence made at first use."""
    return ThreadPoolExecutor(1, thread_name_prefix="publish")


@lru_cache(maxsize=1)
def _previewer() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="preview")


class Easels:
    """Where a batch can be watched while it is drawn."""

    def __init__(self, jobs: Sequence[GenerationJob]) -> None:
        self.jobs = jobs
        self.unseen = {job.pk for job in jobs if is_trial(job.key)}  # twins of a blind test
        self.step = 0  # the newest with previews
        self.skipped = False
        self.newest: Future[None] | None = None
        for job in jobs:
            self._show(job, step=0, steps=job.steps)

    def show(self, progress: Progress) -> None:
        """Show a preview; a step's are skipped while an earlier one is still being decoded."""
        busy = self.newest is not None and not self.newest.done()
        if progress.decode is not None:
            if progress.step != self.step:
                self.step, self.skipped = progress.step, busy
            if not self.skipped:
                self.newest = _previewer().submit(self._preview, progress)
        elif self.newest and progress.step == progress.steps:
            wait([self.newest])  # the picture is decoded next, and a VAE need not bear two threads

    def _preview(self, progress: Progress) -> None:
        if image := progress.preview:
            data = base64.b64encode(image).decode()
            job = self.jobs[progress.index]
            self._show(job, step=progress.step, steps=progress.steps, image=data)

    def _show(self, job: GenerationJob, **facts: object) -> None:
        if job.pk in self.unseen:
            return
        bus.send(
            job.round.stream, {"type": "preview", "easel": job.easel, "prompt": job.prompt, **facts}
        )


_in_flight: list[Future[None]] = []


def publish(
    leases: Sequence[Lease],
    pictures: Sequence[Picture],
    description: dict[str, object],
    held: ExitStack,
) -> Future[None]:
    """Store and publish drawn pictures in a thread, once the ones before are; at most one waits.

    `held` renews the leases and is closed at the end.
    """

    def work() -> None:
        try:
            with held:
                for lease, picture in zip(leases, pictures, strict=True):
                    _publish(lease, picture, description)
        except Exception as error:  # noqa: BLE001 - the database is away; the lease decides
            log.warning("publication not ended", error=repr(error))
        finally:
            connections.close_all()

    try:
        drain()
        _in_flight[:] = [_publisher().submit(work)]
    except BaseException:
        held.close()
        raise
    return _in_flight[0]


def drain() -> None:
    """Wait for the publication in flight."""
    wait(_in_flight)


def _publish(lease: Lease, picture: Picture, description: dict[str, object]) -> None:
    began = time.perf_counter()
    try:
        data = files.encode_png(picture.image)
        examined = _examine(lease.job, data)
        examined_at = time.perf_counter()
        stored = _store(picture.image, data, examined)
        timings = {
            "drawn_s": round(picture.drawn_s, 4),
            "drawn_together": picture.drawn_together,
            "examined_s": round(examined_at - began, 4),
            "store_s": round(time.perf_counter() - examined_at, 4),
        }
        drawing = Drawing(
            digest=stored.digest,
            size_bytes=stored.size_bytes,
            scheduler=str(description["scheduler"]),
            libraries=dict(description["versions"]),  # type: ignore[call-overload]
            timings=timings,
            examined=examined,
        )
        services.finish(lease=lease, drawing=drawing)
    except LeaseLost as error:
        log.warning("picture dropped", job=lease.job.pk, reason=str(error))
    except Exception as error:  # noqa: BLE001 - whatever it was, the job counts the attempt
        services.give_back(lease=lease, error=f"{type(error).__name__}: {error}")


def _examine(job: GenerationJob, data: bytes) -> Examined:
    """What validators say of a picture's file, before anything of it is kept."""
    exhibit = Exhibit(
        data=data,
        width=job.width,
        height=job.height,
        palette=job.round.brief.palette,
    )
    return examine_picture(exhibit, twin=is_trial(job.key))


def _store(image: Image.Image, data: bytes, examined: Examined) -> files.StoredPicture:
    """Store a picture, unless it is dropped in any case: then it has a digest and no file."""
    if consequence_of(examined.verdicts) is Consequence.DROP:
        return files.StoredPicture(hashlib.sha256(data).hexdigest(), len(data))
    return files.store_picture(image)
