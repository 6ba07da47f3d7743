"""Training runs that were given up, tried again because a person says so."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from curation.accounts.models import Member
from curation.moderation import log, roles
from curation.moderation.models import Action
from curation.status import advance
from generation.training.errors import RunNotDead
from generation.training.models import TrainingRun

Status = TrainingRun.Status


def revive_run(*, run_id: int, by: Member, reason: str, note: str = "") -> TrainingRun:
    """Let a dead run go on from its last checkpoint, with three more attempts.

    Raises:
        RoleMissing: `by` is no senior.
        RunNotDead: it is not dead, or another run is under way.
        ReasonUnknown, TextRefused: as the log's.
    """
    roles.require(by, roles.Role.SENIOR)
    try:
        with transaction.atomic():
            return _revive(run_id, by, reason, note)
    except IntegrityError as error:
        raise RunNotDead("Another run learns on the same version; wait for it.") from error


def _revive(run_id: int, by: Member, reason: str, note: str) -> TrainingRun:
    rows = TrainingRun.objects.select_for_update().filter(status=Status.DEAD)
    if (run := rows.filter(pk=run_id).first()) is None:
        raise RunNotDead("This run is not dead, or not any more.")
    before = {"status": str(run.status), "attempts": run.attempts, "why": run.reason[:300]}
    run.attempts, run.released_at, run.finished_at = 0, None, None
    run.phase = "waits for a worker"
    fields = ("attempts", "released_at", "finished_at", "phase")
    advance(run, TrainingRun.GRAPH, Status.QUEUED, *fields)
    log.record(
        action=Action.REVIVED,
        object=f"run:{run.pk}",
        by=by,
        reason=reason,
        note=note,
        before=before,
        after={"status": str(run.status), "attempts": 0},
    )
    return run
