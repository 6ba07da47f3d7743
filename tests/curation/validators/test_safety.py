"""A safety classifier that is missing, breaks or hangs holds pictures and loses none."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from curation.validators import safety
from curation.validators.examining import examine_picture
from curation.validators.safety import Safety
from curation.validators.verdicts import Consequence, Outcome, Policy, consequence_of

from .exhibits import emblem, exhibit

HERE = __name__
_go_on = threading.Event()


class Sure:
    version = "sure 1"

    def unsafe(self, image) -> float:
        return 0.9


class Harmless(Sure):
    def unsafe(self, image) -> float:
        return 0.1


class Nonsense(Sure):
    def unsafe(self, image) -> float:
        return float("nan")


class Broken(Sure):
    def unsafe(self, image) -> float:
        raise RuntimeError("weights \x00 are torn")


class Unmakeable(Sure):
    def __init__(self) -> None:
        raise ImportError("No module named 'onnxruntime'")


class Hanging(Sure):
    def unsafe(self, image) -> float:
        _go_on.wait(30)
        return 0.0


@pytest.fixture
def classifier(settings, monkeypatch):
    """Have a class of this file judge."""
    safety._asking.cache_clear()

    def use(kind: type) -> None:
        monkeypatch.setattr(safety, "import_string", lambda path: kind)
        settings.SAFETY_CLASSIFIER = f"tests.{kind.__name__}"

    settings.SAFETY_TIMEOUT_S = 1
    yield use
    _go_on.set()
    safety._asking.cache_clear()


def judged():
    examined = examine_picture(exhibit(emblem()))
    [verdict] = [v for v in examined.verdicts if v.validator == "safety"]
    return verdict, consequence_of(examined.verdicts)


def test_an_unsafe_picture_is_held_with_score_and_version(classifier) -> None:
    classifier(Sure)
    verdict, consequence = judged()
    assert (verdict.outcome, verdict.score, consequence) == (Outcome.FAILED, 0.9, Consequence.HOLD)
    assert verdict.reason.startswith("sure 1 is 90% sure")


def test_a_harmless_picture_passes(classifier) -> None:
    classifier(Harmless)
    verdict, consequence = judged()
    assert (verdict.outcome, verdict.score, consequence) == (Outcome.PASSED, 0.1, Consequence.NONE)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [(Broken, "weights  are torn"), (Unmakeable, "No module"), (Nonsense, "expected 0 to 1")],
)
def test_a_classifier_that_breaks_holds_even_where_failures_are_dropped(
    classifier, settings, kind, reason
) -> None:
    settings.VALIDATORS = {"safety": {"policy": "drop"}}
    classifier(kind)
    verdict, consequence = judged()
    assert (verdict.outcome, consequence) == (Outcome.BROKEN, Consequence.HOLD)
    assert reason in verdict.reason


def test_a_classifier_that_is_missing_holds(settings) -> None:
    settings.SAFETY_CLASSIFIER = "nowhere.at.all.Classifier"
    verdict, consequence = judged()
    assert consequence is Consequence.HOLD
    assert "ModuleNotFoundError" in verdict.reason


def test_a_classifier_that_hangs_holds_and_is_asked_again_once_it_answered(classifier) -> None:
    _go_on.clear()
    classifier(Hanging)
    late, consequence = judged()
    assert "no answer within 1 s" in late.reason
    assert consequence is Consequence.HOLD
    busy, consequence = judged()  # at once, without another wait
    assert "earlier picture" in busy.reason
    assert consequence is Consequence.HOLD
    _go_on.set()
    safety._asking("tests.Hanging")._overdue.result(timeout=5)
    assert judged()[0].outcome is Outcome.PASSED


def test_none_asks_nobody(settings) -> None:
    settings.SAFETY_CLASSIFIER = "none"
    names = [v.validator for v in examine_picture(exhibit(emblem())).verdicts]
    assert names == ["decodable", "size", "blank", "detail", "palette"]


def test_the_classifier_of_the_house_finds_an_emblem_harmless(settings) -> None:
    safety._asking.cache_clear()
    settings.SAFETY_CLASSIFIER = "generation.safety.OpenNsfw"
    verdict = Safety(Safety.limit, policy=Policy.HOLD).judge(exhibit(emblem(side=256)))
    assert verdict.outcome is Outcome.PASSED, verdict.reason
    assert 0 < verdict.score < 0.2


def test_web_process_does_not_load_the_classifier() -> None:
    code = "import project.asgi, sys; sys.exit('onnxruntime' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
