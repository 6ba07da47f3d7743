"""Prompts that validators stop are not queued, and it is kept why."""

from __future__ import annotations

import pytest

from curation.models import ValidatorResult
from generation.agents.services import propose_prompts
from generation.jobs.models import GenerationJob
from generation.models import TwinPrompt
from tests.factories import BriefFactory, RoundFactory

pytestmark = pytest.mark.django_db


def fit(text: str, phrases: list[str]) -> list[float]:
    return [0.0] * len(phrases)


def far(text: str, phrases: list[str]) -> list[float]:
    return [0.1] * len(phrases)


def propose(round_, meaning=far) -> int:
    return propose_prompts(round_id=round_.pk, affinity=fit, meaning=meaning)


@pytest.fixture
def charter(settings, tmp_path):
    """A house that shows no stars."""
    file = tmp_path / "charter.toml"
    file.write_text('[[forbidden]]\nidea = "the sky"\nwords = ["shield", "gold"]\n')
    settings.CHARTER_FILE = str(file)


def test_every_prompt_of_a_round_is_examined_once(studio) -> None:
    round_ = RoundFactory(candidates_wanted=48)
    assert propose(round_) == 48
    prompts = set(GenerationJob.objects.values_list("prompt", flat=True))
    kept = set(TwinPrompt.objects.values_list("prompt", flat=True))
    assert len(kept) == 20
    assert not kept & prompts
    prompts |= kept
    rows = ValidatorResult.objects.filter(kind="prompt", round=round_)
    assert set(rows.values_list("prompt", flat=True)) == prompts
    assert rows.count() == 5 * len(prompts)
    assert set(rows.values_list("consequence", flat=True)) == {"none"}
    assert propose(round_) == 0
    assert rows.count() == 5 * len(prompts)


def test_prompt_with_a_forbidden_word_is_not_queued_and_the_others_fill_the_round(
    studio, charter
) -> None:
    round_ = RoundFactory(candidates_wanted=96)
    assert propose(round_) == 96
    prompts = list(GenerationJob.objects.values_list("prompt", flat=True))
    assert not [prompt for prompt in prompts if "shield" in prompt or "gold" in prompt]
    dropped = ValidatorResult.objects.filter(consequence="drop")
    assert dropped.exists()
    assert {row.validator for row in dropped} == {"forbidden-words"}
    assert all("shield" in row.reason or "gold" in row.reason for row in dropped)
    assert not set(dropped.values_list("prompt", flat=True)) & set(prompts)


def test_round_whose_prompts_are_all_stopped_has_no_jobs_and_the_reasons(studio) -> None:
    round_ = RoundFactory()

    def near(text: str, phrases: list[str]) -> list[float]:
        return [0.9] * len(phrases)

    for _asked_again in range(2):
        assert propose(round_, near) == 0
    assert not GenerationJob.objects.exists()
    dropped = ValidatorResult.objects.filter(consequence="drop")
    assert {row.validator for row in dropped} == {"forbidden-ideas"}
    assert dropped.count() == dropped.values("prompt").distinct().count()


def test_prompts_nobody_could_judge_are_not_drawn(studio) -> None:
    def broken(text: str, phrases: list[str]) -> list[float]:
        raise RuntimeError("no tokenizer")

    assert propose(RoundFactory(), broken) == 0
    held = ValidatorResult.objects.filter(consequence="hold")
    assert {(row.outcome, row.validator) for row in held} == {("broken", "forbidden-ideas")}
    assert "no tokenizer" in held[0].reason


def test_what_a_brief_rules_out_is_seen_though_the_agent_overlooked_it(studio, monkeypatch) -> None:
    from generation.agents import rules

    monkeypatch.setattr(rules, "forbidden", lambda names, must_not: set())
    round_ = RoundFactory(brief=BriefFactory(must_not="nothing with shields"), candidates_wanted=96)
    assert propose(round_) == 96
    assert not GenerationJob.objects.filter(prompt__contains="shield").exists()
    assert ValidatorResult.objects.filter(validator="ruled-out", consequence="drop").exists()


def test_meaning_is_read_by_the_model_of_the_house(studio) -> None:
    from curation.validators.examining import examine_prompt
    from curation.validators.texts import Wording
    from generation.emblems.affinity import affinity

    def outcome(prompt: str) -> str:
        verdicts = examine_prompt(Wording(prompt=prompt, affinity=affinity))
        return next(v.outcome.value for v in verdicts if v.validator == "forbidden-ideas")

    for prompt in ("skull", "sword", "red drop on a black shield", "camera", "outlined ghost"):
        assert outcome(prompt) == "passed"
    for prompt in ("corpse torn apart, guts and blood", "hooked cross of the third reich"):
        assert outcome(prompt) == "failed"
