"""A worker's slices on a real, tiny pipeline: from a dataset to an adapter in storage."""

from __future__ import annotations

import hashlib
import pickle
import shutil
from pathlib import Path

import pytest
import torch
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from curation.galleries.files import picture_name
from curation.models import Candidate
from generation.models import (
    Challenge,
    ModelVersion,
    PreferenceDataset,
    TrainingRun,
    VersionEvent,
)
from generation.training import examination, keeping, services, slices
from generation.training.keeping import Layout
from generation.training.slices import folder_of, train_slice
from generation.versions.files import adapter_name
from project import seeds
from tests.factories import RoundFactory, publish
from tests.generation.training.conftest import SIDE_PX, dataset_of, once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_thread")]
Status = TrainingRun.Status


def test_a_dataset_becomes_an_adapter_that_was_examined(run):
    once(run)
    assert run.status == Status.FINISHED, run.reason
    version = run.version
    with default_storage.open(version.adapter) as file:
        assert hashlib.sha256(file.read()).hexdigest() == version.adapter_hash
    assert list(run.points.values_list("step", flat=True)) == list(range(1, 13))
    assert run.points.exclude(validation_error=None).exists()
    figures = run.figures
    assert figures["rows"] == 4
    assert figures["beta"] > 0
    assert (figures["part"], figures["rank"]) == ("transformer", 2)
    assert "ceiling" not in figures  # nobody was asked twice
    assert [guard["name"] for guard in figures["guards"]] == ["variance", "chosen_error", "drift"]
    assert len(figures["sheet"]) == 2 * 4
    assert not figures["sheet_is_fresh"]  # no agent knows any words here
    for sample in figures["sheet"]:
        assert sample["challenger"] != sample["reference"]
        assert default_storage.exists(picture_name(sample["challenger"]))
    refused = any(not guard["passed"] for guard in figures["guards"])
    assert bool(run.reason) == refused
    expected = ModelVersion.Status.RETIRED if refused else ModelVersion.Status.CHALLENGER
    assert version.status == expected
    assert not folder_of(run.pk).exists()


def test_a_sheet_is_of_words_that_nobody_voted_on_where_agents_have_any(run):
    seeds.seed_primitives()
    seeds.seed_agents()
    once(run)
    shown = {sample["prompt"] for sample in run.figures["sheet"]}
    assert run.figures["sheet_is_fresh"]
    assert len(shown) == 4
    assert not shown & set(Candidate.objects.values_list("prompt", flat=True))


def test_slices_on_several_machines_end_in_the_same_bits(run, live):
    whole = once(run).version.adapter_hash
    points = list(run.points.values_list("step", "loss", "accuracy"))
    dataset = run.dataset
    Challenge.objects.all().delete()
    TrainingRun.objects.all().delete()
    VersionEvent.objects.all().delete()
    ModelVersion.objects.exclude(pk=live.pk).delete()
    default_storage.delete(adapter_name(whole))
    again = services.queue_training(dataset=dataset)
    default_storage.delete(f"training/run-{again.pk}.safetensors")
    count = 0
    while train_slice(run_id=again.pk, steps=5):
        count += 1
        shutil.rmtree(folder_of(again.pk))  # the next one runs elsewhere
    again.refresh_from_db()
    assert count == 2
    assert again.version.adapter_hash == whole
    assert list(again.points.values_list("step", "loss", "accuracy")) == points


@pytest.mark.parametrize("left", ["nothing", "an adapter of another step"])
def test_a_run_that_was_finished_elsewhere_is_examined_here(run, monkeypatch, left):
    def lost(*_: object) -> None:
        raise ConnectionError("The worker is gone.")

    monkeypatch.setattr(examination, "examine", lost)
    assert once(run).status == Status.QUEUED
    monkeypatch.undo()
    adapter = folder_of(run.pk) / "adapter.safetensors"
    whole = hashlib.sha256(adapter.read_bytes()).hexdigest()
    if left == "nothing":
        shutil.rmtree(folder_of(run.pk))
    else:
        adapter.write_bytes(b"of a step before a kill")
    assert once(run).status == Status.FINISHED, run.reason
    assert run.version.adapter_hash == whole


def test_a_run_that_another_worker_took_is_left_alone(run, monkeypatch):
    note = slices.Diary.note

    def taken(diary, progress) -> None:
        if progress.step == 5:
            TrainingRun.objects.filter(pk=run.pk).update(fence=99, worker="other")
        note(diary, progress)

    monkeypatch.setattr(slices, "SAY_EVERY_S", 0.0)
    monkeypatch.setattr(slices.Diary, "note", taken)
    once(run)
    assert (run.status, run.worker, run.version) == (Status.RUNNING, "other", None)
    assert run.points.count() == 4


def test_a_row_whose_picture_is_gone_is_left_out(live, small_recipe):
    dataset = dataset_of(live, prompts=3)
    default_storage.delete(picture_name(dataset.rows.first().chosen))
    run = once(services.queue_training(dataset=dataset))
    assert run.status == Status.FINISHED
    assert run.figures["rows"] == 4  # two rows of six had it


def show(live: ModelVersion, number: int, *, side: int = SIDE_PX) -> None:
    """Let a picture of the dataset's round hang that the bare base drew."""
    facts = {"base_hash": live.base_hash, "adapter_hash": ""}
    drawn = publish(RoundFactory(), number, side=side, **facts)
    dataset = PreferenceDataset.objects.get()
    Candidate.objects.filter(pk=drawn.pk).update(round=dataset.round_id)


def test_a_run_looks_at_what_it_began_with_on_every_machine(run, live):
    show(live, 1)
    assert train_slice(run_id=run.pk, steps=5)
    shutil.rmtree(folder_of(run.pk))
    show(live, 2)
    assert once(run).status == Status.FINISHED, run.reason


@pytest.mark.parametrize("elsewhere", [True, False])
def test_a_run_begins_anew_without_a_picture_that_was_erased_meanwhile(
    live, small_recipe, elsewhere
):
    dataset = dataset_of(live, prompts=3)
    run = services.queue_training(dataset=dataset)
    assert train_slice(run_id=run.pk, steps=5)
    default_storage.delete(picture_name(dataset.rows.first().chosen))
    if elsewhere:
        shutil.rmtree(folder_of(run.pk))
    assert train_slice(run_id=run.pk, steps=2)
    run.refresh_from_db()
    assert (run.step, run.points.count()) == (2, 2)
    assert once(run).status == Status.FINISHED, run.reason
    assert run.figures["rows"] == 4
    assert run.points.count() == 12


def test_what_storage_kept_of_another_run_is_dropped(run):
    keeping.keep_layout(run, Layout(rows=["ab" * 32], shown=[]))
    default_storage.save(f"training/run-{run.pk}.safetensors", ContentFile(b"another run's"))
    assert once(run).status == Status.FINISHED, run.reason


def test_pictures_of_another_size_are_not_shown(run, live):
    show(live, 1, side=SIDE_PX // 2)
    assert once(run).status == Status.FINISHED, run.reason


def test_a_run_without_pictures_stops_with_a_reason(run):
    for row in run.dataset.rows.all():
        default_storage.delete(picture_name(row.rejected))
    once(run)
    assert run.status == Status.STOPPED
    assert run.reason


def test_a_full_disk_leaves_everything_as_it_was(run, live, monkeypatch):
    from generation.learning import state

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(state, "save_tensors", full)
    once(run)
    assert run.status == Status.QUEUED
    assert "No space left" in run.reason
    live.refresh_from_db()
    assert live.status == ModelVersion.Status.LIVE
    assert ModelVersion.objects.count() == 1
    monkeypatch.undo()
    assert once(run).status == Status.FINISHED


@pytest.mark.parametrize("kind", ["pickle", "another architecture", "cut off"])
def test_threat_26_an_adapter_that_is_no_lora_of_this_base_stops_the_run(run, live, kind):
    from safetensors.torch import save

    layer = "transformer.nowhere.to_q.lora_{}.weight"
    foreign = save({layer.format("A"): torch.ones(2, 8), layer.format("B"): torch.ones(8, 2)})
    content = {
        "pickle": pickle.dumps({"weights": Path("/tmp")}),
        "another architecture": foreign,
        "cut off": foreign[: len(foreign) // 2],
    }[kind]
    path = folder_of(0).parent.parent / "adapters" / f"{'cd' * 32}.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    ModelVersion.objects.filter(pk=live.pk).update(adapter="adapters/x", adapter_hash="cd" * 32)
    once(run)
    assert run.status == Status.STOPPED
    assert path.name in run.reason
