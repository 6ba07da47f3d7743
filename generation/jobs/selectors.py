"""Who works on what, and how much waits: for the people who keep the site going."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import dramatiq
from django.db.models import Count, Min
from django.utils import timezone

from generation.jobs.models import GenerationJob
from generation.training.models import TrainingRun

QUEUES = ("generation", "training", "default")
Status = GenerationJob.Status


@dataclass(frozen=True, slots=True)
class Held:
    """A worker with what it holds, until when unless it renews."""

    worker: str
    what: str
    url: str  # empty: none tells more
    attempt: int
    fence: int
    until: datetime | None

    @property
    def is_late(self) -> bool:
        """Whether the lease is over: the worker was killed, or is stuck."""
        return self.until is None or self.until < timezone.now()


@dataclass(frozen=True, slots=True)
class Work:
    """All that is under way and waits."""

    held: Sequence[Held]
    jobs: Sequence[tuple[str, int]]  # generation jobs by status, as the database has them
    runs: Sequence[tuple[str, int]]  # training runs by status
    oldest_due: datetime | None  # the job that is due longest and not begun
    queues: Sequence[tuple[str, int | None]]  # messages at the broker; None: it does not say


def work() -> Work:
    """What is under way and what waits."""
    waiting = GenerationJob.objects.filter(status=Status.QUEUED, due_at__lte=timezone.now())
    return Work(
        held=[*_drawing(), *_training()],
        jobs=_by_status(GenerationJob),
        runs=_by_status(TrainingRun),
        oldest_due=waiting.aggregate(at=Min("due_at"))["at"],
        queues=[(name, _length(name)) for name in QUEUES],
    )


def _drawing() -> list[Held]:
    rows = GenerationJob.objects.filter(status=Status.RUNNING).select_related("round__brief")
    return [
        Held(
            worker=row.worker,
            what=f"draws for {row.round}",
            url=row.round.get_absolute_url(),
            attempt=row.attempts,
            fence=row.fence,
            until=row.lease_until,
        )
        for row in rows.order_by("pk")[:100]
    ]


def _training() -> list[Held]:
    rows = TrainingRun.objects.filter(status=TrainingRun.Status.RUNNING)
    return [
        Held(
            worker=row.worker,
            what=f"trains, step {row.step} of {row.steps}: {row.phase}",
            url="",
            attempt=row.attempts,
            fence=row.fence,
            until=row.lease_until,
        )
        for row in rows.order_by("pk")
    ]


def _by_status(model: type[GenerationJob | TrainingRun]) -> list[tuple[str, int]]:
    rows = model._default_manager.order_by("status").values_list("status")  # noqa: SLF001
    return list(rows.annotate(n=Count("pk")).values_list("status", "n"))


def _length(queue: str) -> int | None:
    """How many messages a queue has, those on their way to a worker included."""
    broker = dramatiq.get_broker()
    try:
        if hasattr(broker, "do_qsize"):  # Redis
            return int(broker.do_qsize(queue))
        if hasattr(broker, "get_queue_message_counts"):  # RabbitMQ
            return int(broker.get_queue_message_counts(queue)[0])
    except Exception:  # noqa: BLE001 - a broker that is away has many errors; the page stands
        return None
    return None
