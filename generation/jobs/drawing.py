"""A worker drawing one claimed batch: engine, previews, heartbeat; then it is published."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import structlog
from django.conf import settings
from django.db import connections
from dramatiq.middleware import Shutdown
from dramatiq.middleware.time_limit import TimeLimitExceeded

from generation.engines.errors import BaseGone
from generation.jobs import publishing, services
from generation.jobs.services import LEASE, Lease
from generation.versions.files import local_adapter

if TYPE_CHECKING:
    from generation.engines.diffusers_engine import DiffusersEngine
    from generation.engines.protocol import Picture
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
    """The engine with a model version loaded; only what changed is loaded anew.

    Raises:
        BaseGone: the weights it was made on are not here.
        EngineError: it cannot be loaded.
    """
    from generation.engines.protocol import Adapter, ModelSource  # noqa: PLC0415

    if not version.base:
        raise BaseGone(version.slug)
    path = local_adapter(version)
    adapters = (Adapter(version.slug, path),) if path else ()
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
    if publication := draw_ahead(job_id=job_id):
        publication.result()


def draw_ahead(*, job_id: int) -> Future[None] | None:
    """Like `draw`, but return while the publication goes on beside the next drawing.

    The leases are renewed until it is done: should it never end, the jobs are drawn anew.
    """
    leases = services.claim_batch(
        job_id=job_id, worker=worker_name(), limit=settings.ENV.generation_batch
    )
    if not leases:
        return None
    with ExitStack() as held:
        try:
            lost = held.enter_context(heartbeat(leases))
            pictures, description = _draw(leases, lost)
            return publishing.publish(leases, pictures, description, held.pop_all())
        except Shutdown:
            for lease in leases:
                services.hand_over(lease=lease)
            raise
        # Whatever else it was, the job counts the attempt; an overlong one would never end else.
        except (Exception, TimeLimitExceeded) as error:  # noqa: BLE001
            for lease in leases:
                services.give_back(lease=lease, error=f"{type(error).__name__}: {error}")
    return None


def _draw(
    leases: Sequence[Lease], lost: threading.Event
) -> tuple[list[Picture], dict[str, object]]:
    from generation.engines.protocol import Request  # noqa: PLC0415

    jobs = [lease.job for lease in leases]
    easels = publishing.Easels(jobs)
    ready = load(jobs[0].model_version)
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
        on_progress=easels.show,
        should_cancel=lost.is_set,
    )
    return pictures, ready.describe()
