from collections import Counter
from datetime import timedelta

import pytest

from curation.galleries.services import close_round
from generation.agents.choices import NothingToDraw, choices_for
from generation.agents.models import Agent, Primitive
from generation.agents.services import agent_for, propose_prompts, rounds_without_jobs
from generation.challenges.planning import TWINS
from generation.challenges.services import start_challenge
from generation.errors import GenerationError
from generation.jobs.models import GenerationJob
from generation.models import TwinPair
from generation.versions.selectors import NoLiveVersion
from project import seeds
from tests.factories import BriefFactory, RoundFactory, VersionFactory
from tests.generation.challenges.arena import version_on
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def shared_letters(text: str, phrases: list[str]) -> list[float]:
    """A fit without a model: how many of a phrase's letters the text has."""
    return [sum(c in text for c in phrase) / len(phrase) for phrase in phrases]


@pytest.fixture
def studio():
    seeds.seed_primitives()
    seeds.seed_agents()
    return VersionFactory(status="live", vocabulary="emblems")


def propose(round_) -> int:
    return propose_prompts(round_id=round_.pk, affinity=shared_letters)


@pytest.mark.parametrize("wanted", [4, 5, 7, 50, 96])
def test_round_gets_as_many_jobs_as_wanted_and_every_prompt_four_seeds(studio, wanted):
    round_ = RoundFactory(candidates_wanted=wanted)
    assert propose(round_) == wanted
    jobs = list(GenerationJob.objects.order_by("due_at", "pk"))
    assert len(jobs) == len({job.seed for job in jobs}) == wanted
    assert min(Counter(job.prompt for job in jobs).values()) >= 4
    assert all(round_.opened_at <= job.due_at < round_.closes_at for job in jobs)
    assert {job.model_version_id for job in jobs} == {studio.pk}


def test_a_round_of_a_blind_test_composes_a_prompt_for_each_of_its_twins(studio):
    start_challenge(challenger=version_on(studio))
    round_ = RoundFactory(candidates_wanted=40)
    assert propose(round_) == 40
    twins = TwinPair.objects.filter(round=round_)
    keys = [key for pair in twins for key in (pair.champion_job, pair.challenger_job)]
    own = set(GenerationJob.objects.exclude(key__in=keys).values_list("prompt", flat=True))
    tried = {pair.prompt for pair in twins}
    assert (twins.count(), len(tried), len(own)) == (TWINS, TWINS, 10)
    assert own < tried
    other = GenerationJob.objects.get(key=twins.exclude(prompt__in=own)[0].challenger_job)
    assert len(other.primitives) >= 2


def test_few_prompts_still_fill_a_round(studio):
    """One motif, one palette, one frame allow few prompts; they get more seeds each."""
    keep = {"motif": "star", "palette": "*", "frame": "none"}
    Primitive.objects.filter(kind="motif").exclude(name=keep["motif"]).update(active=False)
    Primitive.objects.filter(kind__in=("frame", "pattern")).update(active=False)
    palette = Primitive.objects.filter(kind="palette").first()
    Primitive.objects.filter(kind="palette").exclude(pk=palette.pk).update(active=False)
    assert propose(RoundFactory(candidates_wanted=96)) == 96


def test_proposing_twice_adds_nothing(studio):
    round_ = RoundFactory()
    assert propose(round_) == 8
    assert propose(round_) == 0
    assert GenerationJob.objects.count() == 8


@pytest.mark.django_db(transaction=True)
def test_racing_proposals_add_nothing(studio):
    round_ = RoundFactory()
    results = at_once(6, lambda _: propose(round_))
    assert sorted(results) == [0, 0, 0, 0, 0, 8]
    assert GenerationJob.objects.count() == 8


def test_a_round_that_was_proposed_for_meanwhile_gets_nothing_more(studio):
    """Another worker's beliefs are of another minute: its prompts are others."""
    round_ = RoundFactory()

    def overtaken(text: str, phrases: list[str]) -> list[float]:
        propose_prompts(round_id=round_.pk, affinity=lambda _, words: [1.0 / len(w) for w in words])
        return shared_letters(text, phrases)

    assert propose_prompts(round_id=round_.pk, affinity=overtaken) == 0
    assert GenerationJob.objects.count() == 8


def test_closed_round_gets_no_jobs(studio):
    round_ = RoundFactory()
    close_round(round_=round_)
    assert propose(round_) == 0


def test_what_a_brief_forbids_is_never_drawn(studio):
    brief = BriefFactory(must_not="No stars, crowns or shields; no navy, no stripes or dots.")
    propose(RoundFactory(brief=brief, candidates_wanted=200))
    prompts = GenerationJob.objects.values_list("prompt", flat=True)
    words = {word.strip(",") for prompt in prompts for word in prompt.split()}
    assert len(words) > 20
    assert not {"star", "crown", "shield", "navy", "stripes", "dots"} & words


@pytest.mark.parametrize(
    ("wishes", "is_open"),
    [
        ({}, True),
        ({"palette": ["navy"]}, False),
        ({"must_not": "no pinks"}, False),
        ({"must": "Something with a teal ground"}, False),
        ({"must_not": "no stars"}, True),
    ],
)
def test_colours_are_left_open_where_the_brief_does_not_care(studio, wishes, is_open):
    facts = {"title": "An emblem", "purpose": "A door", "must": "", "must_not": "", "palette": []}
    brief = BriefFactory(**(facts | wishes))
    assert choices_for(brief, "emblems", shared_letters).open is is_open


def test_brief_that_forbids_all_patterns_can_be_drawn(studio):
    names = Primitive.objects.filter(kind="pattern").values_list("name", flat=True)
    brief = BriefFactory(must_not="None of: " + ", ".join(names))
    assert propose(RoundFactory(brief=brief, candidates_wanted=200)) == 200


def test_brief_that_forbids_everything_says_so(studio):
    names = Primitive.objects.filter(kind="motif").values_list("name", flat=True)
    with pytest.raises(NothingToDraw, match="rules out every motif"):
        propose(RoundFactory(brief=BriefFactory(must_not=" ".join(names))))


def test_without_a_live_version_the_remedy_is_named(studio):
    studio.delete()
    with pytest.raises(NoLiveVersion, match=r"manage\.py prepare"):
        propose(RoundFactory())


def test_agents_take_turns(studio):
    brief = BriefFactory()
    drawn = [agent_for(RoundFactory.build(brief=brief, number=n)).slug for n in range(1, 5)]
    assert drawn[0] != drawn[1]
    assert drawn[:2] == drawn[2:]
    Agent.objects.update(active=False)
    with pytest.raises(GenerationError, match="No agent is active"):
        agent_for(RoundFactory.build(brief=brief))


def test_rounds_without_jobs_are_open_and_new(studio):
    proposed, fresh, closed = RoundFactory(), RoundFactory(), RoundFactory(status="closed")
    propose(proposed)
    assert list(rounds_without_jobs()) == [fresh]
    assert closed.closes_at - closed.opened_at == timedelta(hours=1)
