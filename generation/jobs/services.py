"""Planning, claiming, renewing and finishing generation jobs.

Every write is one conditional UPDATE, so any number of workers may race and be killed.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from curation.galleries.services import DigestTaken, Provenance, RoundClosed, publish_candidate
from curation.models import Candidate, Round
from curation.validators.errors import PictureRefused
from curation.validators.examining import UNEXAMINED, Examined
from curation.validators.services import record_picture
from generation.agents.models import Agent
from generation.challenges.selectors import is_trial
from generation.errors import GenerationError, storable
from generation.jobs.models import MOST_ATTEMPTS, GenerationJob
from generation.versions.models import ModelVersion

log = structlog.get_logger(__name__)
LEASE = timedelta(seconds=20)
# A released job nobody claimed for this long lost its message.
MESSAGE_LOST_AFTER = timedelta(seconds=60)
Status = GenerationJob.Status


class LeaseLost(GenerationError):
    """Another worker claimed the job since, or it was cancelled."""


@dataclass(frozen=True)
class Lease:
    """The right to draw one job until `job.lease_until`, proven by its fencing token."""

    job: GenerationJob
    fence: int


@dataclass(frozen=True, kw_only=True)
class PlannedJob:
    """A picture an agent wants: what to draw and when."""

    prompt: str
    negative_prompt: str
    primitives: list[str]
    seed: int
    due_at: datetime
    believed: bool = False


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A stored picture and the facts only its worker knows."""

    digest: str
    size_bytes: int
    scheduler: str
    libraries: dict[str, str]
    timings: dict[str, float]
    examined: Examined = UNEXAMINED


def job_key(*, round_id: int, prompt: str, seed: int, version: ModelVersion) -> str:
    """The identity of a job: the same wish of the same round is the same job."""
    identity = f"{round_id}\n{prompt}\n{seed}\n{version.base_hash}\n{version.adapter_hash}"
    return hashlib.sha256(identity.encode()).hexdigest()


@transaction.atomic
def plan_jobs(
    *, round_: Round, agent: Agent, version: ModelVersion, planned: Iterable[PlannedJob]
) -> int:
    """Queue an agent's plan; what is queued already, here or in an earlier round, is skipped.

    Returns how many jobs are new.
    """
    Round.objects.select_for_update(no_key=True).get(pk=round_.pk)
    before = GenerationJob.objects.filter(round=round_).count()
    GenerationJob.objects.bulk_create(
        [
            GenerationJob(
                key=job_key(round_id=round_.pk, prompt=p.prompt, seed=p.seed, version=version),
                round=round_,
                agent=agent,
                model_version=version,
                easel=secrets.token_hex(8),
                steps=agent.steps,
                guidance=agent.guidance,
                width=agent.width,
                height=agent.height,
                **vars(p),
            )
            for p in planned
        ],
        ignore_conflicts=True,
    )
    return GenerationJob.objects.filter(round=round_).count() - before


def release_due_jobs(*, at_once: int) -> list[int]:
    """Mark up to `at_once` due jobs as handed to the broker and return their ids.

    Jobs count as handed over until claimed; those whose message was lost are handed again.
    """
    now = timezone.now()
    stale = now - MESSAGE_LOST_AFTER
    waiting = GenerationJob.objects.filter(status=Status.QUEUED, due_at__lte=now)
    with transaction.atomic():
        on_the_way = waiting.filter(released_at__gt=stale).count()
        room = max(0, at_once - on_the_way)
        ids = list(
            waiting.filter(Q(released_at=None) | Q(released_at__lte=stale))
            .order_by("due_at", "pk")
            .select_for_update(skip_locked=True)
            .values_list("pk", flat=True)[:room]
        )
        GenerationJob.objects.filter(pk__in=ids).update(released_at=now)
    return ids


def claim(*, job_id: int, worker: str) -> Lease | None:
    """Claim a job for drawing; None when it is taken, finished, dead or its round is over."""
    now = timezone.now()
    free = Q(status=Status.QUEUED) | Q(status=Status.RUNNING, lease_until__lt=now)
    # No join: Django would move every condition into a subquery, which PostgreSQL does not look
    # at again after waiting for a racing claim, and both would win.
    taken = GenerationJob.objects.filter(
        free, pk=job_id, attempts__lt=MOST_ATTEMPTS, round__in=_open_rounds()
    ).update(
        status=Status.RUNNING,
        attempts=F("attempts") + 1,
        fence=F("fence") + 1,
        lease_until=now + LEASE,
        worker=worker,
    )
    if not taken:
        return None
    job = GenerationJob.objects.select_related("round__brief", "agent", "model_version").get(
        pk=job_id
    )
    return Lease(job, job.fence) if job.worker == worker else None


def claim_batch(*, job_id: int, worker: str, limit: int) -> list[Lease]:
    """Claim a job and, up to `limit` in all, others that are due for the same model version."""
    first = claim(job_id=job_id, worker=worker)
    if first is None:
        return []
    leases = [first]
    if limit > 1:
        mates = GenerationJob.objects.filter(
            status=Status.QUEUED,
            due_at__lte=timezone.now(),
            model_version=first.job.model_version,
        ).order_by("due_at", "pk")
        for mate_id in mates.values_list("pk", flat=True)[: 2 * limit]:
            if len(leases) == limit:
                break
            if mate := claim(job_id=mate_id, worker=worker):
                leases.append(mate)
    return leases


def renew(*, lease: Lease) -> bool:
    """Hold a lease for longer; False when it is lost."""
    held = _held(lease).update(lease_until=timezone.now() + LEASE)
    return bool(held)


def finish(*, lease: Lease, drawing: Drawing) -> Candidate | None:
    """Publish a drawn picture and end its job, in one transaction.

    Returns None when the picture may not hang: the round closed, its bytes hang already, or a
    validator wants it dropped. One that validators hold is returned; it hangs nowhere yet.

    Raises:
        LeaseLost: another worker has the job now; nothing was published.
    """
    job = lease.job
    provenance = Provenance(
        agent=job.agent.name,
        prompt=job.prompt,
        negative_prompt=job.negative_prompt,
        primitives=job.primitives,
        seed=job.seed,
        steps=job.steps,
        guidance=job.guidance,
        width=job.width,
        height=job.height,
        model_version=job.model_version.slug,
        base_hash=job.model_version.base_hash,
        adapter_hash=job.model_version.adapter_hash,
        job_key=job.key,
        easel=job.easel,
        worker=job.worker,
        scheduler=drawing.scheduler,
        libraries=drawing.libraries,
        timings=drawing.timings,
    )
    try:
        with transaction.atomic():
            _end(lease, Status.DONE)
            return publish_candidate(
                round_id=job.round_id,
                digest=drawing.digest,
                size_bytes=drawing.size_bytes,
                provenance=provenance,
                trial=is_trial(job.key),
                examined=drawing.examined,
            )
    except RoundClosed as closed:
        _end(lease, Status.CANCELLED, error=str(closed))
    except DigestTaken as taken:
        _end(lease, Status.DONE, error=str(taken))
    except PictureRefused as refused:
        with transaction.atomic():
            _end(lease, Status.DONE, error=str(refused))
            record_picture(
                round_id=job.round_id,
                job_key=job.key,
                prompt=job.prompt,
                verdicts=refused.verdicts,
            )
    return None


def give_back(*, lease: Lease, error: str) -> None:
    """Return a job after a failed attempt; after the third it is dead."""
    spent = lease.job.attempts >= MOST_ATTEMPTS
    _held(lease).update(
        status=Status.DEAD if spent else Status.QUEUED,
        error=storable(error),
        released_at=None,
        lease_until=None,
        finished_at=timezone.now() if spent else None,
    )
    log.warning("generation job failed", job=lease.job.pk, attempt=lease.job.attempts, error=error)


def hand_over(*, lease: Lease) -> None:
    """Return a job unharmed because its worker is told to stop; the attempt does not count."""
    _held(lease).update(
        status=Status.QUEUED, attempts=F("attempts") - 1, released_at=None, lease_until=None
    )


def sweep() -> None:
    """Put right what killed workers and closed rounds left behind."""
    now = timezone.now()
    expired = GenerationJob.objects.filter(status=Status.RUNNING, lease_until__lt=now)
    expired.filter(attempts__gte=MOST_ATTEMPTS).update(
        status=Status.DEAD, error="Its worker stopped without a word, three times.", finished_at=now
    )
    expired.update(status=Status.QUEUED, released_at=None, lease_until=None)
    GenerationJob.objects.filter(status=Status.QUEUED).exclude(round__in=_open_rounds()).update(
        status=Status.CANCELLED, finished_at=now, error="Its round is over."
    )


def _open_rounds() -> QuerySet[Round]:
    return Round.objects.filter(status=Round.Status.OPEN)


def _held(lease: Lease) -> QuerySet[GenerationJob]:
    return GenerationJob.objects.filter(pk=lease.job.pk, fence=lease.fence, status=Status.RUNNING)


def _end(lease: Lease, status: Status, *, error: str = "") -> None:
    ended = _held(lease).update(
        status=status, finished_at=timezone.now(), lease_until=None, error=storable(error)
    )
    if not ended:
        raise LeaseLost(f"Job {lease.job.pk} is no longer held with token {lease.fence}.")
