"""Prompts to try a model with."""

from __future__ import annotations

import pytest

from generation.agents.fresh import fresh_prompts
from generation.agents.models import Agent
from generation.agents.services import propose_prompts
from generation.jobs.models import GenerationJob
from generation.models import ModelVersion
from project import seeds
from tests.factories import BriefFactory, RoundFactory, VersionFactory

pytestmark = pytest.mark.django_db


def alike(text: str, phrases: list[str]) -> list[float]:
    """Everything fits a little, nothing is near what is forbidden."""
    return [0.1] * len(phrases)


@pytest.fixture
def round_():
    seeds.seed_primitives()
    seeds.seed_agents()
    VersionFactory(status=ModelVersion.Status.LIVE, vocabulary="emblems")
    made = RoundFactory(brief=BriefFactory(must_not="star"), candidates_wanted=40)
    propose_prompts(round_id=made.pk, affinity=alike)
    return made


def fresh(round_, count: int = 16) -> list[str]:
    return fresh_prompts(round_=round_, vocabulary="emblems", count=count, affinity=alike)


def test_none_was_drawn_for_the_brief_and_they_are_the_same_every_time(round_):
    drawn = set(GenerationJob.objects.values_list("prompt", flat=True))
    found = fresh(round_)
    assert len(set(found)) == len(found) == 16
    assert not drawn & set(found)
    assert fresh(round_) == found
    for number, prompt in enumerate(found[:3]):  # by a later round of the brief
        job = GenerationJob.objects.all()[number]
        job.prompt = prompt
        job.save()
    assert not set(found[:3]) & set(fresh(round_))
    assert fresh(RoundFactory(brief=round_.brief, number=2, status="closed")) != found


def test_what_a_brief_or_the_charter_rules_out_is_not_drawn(round_, settings, tmp_path):
    found = fresh(round_)
    assert not [prompt for prompt in found if "star" in prompt.split()]
    frames = ("shield", "circle", "seal", "arch", "diamond")  # some of them chance has chosen
    frame = next(frame for frame in frames if any(frame in prompt for prompt in found))
    file = tmp_path / "charter.toml"
    file.write_text(f'[[forbidden]]\nidea = "frames"\nwords = ["{frame}"]\n')
    settings.CHARTER_FILE = str(file)
    assert fresh(round_)
    assert not [prompt for prompt in fresh(round_) if frame in prompt]


def test_nothing_to_compose_with_is_no_error(round_):
    Agent.objects.update(active=False)
    assert fresh(round_) == []
    assert fresh_prompts(round_=round_, vocabulary="none", count=4, affinity=alike) == []
