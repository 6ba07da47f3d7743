"""Whatever a brief, a picture or its metadata says, agents compose from what they were given."""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache

from chain.operator.models import Transaction
from curation.briefs.models import Brief
from curation.models import Candidate, ModerationAction
from curation.moderation.models import Proposal
from generation.agents import previews, rules, services
from generation.agents.beliefs import Seen, learn
from generation.agents.choices import NothingToDraw, choices_for
from generation.agents.models import Primitive
from generation.jobs.models import GenerationJob
from tests.factories import BriefFactory, RoundFactory

from .injections import ORDERS, TOLD_BY_PICTURES, briefs
from .test_rules import KNOWN

pytestmark = pytest.mark.django_db
# Whose name says that something leaves the process or comes into it as code.
REACHING = re.compile(
    r"subprocess\.|os\.(system|exec|fork|posix_spawn|spawn|startfile|kill|putenv|remove|rename)|"
    r"socket\.(connect|bind|getaddrinfo|sendto)|urllib\.|http\.|ftplib\.|smtplib\.|compile$|exec$|"
    r"ctypes\.|pickle\.|shutil\.|open$"
)
_heard: list[tuple[str, tuple[Any, ...]]] | None = None


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _heard is not None and REACHING.match(event):
        _heard.append((event, arguments))


sys.addaudithook(_hook)  # for the life of the process; silent but for `listening`


@contextmanager
def listening() -> Iterator[list[tuple[str, tuple[Any, ...]]]]:
    """Everything meanwhile by which code reaches out of its process, as the interpreter tells."""
    global _heard  # noqa: PLW0603 - an audit hook cannot be taken away
    _heard = found = []
    try:
        yield found
    finally:
        _heard = None


def obeyed(text: str, phrases: list[str]) -> list[float]:
    """A reader of briefs that is all the attacker's: scores by the brief's own bytes."""
    rng = random.Random(text)
    return [rng.choice([-1.0, 0.0, 1.0]) for _ in phrases]


def language() -> dict[str, set[str]]:
    """What may stand in a prompt's primitives, by kind."""
    found: dict[str, set[str]] = {}
    for kind, name in Primitive.objects.values_list("kind", "name"):
        found.setdefault(kind, set()).add(name)
    return found | {"ring": set(map(str, rules.RING_COUNTS))}


def assert_composed(composition: rules.Composition, known: dict[str, set[str]]) -> None:
    """Its words are the model's, its primitives those of the vocabulary, and it is not long."""
    assert set(re.findall(r"[^\s,]+", composition.prompt)) <= KNOWN, composition.prompt
    assert len(composition.prompt) < 200
    for primitive in composition.primitives:
        kind, _, name = primitive.partition(":")
        assert name in known[kind], primitive


def test_threat_19_prompts_hold_words_of_the_vocabulary_and_nothing_of_a_brief(studio) -> None:
    known, made = language(), 0
    for facts in briefs():
        brief = Brief(palette=[facts["title"][:24]], **facts)
        seed = random.Random(json.dumps(facts))
        try:
            choices = choices_for(brief, "emblems", obeyed)
        except NothingToDraw:
            continue
        for composition in rules.compose(seed, choices, count=6, boldness=1.0):
            assert_composed(composition, known)
            made += 1
    assert made > 900


def test_threat_19_jobs_of_a_round_have_the_agents_settings_and_no_others(studio) -> None:
    agents = {(a.steps, a.guidance, a.width, a.height) for a in services.Agent.objects.all()}
    known = language()
    for order in ORDERS:
        brief = BriefFactory(**dict.fromkeys(("title", "purpose", "must", "must_not"), order[:120]))
        services.propose_prompts(round_id=RoundFactory(brief=brief).pk, affinity=obeyed)
    jobs = list(GenerationJob.objects.all())
    assert len(jobs) > 200
    for job in jobs:
        assert_composed(rules.Composition(job.prompt, tuple(job.primitives)), known)
        assert (job.steps, job.guidance, job.width, job.height) in agents
        assert (job.negative_prompt, job.model_version) == ("", studio)


def test_threat_19_a_preview_says_no_more(studio, member) -> None:
    known = language()
    for number, order in enumerate(ORDERS):
        facts = dict.fromkeys(previews.FIELDS, order[:120]) | {"palette": [order[:24]]}
        preview = previews.Preview(str(number), member.pk, previews.time.time(), facts)
        previews._keep(preview)
        previews.compose_preview(token=str(number), affinity=obeyed)
        done = previews.preview_of(token=str(number), member_id=member.pk)
        assert done.state in ("done", "failed")
        for prompt in done.prompts:
            assert_composed(rules.Composition(prompt, ()), known)
        assert {*done.named, *done.palettes} <= set().union(*known.values())
    cache.clear()


def test_threat_19_what_pictures_say_is_no_primitive(studio) -> None:
    """Beliefs of words nobody taught the model, from metadata or a forged row, are never said."""
    seen = [
        Seen(
            round=1,
            prompt=told,
            primitives=[f"motif:{told}", "palette:__import__", "motif:star"],
            score=9.0,
            deviation=0.1,
            believed=True,
        )
        for told in TOLD_BY_PICTURES * 10
    ]
    learnt, known = learn(seen), language()
    choices = choices_for(Brief(title="An emblem", purpose="A door"), "emblems", obeyed)
    rng = random.Random(1)
    made = rules.compose(rng, choices, count=60, boldness=1.0, tastes=lambda: learnt.draw(rng))
    assert any(composition.believed for composition in made)
    for composition in made:
        assert_composed(composition, known)


def test_threat_19_composing_reaches_nothing_outside(studio, settings) -> None:
    """No process, no network but the site's own services, no file, no code, no key."""
    round_ = RoundFactory(brief=BriefFactory(purpose=" ".join(ORDERS)[:2000]))
    services.propose_prompts(round_id=RoundFactory().pk, affinity=obeyed)  # what is lazy is loaded
    secrets = Path(settings.SITE_KEYS_FOLDER)
    with listening() as heard:
        assert services.propose_prompts(round_id=round_.pk, affinity=obeyed)
    ours = {str(secrets.parent), "/tmp/salon-test"}
    assert [one for one in heard if not _is_own_service(one, ours)] == []
    with listening() as heard, secrets.parent.joinpath("planted").open("w"):
        pass
    assert [event for event, _ in heard] == ["open"]  # so it would have been heard


def _is_own_service(heard: tuple[str, tuple[Any, ...]], folders: set[str]) -> bool:
    """Whether it is a connection to PostgreSQL or Valkey, whose sockets lie in our own folder."""
    event, arguments = heard
    return event == "socket.connect" and str(arguments[1]).startswith(tuple(folders))


def test_threat_19_composing_moves_no_money_and_decides_nothing(studio) -> None:
    before = Candidate.objects.count()
    for order in ORDERS:
        brief = BriefFactory(purpose=order, must=order, must_not=order)
        services.propose_prompts(round_id=RoundFactory(brief=brief).pk, affinity=obeyed)
    for table in (Transaction, Proposal, ModerationAction):
        assert not table.objects.exists()
    assert Candidate.objects.count() == before
