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
    """The newest dataset, when it is fit, not trained on yet, and nothing stands in the way.

    One run at a time for a live version, and none while a challenger of it is being tested: its
    adapter would begin where the loser began. Older datasets are not made up for; their votes are
    replayed in the newer ones.
    """
    live = ModelVersion.objects.filter(status=ModelVersion.Status.LIVE).first()
    if live is None or TrainingRun.objects.filter(reference=live, status__in=UNDER_WAY).exists():
        return None
    if Challenge.objects.filter(champion=live, status__in=UNDECIDED).exists():
        return None
    newest = PreferenceDataset.objects.filter(unfit="").order_by("-round_id").first()
    if newest is None or TrainingRun.objects.filter(dataset__round__gte=newest.round_id).exists():
        return None
    return newest


def runs_to_hand_over(*, now: datetime, lost_before: datetime) -> QuerySet[TrainingRun]:
    """Queued runs whose message was not sent, or got lost."""
    waiting = TrainingRun.objects.filter(status=TrainingRun.Status.QUEUED)
    return waiting.filter(Q(released_at=None) | Q(released_at__lt=lost_before))
