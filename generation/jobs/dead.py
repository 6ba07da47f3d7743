"""Jobs that failed three times: tried again or dropped by staff, who find them in their queue."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.db.models import Q, QuerySet

from curation.accounts.models import Member
from curation.models import ModerationAction, Round
from curation.moderation import log, roles
from curation.moderation.desk import number
from curation.moderation.models import Action
from curation.moderation.queue import LONGEST, Item, Wanted
from generation.errors import GenerationError
from generation.jobs.models import GenerationJob

Status = GenerationJob.Status
ERROR_SHOWN = 160  # characters of it in the queue


class JobNotDead(GenerationError):
    """The job is not dead, or its round is over; nothing can be done about it."""


@transaction.atomic
def revive_job(
    *, job_id: int, by: Member, reason: str, note: str = "", batch: str = ""
) -> ModerationAction:
    """Let a dead job be drawn anew, with three more attempts; the scheduler hands it out.

    Raises:
        RoleMissing: `by` is no moderator.
        JobNotDead: it is not dead, or its round is over.
        ReasonUnknown, TextRefused: as the log's.
    """
    roles.require(by, roles.Role.MODERATOR)
    job = _locked(job_id)
    if job.round.status != Round.Status.OPEN:
        raise JobNotDead("Its round is over; what it draws could not hang.")
    before = _facts(job)
    job.status, job.attempts = Status.QUEUED, 0
    job.released_at = job.finished_at = None
    job.save(update_fields=["status", "attempts", "released_at", "finished_at"])
    return _record(Action.REVIVED, job, before, by=by, reason=reason, note=note, batch=batch)


@transaction.atomic
def drop_job(
    *, job_id: int, by: Member, reason: str, note: str = "", batch: str = ""
) -> ModerationAction:
    """Give a dead job up; the round has a picture less.

    Raises:
        RoleMissing: `by` is no moderator.
        JobNotDead: it is not dead.
        ReasonUnknown, TextRefused: as the log's.
    """
    roles.require(by, roles.Role.MODERATOR)
    job = _locked(job_id)
    before = _facts(job)
    job.status = Status.CANCELLED
    job.save(update_fields=["status"])
    return _record(Action.DROPPED, job, before, by=by, reason=reason, note=note, batch=batch)


DEEDS: dict[str, Callable[..., ModerationAction]] = {"revive": revive_job, "drop": drop_job}


class Dead:
    """Pictures that nobody managed to draw: to be tried again, while their round is open."""

    name = "dead"
    label = "Dead jobs"
    deeds = DEEDS
    refusals = (GenerationError,)

    def count(self) -> int:
        """How many are dead."""
        return dead_jobs().count()

    def items(self, wanted: Wanted, limit: int) -> list[Item]:
        """The latest first; a search is for words of the prompt or of the error."""
        text = wanted.text.strip()[:LONGEST]
        found = dead_jobs().select_related("round__brief")
        if text:
            found = found.filter(Q(prompt__icontains=text) | Q(error__icontains=text))
        return [
            Item(
                source=self.name,
                key=str(job.pk),
                title=job.prompt,
                since=job.finished_at or job.due_at,
                lines=(
                    f"{job.round}",
                    job.error[:ERROR_SHOWN] or "It says nothing of why.",
                    *(() if job.round.is_open else ("Its round is over.",)),
                ),
                deeds=("revive", "drop") if job.round.is_open else ("drop",),
            )
            for job in found.order_by("-pk")[:limit]
        ]

    def act(self, *, deed: str, key: str, **said: str | Member) -> ModerationAction:
        """Do one of its deeds to an item.

        Raises:
            JobNotDead, RoleMissing, ReasonUnknown, TextRefused: as the deed.
        """
        return DEEDS[deed](job_id=number(key), **said)


def dead_jobs() -> QuerySet[GenerationJob]:
    """Every dead job."""
    return GenerationJob.objects.filter(status=Status.DEAD)


def _locked(job_id: int) -> GenerationJob:
    rows = GenerationJob.objects.select_for_update(of=("self",)).select_related("round")
    job = rows.filter(pk=job_id, status=Status.DEAD).first()
    if job is None:
        raise JobNotDead("This job is not dead, or not any more.")
    return job


def _facts(job: GenerationJob) -> dict[str, object]:
    return {"status": str(job.status), "attempts": job.attempts, "error": job.error[:300]}


def _record(
    action: Action, job: GenerationJob, before: dict[str, object], *, by: Member, **said: str
) -> ModerationAction:
    return log.record(
        action=action,
        object=f"job:{job.pk}",
        by=by,
        before=before,
        after={"status": str(job.status), "attempts": job.attempts},
        **said,
    )
