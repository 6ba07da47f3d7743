"""How far a run's adapter goes back where a guard refuses it, on a real, tiny pipeline."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from django.core.files.storage import default_storage
from safetensors.torch import load, load_file

from generation.learning.evaluation import Guard, VarianceRatio
from generation.models import GenerationJob, ModelVersion, TrainingRun
from generation.training import examination
from generation.training.sheets import Sheet
from generation.training.slices import folder_of
from tests.generation.training.conftest import once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_thread")]


class Looks:
    """Stands between a run and its examination: what was drawn, what was judged, what was said."""

    def __init__(self, run: TrainingRun, patch: pytest.MonkeyPatch) -> None:
        self.run, self.phases, self.finals = run, list[str](), list[bool]()
        self.tried: list[tuple[dict[str, torch.Tensor], float]] = []
        self.variances = [1.0]
        self.chosen_errors = [1.0]
        self._guards, self._note = examination.guards, examination.services.note_progress
        patch.setattr(examination, "drawn_until_clear", self._drawn)
        patch.setattr(examination, "guards", self._judged)
        patch.setattr(examination.services, "note_progress", self._said)

    def _drawn(self, draw: Any, *, is_final: bool) -> tuple[list[Sheet], VarianceRatio]:
        self.finals.append(is_final)
        adapter = load_file(folder_of(self.run.pk) / "adapter.safetensors")
        self.tried.append((adapter, self.drift))
        variance = self.variances[len(self.finals) - 1]
        return [draw(0)], VarianceRatio(variance, variance - 0.1, variance + 0.1)

    def _judged(self, **figures: float) -> list[Guard]:
        if figures["drift"] != getattr(self, "drift", None):  # a share looked at for the first time
            self.drift, self.chosen_error = figures["drift"], self.chosen_errors[0]
            self.chosen_errors = self.chosen_errors[1:] or self.chosen_errors
        return self._guards(**figures | {"chosen_error": self.chosen_error})

    def _said(self, **said: Any) -> None:
        self.phases.append(said["phase"])
        self._note(**said)


@pytest.fixture
def looks(run, monkeypatch) -> Looks:
    return Looks(run, monkeypatch)


@pytest.mark.parametrize("passes", [True, False])
def test_what_a_guard_refuses_goes_back_a_part_of_the_way(run, looks, passes):
    """As far as a straight line leaves .83; so much of every layer's change is left."""
    looks.variances = [0.6, 0.75, 0.9 if passes else 0.75]
    once(run)
    back = 0.17 / 0.4
    last = back * 0.17 / 0.25
    assert [phase for phase in looks.phases if "sheet" in phase] == [
        "is examined, sheet 1 of 4",
        "is examined at 42%, sheet 1 of 4",
        "is examined at 29%, sheet 1 of 4",
    ]
    assert looks.finals == [False, False, True]
    (whole, far), (_, less), (left, least) = looks.tried
    for name, matrix in left.items():
        if name.endswith("lora_B.weight"):
            assert torch.allclose(matrix, whole[name] * last, atol=1e-7)
    assert any(whole[name].any() for name in whole if name.endswith("lora_B.weight"))
    assert abs(far - 1) > abs(less - 1) > abs(least - 1)
    with default_storage.open(run.version.adapter) as file:
        kept = load(file.read())
    assert all(torch.equal(kept[name], left[name]) for name in left)
    figures = run.figures
    assert figures["share"] == pytest.approx(last)
    assert figures["drift"] == least
    assert "vary 0.60 times as much" in figures["ended_early"]
    assert "went back to 29% of the way" in figures["ended_early"]
    expected = ModelVersion.Status.CHALLENGER if passes else ModelVersion.Status.RETIRED
    assert (run.version.status, bool(run.reason)) == (expected, not passes)


def test_of_what_unlearned_what_people_chose_nothing_is_drawn_before_it_went_back(run, looks):
    looks.chosen_errors = [1.02, 0.99]
    once(run)
    assert [phase for phase in looks.phases if "sheet" in phase] == [
        "is examined at 70%, sheet 1 of 4"
    ]
    assert run.version.status == ModelVersion.Status.CHALLENGER
    assert run.figures["share"] == pytest.approx(0.7)
    assert "chosen pictures is 1.020" in run.figures["ended_early"]
    assert "vary" not in run.figures["ended_early"]


def test_what_unlearned_however_short_the_way_is_refused_with_a_sheet(run, looks):
    looks.chosen_errors = [1.02]
    once(run)
    assert run.version.status == ModelVersion.Status.RETIRED
    assert looks.finals == [True]
    assert run.figures["share"] == pytest.approx(0.7**3)
    assert "chosen pictures is 1.020" in run.reason
    assert len(run.figures["sheet"]) == 2 * 4


def test_a_plainly_narrow_adapter_goes_back_a_quarter_of_the_way_at_least(run, looks):
    looks.variances = [0.1, 0.9]
    once(run)
    assert looks.finals == [False, True]
    assert run.figures["share"] == 0.25


def test_where_nothing_can_be_drawn_to_compare_it_is_refused_at_once(run, monkeypatch):
    """The round's pictures came from elsewhere: no sheet, and going back would tell no more."""
    GenerationJob.objects.all().delete()
    real, asked = examination.examine, []
    monkeypatch.setattr(examination, "examine", lambda *run: asked.append(run) or real(*run))
    once(run)
    assert run.status == TrainingRun.Status.FINISHED
    assert "Nothing could be drawn by which to tell" in run.reason
    assert len(asked) == 1
    assert (run.figures["share"], run.figures["sheet"]) == (1.0, [])
