"""Prompts before posting: asked for, composed by a worker, kept a while."""

from __future__ import annotations

import time

import pytest
from django.core.cache import cache

from curation.accounts.models import Member
from curation.models import Brief
from generation import actors
from generation.agents import previews
from generation.agents.models import Agent
from generation.agents.previews import PreviewGone, PreviewRunning, Progress
from generation.emblems import vocabulary
from generation.jobs.models import GenerationJob
from project import seeds
from tests.factories import BriefFactory
from tests.threads import at_once

pytestmark = pytest.mark.django_db

WANTED = {
    "title": "An emblem for the harbour rowing club",
    "purpose": "On blades and jerseys, read from across the water.",
    "must": "An anchor.",
    "must_not": "No skulls and no navy.",
    "palette": ["teal"],
}


def shared_letters(text: str, phrases: list[str]) -> list[float]:
    return [sum(c in text for c in phrase) / len(phrase) for phrase in phrases]


def compose(token: str) -> None:
    previews.compose_preview(token=token, affinity=shared_letters)


def ask(member, **changes):
    return previews.ask_for_preview(member=member, wanted=WANTED | changes)


def look(preview, member):
    return previews.preview_of(token=preview.token, member_id=member.pk)


def test_worker_is_asked_and_what_it_composes_is_found_under_the_token(studio, sent, member):
    preview = ask(member)
    assert sent() == [("preview_prompts", preview.token)]
    assert look(preview, member).state == "waiting"
    compose(preview.token)
    done = look(preview, member)
    assert done.state == "done"
    assert len(done.prompts) == len(set(done.prompts)) == previews.PROMPTS
    assert done.agent in {agent["name"] for agent in seeds.AGENTS}
    assert done.named == ["skull", "navy"]
    expected = [name for name, parts in vocabulary.PALETTES.items() if "navy" in parts]
    assert sorted(done.palettes) == sorted(expected)
    assert not any("skull" in prompt or "navy" in prompt for prompt in done.prompts)
    assert not Brief.objects.exists()
    assert not GenerationJob.objects.exists()


def test_actor_composes_with_the_language_model(studio, member):
    """What a worker runs, in this process: MiniLM prefers what has to do with the sea."""
    preview = ask(member, must="", must_not="")
    actors.preview_prompts(preview.token)
    prompts = look(preview, member).prompts
    of_the_sea = {"anchor", "sailboat", "waves", "lighthouse", "fish", "compass", "trophy"}
    assert sum(any(word in prompt for word in of_the_sea) for prompt in prompts) >= 4


def test_same_words_give_the_same_preview_and_other_words_another(studio, member):
    def prompts(**changes):
        preview = ask(member, **changes)
        compose(preview.token)
        return look(preview, member).prompts

    first = prompts()
    assert prompts() == first
    assert prompts(title="A crest for the library") != first


def test_agent_shown_is_the_one_whose_turn_comes(studio, member):
    BriefFactory()
    preview = ask(member)
    compose(preview.token)
    agents = list(Agent.objects.order_by("pk"))
    next_brief = BriefFactory()
    assert look(preview, member).agent == agents[(next_brief.pk + 1) % len(agents)].name


def test_one_preview_at_a_time_for_each_member(studio, sent, member):
    other = Member.objects.create_user("0x" + "b2" * 20)
    first = ask(member)
    with pytest.raises(PreviewRunning):
        ask(member)
    ask(other)
    compose(first.token)
    second = ask(member)
    assert [token for _, token in sent()][::2] == [first.token, second.token]


def test_of_many_previews_asked_for_at_once_one_runs(studio, sent, member):
    results = at_once(8, lambda _: ask(member))
    assert sum(isinstance(result, PreviewRunning) for result in results) == 7
    assert len(sent()) == 1


def test_brief_that_rules_out_everything_is_told_so(studio, member):
    preview = ask(member, must_not=" ".join(vocabulary.MOTIFS))
    compose(preview.token)
    failed = look(preview, member)
    assert failed.state == "failed"
    assert "rules out every motif" in failed.reason
    ask(member)  # and may ask again


def test_worker_that_breaks_leaves_a_message_and_lets_the_member_ask_again(studio, member):
    preview = ask(member)
    with pytest.raises(ZeroDivisionError):
        previews.compose_preview(token=preview.token, affinity=lambda *_: 1 // 0)
    assert look(preview, member).state == "failed"
    ask(member)


def test_nobody_elses_preview_is_shown(studio, member):
    preview = ask(member)
    for token, person in ((preview.token, member.pk + 1), (preview.token, 0), ("x", member.pk)):
        with pytest.raises(PreviewGone):
            previews.preview_of(token=token, member_id=person)


def test_late_worker_composes_for_nobody(studio, member, monkeypatch):
    preview = ask(member)
    monkeypatch.setattr(previews, "PATIENCE_S", -1)
    assert look(preview, member).state == "late"
    compose(preview.token)
    monkeypatch.undo()
    assert look(preview, member).state == "waiting"


def test_preview_is_kept_ten_minutes_from_when_it_was_asked_for(studio, member):
    preview = ask(member)
    key = previews._key(preview.token)
    assert 590 < ttl(key) <= 600
    cache.set(key, previews.replace(preview, asked_at=time.time() - 50), timeout=600)
    compose(preview.token)
    assert 540 < ttl(key) <= 551


def ttl(key: str) -> int:
    return cache._cache.get_client().ttl(cache.make_key(key))


def test_second_delivery_changes_nothing(studio, member):
    preview = ask(member)
    compose(preview.token)
    before = look(preview, member)
    previews.compose_preview(token=preview.token, affinity=lambda *_: 1 // 0)
    assert look(preview, member) == before


def test_time_left_is_judged_by_the_last_preview(member):
    begun = previews.Preview("t", member.pk, time.time() - 2, WANTED)
    assert Progress.of(begun).left_s == pytest.approx(previews.USUAL_S - 2, abs=1)
    cache.set(previews._TOOK, 20.0)
    assert Progress.of(begun) == Progress(elapsed_s=2, left_s=18, share=0.1)
    cache.set(previews._TOOK, 0.5)
    assert Progress.of(begun) == Progress(elapsed_s=2, left_s=0, share=0.95)
