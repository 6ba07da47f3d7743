"""Queries about training runs."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from generation.challenges.models import Challenge
from generation.preferences.models import PreferenceDataset
from generation.training.models import TrainingRun
from generation.versions.models import ModelVersion

UNDER_WAY = (TrainingRun.Status.QUEUED, TrainingRun.Status.RUNNING)
UNDECIDED = (Challenge.Status.WAITING, Challenge.Status.RUNNING)


def dataset_to_train() -> PreferenceDataset | None:
    """The newest fit dataset, when it is not trained on yet and nothing stands in the way.

    The newest is that of the round counted last: a long round may have been opened before many
    that were counted earlier. One run at a time for a live version, and none while a challenger of
    it is being tested: its adapter would begin where the loser began. Older datasets are not made
    up for; their votes are replayed in the newer ones.
    """
    live = ModelVersion.objects.filter(status=ModelVersion.Status.LIVE).first()
    if live is None or TrainingRun.objects.filter(reference=live, status__in=UNDER_WAY).exists():
        return None
    if Challenge.objects.filter(champion=live, status__in=UNDECIDED).exists():
        return None
    counted = ("round__tally__published_at", "round_id")
    fit = PreferenceDataset.objects.filter(unfit="").select_related("round__tally")
    newest = fit.order_by(*counted).last()
    if newest is None:
        return None
    trained = TrainingRun.objects.order_by(*(f"dataset__{field}" for field in counted))
    last = trained.select_related("dataset__round__tally").last()
    return newest if last is None or _counted(last.dataset) < _counted(newest) else None


def _counted(dataset: PreferenceDataset) -> tuple[datetime, int]:
    """By which datasets are in the order in which their rounds were counted."""
    return dataset.round.tally.published_at, dataset.round_id


def runs_to_hand_over(*, now: datetime, lost_before: datetime) -> QuerySet[TrainingRun]:
    """Queued runs whose message was not sent, or got lost."""
    waiting = TrainingRun.objects.filter(status=TrainingRun.Status.QUEUED)
    return waiting.filter(Q(released_at=None) | Q(released_at__lt=lost_before))
