"""A worker drawing one claimed batch: engine, previews, heartbeat, files, publication."""

from __future__ import annotations

import base64
import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import structlog
from django.conf import settings
from django.db import connections
from dramatiq.middleware import Interrupt

from curation.galleries import files
from curation.live import bus
from generation.jobs import services
from generation.jobs.services import LEASE, Drawing, Lease, LeaseLost

if TYPE_CHECKING:
    from generation.engines.diffusers_engine import DiffusersEngine
    from generation.engines.protocol import Picture, Progress
    from generation.versions.models import ModelVersion

log = structlog.get_logger(__name__)
_loading = threading.Lock()  # a worker warms up beside its first job


@lru_cache(maxsize=1)
def engine() -> DiffusersEngine:
    """This process's engine, made at first use: importing torch takes seconds."""
    from generation.engines.diffusers_engine import DiffusersEngine, EngineOptions  # noqa: PLC0415

    env = settings.ENV
    return DiffusersEngine(
        EngineOptions(
            device=env.salon_device,
            dtype=env.salon_dtype,
            offload=cast("Any", env.salon_offload),  # read_env allows no other
            slicing=env.salon_slicing,
            compile=env.salon_compile,
            threads=env.generation_threads,
            batch=env.generation_batch,
        )
    )


def load(version: ModelVersion) -> DiffusersEngine:
    """The engine with a model version loaded; only what changed is loaded anew."""
    from generation.engines.protocol import Adapter, ModelSource  # noqa: PLC0415

    adapters = (Adapter(version.slug, Path(version.adapter)),) if version.adapter else ()
    with _loading:
        ready = engine()
        ready.load(ModelSource(version.base, adapters))
    return ready


def worker_name() -> str:
    """Who draws: host, process and thread."""
    return f"{socket.gethostname()}:{os.getpid()}:{threading.get_native_id()}"


@contextmanager
def heartbeat(leases: Sequence[Lease]) -> Iterator[threading.Event]:
    """Renew leases while native code runs; the event is set once one of them is lost."""
    stop, lost = threading.Event(), threading.Event()

    def beat() -> None:
        try:
            while not stop.wait(LEASE.total_seconds() / 4):
                try:
                    renewed = [services.renew(lease=lease) for lease in leases]
                    if not all(renewed):
                        lost.set()
                except Exception as error:  # noqa: BLE001 - the database is away; the lease decides
                    log.warning("lease not renewed", error=repr(error))
        finally:
            connections.close_all()

    thread = threading.Thread(target=beat, name="lease-heartbeat", daemon=True)
    thread.start()
    try:
        yield lost
    finally:
        stop.set()
        thread.join()


def draw(*, job_id: int) -> None:
    """Draw a job, and others due with it up to the batch size, and publish what comes of it."""
    leases = services.claim_batch(
        job_id=job_id, worker=worker_name(), limit=settings.ENV.generation_batch
    )
    if not leases:
        return
    try:
        with heartbeat(leases) as lost:
            _draw(leases, lost)
    except Interrupt:
        for lease in leases:
            services.hand_over(lease=lease)
        raise
    except Exception as error:  # noqa: BLE001 - whatever it was, the job counts the attempt
        for lease in leases:
            services.give_back(lease=lease, error=f"{type(error).__name__}: {error}")


def _draw(leases: Sequence[Lease], lost: threading.Event) -> None:
    from generation.engines.protocol import Request  # noqa: PLC0415

    jobs = [lease.job for lease in leases]
    for job in jobs:
        _show(job.round.stream, easel=job.easel, prompt=job.prompt, step=0, steps=job.steps)
    ready = load(jobs[0].model_version)

    def on_progress(progress: Progress) -> None:
        if progress.preview:
            job = jobs[progress.index]
            _show(
                job.round.stream,
                easel=job.easel,
                prompt=job.prompt,
                step=progress.step,
                steps=progress.steps,
                image=base64.b64encode(progress.preview).decode(),
            )

    pictures = ready.generate(
        [
            Request(
                prompt=job.prompt,
                negative_prompt=job.negative_prompt,
                seed=job.seed,
                steps=job.steps,
                guidance=job.guidance,
                width=job.width,
                height=job.height,
            )
            for job in jobs
        ],
        on_progress=on_progress,
        should_cancel=lost.is_set,
    )
    description = ready.describe()
    for lease, picture in zip(leases, pictures, strict=True):
        _publish(lease, picture, description)


def _show(stream: str, **facts: object) -> None:
    bus.send(stream, {"type": "preview", **facts})


def _publish(lease: Lease, picture: Picture, description: dict[str, object]) -> None:
    began = time.perf_counter()
    stored = files.store_picture(picture.image)
    timings = {
        "drawn_s": round(picture.drawn_s, 4),
        "drawn_together": picture.drawn_together,
        "store_s": round(time.perf_counter() - began, 4),
    }
    drawing = Drawing(
        digest=stored.digest,
        size_bytes=stored.size_bytes,
        scheduler=str(description["scheduler"]),
        libraries=dict(description["versions"]),  # type: ignore[call-overload]
        timings=timings,
    )
    try:
        services.finish(lease=lease, drawing=drawing)
    except LeaseLost as error:
        log.warning("picture dropped", job=lease.job.pk, reason=str(error))
