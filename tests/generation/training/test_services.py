"""Runs: planned once, claimed by one, followed, and ended with a reason."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from curation.live.models import Event
from generation.models import Challenge, ModelVersion, PreferenceDataset, TrainingRun
from generation.preferences.services import build_preference_dataset
from generation.training import services
from generation.training.errors import DatasetUnfit, RunLost
from generation.training.selectors import dataset_to_train
from generation.training.services import Hold, Point, Trained
from tests.factories import VersionFactory
from tests.generation.preferences.polls import Poll
from tests.generation.training.conftest import SIDE_PX, dataset_of
from tests.threads import at_once

pytestmark = pytest.mark.django_db
Status = TrainingRun.Status


@pytest.fixture
def run(dataset) -> TrainingRun:
    return services.queue_training(dataset=dataset)


def claim(run: TrainingRun, worker: str = "w") -> Hold:
    hold = services.claim(run_id=run.pk, worker=worker)
    assert hold is not None
    return hold


def reach(run: TrainingRun, *steps: int) -> Hold:
    """A claim under which these steps were done."""
    hold = claim(run)
    services.note_progress(hold=hold, phase="learns", points=[point(step) for step in steps])
    return hold


def point(step: int, **changes: object) -> Point:
    facts = {"loss": 0.7, "accuracy": 0.5, "chosen_error": 1.0, "validation_error": None}
    return Point(step=step, **(facts | changes))


def trained(**changes: object) -> Trained:
    facts = {"adapter": "adapters/x", "adapter_hash": "ab" * 32, "figures": {}, "refusal": ""}
    return Trained(**(facts | changes))


def test_a_run_is_planned_once_with_its_recipe_and_against_the_live_version(dataset, live):
    run = services.queue_training(dataset=dataset)
    assert services.queue_training(dataset=dataset) == run
    assert (run.reference, run.status, run.steps) == (live, Status.QUEUED, 12)
    assert run.settings["rank"] == 2
    assert run.settings["seed"] == run.seed == dataset.round_id


def test_what_teaches_nothing_is_not_trained_on(dataset):
    PreferenceDataset.objects.update(unfit="Every pair is a tie.")
    dataset.refresh_from_db()
    with pytest.raises(DatasetUnfit, match="tie"):
        services.queue_training(dataset=dataset)
    assert services.queue_due_training() is None


def test_one_run_at_a_time_from_the_newest_dataset(dataset, live):
    newer = dataset_of(live)
    run = services.queue_due_training()
    assert run.dataset == newer
    assert services.queue_due_training() is None
    TrainingRun.objects.update(status=Status.STOPPED)
    assert dataset_to_train() is None  # older votes are replayed in newer datasets
    newest = dataset_of(live)
    assert services.queue_due_training().dataset == newest


def test_votes_of_a_long_round_are_learned_from_once_it_is_counted(live, small_recipe):
    long = Poll(side=SIDE_PX)
    long.everybody_likes_the_first()
    TrainingRun.objects.create(
        dataset=dataset_of(live), reference=live, seed=1, steps=2, status=Status.FINISHED
    )
    assert dataset_to_train() is None
    long.count()
    dataset = build_preference_dataset(round_id=long.round.pk)
    assert dataset.rows.filter(replayed=True).exists()
    assert dataset_to_train() == dataset
    assert dataset_of(live).rows.filter(replayed=True, round=long.round).exists()


def test_no_run_while_a_challenger_is_tested(dataset, live):
    challenge = Challenge.objects.create(challenger=VersionFactory(), champion=live)
    assert services.queue_due_training() is None
    Challenge.objects.filter(pk=challenge.pk).update(status=Challenge.Status.REJECTED)
    assert services.queue_due_training() is not None


@pytest.mark.django_db(transaction=True)
def test_eight_workers_at_once_and_one_gets_it(dataset):
    run = services.queue_training(dataset=dataset)
    holds = at_once(8, lambda number: services.claim(run_id=run.pk, worker=f"w{number}"))
    assert len([hold for hold in holds if hold is not None]) == 1


@pytest.mark.django_db(transaction=True)
def test_eight_schedulers_at_once_plan_one_run(dataset):
    planned = at_once(8, lambda _: services.queue_due_training())
    assert not [result for result in planned if isinstance(result, Exception)]
    assert TrainingRun.objects.count() == 1


def test_who_lost_the_lease_writes_nothing(run):
    first = claim(run)
    TrainingRun.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    second = claim(run, "other")
    assert second.fence == first.fence + 1
    assert not services.renew(hold=first)
    with pytest.raises(RunLost):
        services.note_progress(hold=first, phase="learns", points=[point(1)])
    with pytest.raises(RunLost):
        services.finish(hold=first, trained=trained())
    with pytest.raises(RunLost):
        services.stop(hold=first, reason="no")
    services.give_back(hold=first, error="no")
    run.refresh_from_db()
    assert (run.status, run.worker, run.points.count(), run.reason) == ("running", "other", 0, "")
    assert ModelVersion.objects.filter(adapter_hash="ab" * 32).count() == 0


def test_steps_done_again_replace_themselves(run):
    hold = claim(run)
    services.note_progress(hold=hold, phase="learns", points=[point(1), point(2)], remaining_s=9)
    again = [point(2, loss=0.5, accuracy=None), point(3)]
    services.note_progress(hold=hold, phase="learns", points=again, remaining_s=6)
    assert list(run.points.values_list("step", "loss")) == [(1, 0.7), (2, 0.5), (3, 0.7)]
    run.refresh_from_db()
    assert (run.step, run.remaining_s) == (3, 6)
    assert Event.objects.filter(stream=run.stream).count() == 2


def test_three_failures_in_a_row_are_enough(run):
    for attempt in range(3):
        services.give_back(hold=claim(run), error=f"broken\0 {attempt}")
    run.refresh_from_db()
    assert (run.status, run.reason) == (Status.DEAD, "broken 2")
    assert services.claim(run_id=run.pk, worker="w") is None


def test_failures_count_anew_once_it_gets_on(run):
    for step in range(1, 6):
        hold = claim(run)
        services.note_progress(hold=hold, phase="learns", points=[point(step)])
        services.give_back(hold=hold, error="now and then")
    run.refresh_from_db()
    assert run.status == Status.QUEUED


def test_steps_done_again_are_no_progress(run):
    services.pause(hold=reach(run, 5))
    for _ in range(3):
        services.give_back(hold=reach(run, 4, 5), error="no room for a checkpoint")
    run.refresh_from_db()
    assert (run.status, run.step) == (Status.DEAD, 5)


def test_a_run_that_lost_its_furthest_steps_gets_there_again(run):
    """Failures between slices that are done are not in a row."""
    services.pause(hold=reach(run, 9), got_on=True)
    for step in range(2, 9):
        services.give_back(hold=reach(run, step), error="now and then")
        services.pause(hold=reach(run, step), got_on=True)
    services.give_back(hold=reach(run, 9), error="now and then")
    services.pause(hold=reach(run, 10), got_on=True)
    run.refresh_from_db()
    assert (run.status, run.step, run.attempts) == (Status.QUEUED, 10, 0)


def test_slices_without_a_step_between_failures_change_nothing(run):
    for _ in range(3):
        services.pause(hold=claim(run))
        services.give_back(hold=claim(run), error="broken")
    run.refresh_from_db()
    assert run.status == Status.DEAD


def test_slices_count_no_attempts(run):
    for _ in range(5):
        services.pause(hold=claim(run))
    hold = claim(run)
    services.note_progress(hold=hold, phase="learns", points=[point(1)])
    services.pause(hold=hold)
    run.refresh_from_db()
    assert (run.status, run.attempts) == (Status.QUEUED, 0)


def test_workers_that_die_without_a_word_are_counted(run):
    for _ in range(3):
        claim(run)
        TrainingRun.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        services.sweep()
    run.refresh_from_db()
    assert run.status == Status.DEAD
    assert "without a word" in run.reason


def test_lost_messages_are_sent_again(run):
    assert services.release_runs() == [run.pk]
    assert services.release_runs() == []
    long_ago = timezone.now() - services.MESSAGE_LOST_AFTER - timedelta(seconds=1)
    TrainingRun.objects.update(released_at=long_ago)
    assert services.release_runs() == [run.pk]


def test_an_adapter_becomes_a_version_and_it_is_logged(run, live):
    version = services.finish(hold=claim(run), trained=trained(figures={"beta": 4.0}))
    run.refresh_from_db()
    assert (run.status, run.version, run.figures) == (Status.FINISHED, version, {"beta": 4.0})
    assert (version.parent, version.base_hash) == (live, live.base_hash)
    version.refresh_from_db()
    assert version.status == ModelVersion.Status.CHALLENGER
    assert {event.kind for event in version.events.all()} == {"trained", "challenged"}
    assert Challenge.objects.get().champion == live


def test_what_was_trained_against_a_version_that_no_longer_draws_is_not_tested(run, live):
    hold = claim(run)
    ModelVersion.objects.filter(pk=live.pk).update(status=ModelVersion.Status.RETIRED)
    VersionFactory(status=ModelVersion.Status.LIVE)
    version = services.finish(hold=hold, trained=trained())
    assert version.status == ModelVersion.Status.DRAFT
    assert not Challenge.objects.exists()


def test_a_guard_keeps_a_version_from_any_test(run):
    version = services.finish(hold=claim(run), trained=trained(refusal="All pictures look alike."))
    run.refresh_from_db()
    assert run.reason == "All pictures look alike."
    assert version.status == ModelVersion.Status.RETIRED
    assert {event.kind for event in version.events.all()} == {"trained", "guarded"}
