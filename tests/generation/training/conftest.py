"""Datasets that can be trained on, with the tiny emblem pipeline as the live version."""

from __future__ import annotations

from dataclasses import replace

import pytest

from generation.jobs import drawing
from generation.learning.errors import PreferencesInvalid  # noqa: F401 - imports torch early
from generation.models import ModelVersion, PreferenceDataset, TrainingRun
from generation.preferences.services import build_preference_dataset
from generation.training import services
from generation.training.slices import train_slice
from tests.factories import JobFactory, VersionFactory
from tests.generation.learning.conftest import SMALL
from tests.generation.preferences.polls import counted_poll
from tests.generation.tiny_pipelines import emblems, one_thread  # noqa: F401

SIDE_PX = 256


@pytest.fixture
def live(emblems) -> ModelVersion:  # noqa: F811
    return VersionFactory(base=str(emblems), status=ModelVersion.Status.LIVE)


@pytest.fixture
def small_recipe(settings, tmp_path) -> None:
    """Runs of twelve steps, in a folder of the test's own."""
    settings.ENV = replace(
        settings.ENV, training_recipe=SMALL, generation_threads=1, salon_data=tmp_path
    )
    drawing.engine.cache_clear()
    yield
    drawing.engine.cache_clear()


@pytest.fixture
def dataset(live, small_recipe) -> PreferenceDataset:
    return dataset_of(live)


def dataset_of(live: ModelVersion, **how: int) -> PreferenceDataset:
    """Everybody likes the first of three pictures of each prompt."""
    poll = counted_poll(**{"side": SIDE_PX, "prompts": 2} | how)
    JobFactory(round=poll.round, model_version=live, width=SIDE_PX, height=SIDE_PX, steps=2)
    return build_preference_dataset(round_id=poll.round.pk)


@pytest.fixture
def run(dataset) -> TrainingRun:
    return services.queue_training(dataset=dataset)


def once(run: TrainingRun) -> TrainingRun:
    """One slice to the end."""
    assert train_slice(run_id=run.pk) is False
    run.refresh_from_db()
    return run
