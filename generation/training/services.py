"""Queueing, claiming, following and ending training runs.

Every write under a lease is one conditional UPDATE, so any number of workers may race and be
killed. A run's progress goes to its own live stream.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Greatest
from django.utils import timezone

from curation.live import services as live
from generation.challenges.models import VersionEvent
from generation.challenges.services import start_challenge
from generation.errors import storable
from generation.learning.recipe import Recipe
from generation.preferences.models import PreferenceDataset
from generation.training import selectors
from generation.training.errors import DatasetUnfit, RunLost
from generation.training.models import RunPoint, TrainingRun
from generation.versions.models import ModelVersion
from generation.versions.selectors import live_version

log = structlog.get_logger(__name__)
LEASE = timedelta(seconds=60)
MESSAGE_LOST_AFTER = timedelta(seconds=120)
MOST_ATTEMPTS = 3
Status = TrainingRun.Status


@dataclass(frozen=True)
class Hold:
    """The right to go on with a run until its lease ends, proven by its fencing token."""

    run: TrainingRun
    fence: int


@dataclass(frozen=True, kw_only=True)
class Point:
    """What one step measured."""

    step: int
    loss: float
    accuracy: float | None
    chosen_error: float
    validation_error: float | None


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A finished adapter in storage and what is known about it."""

    adapter: str  # name in storage
    adapter_hash: str
    figures: Mapping[str, Any]
    refusal: str  # of the guards, for people; empty when all passed


def recipe_for(*, seed: int) -> Recipe:
    """The site's recipe, with a run's own seed.

    Raises:
        ValueError: TRAINING_RECIPE holds something that cannot be followed.
    """
    return Recipe(**{**settings.ENV.training_recipe, "seed": seed})


def queue_training(*, dataset: PreferenceDataset) -> TrainingRun:
    """Plan a run against the live version; asked twice, the run is the same.

    Raises:
        DatasetUnfit: nothing can be learned from it.
        NoLiveVersion: there is nothing to learn on.
    """
    if dataset.unfit:
        raise DatasetUnfit(dataset.unfit)
    recipe = recipe_for(seed=dataset.round_id)
    run, _ = TrainingRun.objects.get_or_create(
        dataset=dataset,
        defaults={
            "reference": live_version(),
            "settings": asdict(recipe),
            "seed": recipe.seed,
            "steps": recipe.steps,
            "phase": "waits for a worker",
        },
    )
    return run


def queue_due_training() -> TrainingRun | None:
    """Plan a run where one is due; see `selectors.dataset_to_train`."""
    dataset = selectors.dataset_to_train()
    if dataset is None:
        return None
    try:
        return queue_training(dataset=dataset)
    except IntegrityError:  # another scheduler was first
        return None


def release_runs() -> list[int]:
    """Mark runs as handed to the broker and return their ids; lost messages are sent again."""
    now = timezone.now()
    with transaction.atomic():
        due = selectors.runs_to_hand_over(now=now, lost_before=now - MESSAGE_LOST_AFTER)
        ids = list(due.select_for_update(skip_locked=True).values_list("pk", flat=True))
        TrainingRun.objects.filter(pk__in=ids).update(released_at=now)
    return ids


def claim(*, run_id: int, worker: str) -> Hold | None:
    """Claim a run for a slice; None when it is taken, ended, or failed too often."""
    now = timezone.now()
    free = Q(status=Status.QUEUED) | Q(status=Status.RUNNING, lease_until__lt=now)
    taken = TrainingRun.objects.filter(free, pk=run_id, attempts__lt=MOST_ATTEMPTS).update(
        status=Status.RUNNING,
        attempts=F("attempts") + 1,
        fence=F("fence") + 1,
        lease_until=now + LEASE,
        worker=worker,
        phase="loads the model",
    )
    if not taken:
        return None
    run = TrainingRun.objects.select_related("dataset__round", "reference").get(pk=run_id)
    if run.worker != worker:
        return None
    if run.started_at is None:
        TrainingRun.objects.filter(pk=run_id).update(started_at=now)
    return Hold(run, run.fence)


def renew(*, hold: Hold) -> bool:
    """Hold a run for longer; False when it is lost."""
    return bool(_held(hold).update(lease_until=timezone.now() + LEASE))


@transaction.atomic
def note_progress(
    *, hold: Hold, phase: str, points: Sequence[Point] = (), remaining_s: float | None = None
) -> None:
    """Write down what a run does now, and the steps it has done since the last time.

    A step that counted before a kill and is done again replaces itself. Failures count anew once
    the run is further than ever: what fails behind a checkpoint would do so for ever.

    Raises:
        RunLost: another worker has it.
    """
    if not _held(hold).update(phase=phase[:40], remaining_s=remaining_s):
        raise RunLost(f"Training run {hold.run.pk} is no longer held with token {hold.fence}.")
    if points:
        furthest = points[-1].step
        _held(hold).filter(step__lt=furthest).update(step=furthest, attempts=0)
    RunPoint.objects.bulk_create(
        [RunPoint(run=hold.run, **asdict(point)) for point in points],
        update_conflicts=True,
        unique_fields=["run", "step"],
        update_fields=["loss", "accuracy", "chosen_error", "validation_error"],
    )
    live.append(stream=hold.run.stream, kind="training_progress", payload={})


@transaction.atomic
def pause(*, hold: Hold, got_on: bool = False) -> None:
    """Hand a run back unharmed, for its next slice; the attempt does not count.

    Args:
        got_on: it did steps that its checkpoint in storage has: failures count anew.
    """
    attempts = Value(0) if got_on else Greatest(F("attempts"), 1) - 1
    fields = {"status": Status.QUEUED, "released_at": None, "lease_until": None}
    _held(hold).update(attempts=attempts, **fields)


@transaction.atomic
def give_back(*, hold: Hold, error: str) -> None:
    """Return a run after a failed slice; after the third in a row it is dead."""
    attempts = _held(hold).select_for_update().values_list("attempts", flat=True).first() or 0
    spent = attempts >= MOST_ATTEMPTS
    _held(hold).update(
        status=Status.DEAD if spent else Status.QUEUED,
        reason=storable(error),
        phase="gave up" if spent else "failed, waits to try again",
        released_at=timezone.now() if not spent else None,  # tried again after a while
        lease_until=None,
        finished_at=timezone.now() if spent else None,
    )
    live.append(stream=hold.run.stream, kind="training_progress", payload={})
    log.warning("training slice failed", run=hold.run.pk, error=error)


@transaction.atomic
def begin_anew(*, hold: Hold, why: str) -> None:
    """Take back the steps of a run that cannot go on as it was.

    Raises:
        RunLost: another worker has it.
    """
    if not _held(hold).update(step=0, phase="begins anew"):
        raise RunLost(f"Training run {hold.run.pk} is no longer held with token {hold.fence}.")
    RunPoint.objects.filter(run=hold.run).delete()
    live.append(stream=hold.run.stream, kind="training_progress", payload={})
    log.warning("training run begins anew", run=hold.run.pk, why=why)


@transaction.atomic
def stop(*, hold: Hold, reason: str) -> None:
    """End a run that a guard stopped.

    Raises:
        RunLost: another worker has it.
    """
    _end(hold, Status.STOPPED, reason=storable(reason), phase="stopped")


@transaction.atomic
def finish(*, hold: Hold, trained: Trained) -> ModelVersion:
    """Make a version of a finished adapter; a guard's refusal retires it at once.

    Raises:
        RunLost: another worker has the run; nothing was written.
    """
    reference = hold.run.reference
    version, created = ModelVersion.objects.get_or_create(
        base_hash=reference.base_hash,
        adapter_hash=trained.adapter_hash,
        defaults={
            "slug": f"round-{hold.run.dataset.round_id}-{trained.adapter_hash[:8]}",
            "base": reference.base,
            "adapter": trained.adapter,
            "vocabulary": reference.vocabulary,
            "parent": reference,
            "status": ModelVersion.Status.RETIRED if trained.refusal else ModelVersion.Status.DRAFT,
        },
    )
    _end(
        hold,
        Status.FINISHED,
        version=version,
        figures=dict(trained.figures),
        reason=storable(trained.refusal),
        step=hold.run.steps,
        phase="finished",
    )
    if created:
        VersionEvent.objects.create(
            version=version, kind=VersionEvent.Kind.TRAINED, details={"run": hold.run.pk}
        )
        if trained.refusal:
            VersionEvent.objects.create(
                version=version, kind=VersionEvent.Kind.GUARDED, reason=trained.refusal
            )
        elif version.parent == ModelVersion.objects.filter(status=ModelVersion.Status.LIVE).first():
            start_challenge(challenger=version)
    return version


def sweep() -> None:
    """Put right what killed workers left behind."""
    now = timezone.now()
    expired = TrainingRun.objects.filter(status=Status.RUNNING, lease_until__lt=now)
    expired.filter(attempts__gte=MOST_ATTEMPTS).update(
        status=Status.DEAD,
        phase="gave up",
        reason="Its worker stopped without a word, three times in a row.",
        finished_at=now,
    )
    expired.update(status=Status.QUEUED, released_at=None, lease_until=None)


def _held(hold: Hold) -> QuerySet[TrainingRun]:
    return TrainingRun.objects.filter(pk=hold.run.pk, fence=hold.fence, status=Status.RUNNING)


def _end(hold: Hold, status: str, **fields: Any) -> None:
    values = {"status": status, "finished_at": timezone.now(), "lease_until": None, **fields}
    if not _held(hold).update(remaining_s=None, **values):
        raise RunLost(f"Training run {hold.run.pk} is no longer held with token {hold.fence}.")
    live.append(stream=hold.run.stream, kind="training_progress", payload={})
