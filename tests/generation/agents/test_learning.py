"""Agents choose by what was liked, and go on trying what was not."""

from collections import Counter

import pytest
from django.core.cache import cache
from django.utils import timezone

from curation.models import Candidate, Round
from generation.agents.models import Primitive
from generation.agents.pages import beliefs_page
from generation.agents.rules import EXPLORING_SHARE
from generation.agents.selectors import judged_pictures
from generation.agents.services import propose_prompts
from generation.jobs.models import GenerationJob
from tests.factories import (
    JobFactory,
    RoundFactory,
    StandingFactory,
    TallyFactory,
    VersionFactory,
    publish,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nothing_kept")]
LIKED, DISLIKED = "ember", "ink"


@pytest.fixture
def nothing_kept() -> None:
    cache.clear()


def indifferent(_text: str, phrases: list[str]) -> list[float]:
    return [0.0] * len(phrases)


def counted_round(version, *, pictures: int = 40) -> Round:
    """A round in which one palette won and another lost, whatever the motif."""
    round_ = RoundFactory(status="closed", closed_at=timezone.now())
    tally = TallyFactory(round=round_)
    for number in range(pictures):
        liked = number % 2 == 0
        used = [f"motif:{('crown', 'anchor', 'star', 'key')[number // 2 % 4]}"]
        used.append(f"palette:{LIKED if liked else DISLIKED}")
        hang(tally, version, used, rank=number + 1, score=1.0 if liked else -1.0)
    return round_


def hang(tally, version, primitives, *, rank: int, **standing) -> Candidate:
    round_ = tally.round
    job = JobFactory(round=round_, model_version=version, status="done", primitives=primitives)
    Round.objects.filter(pk=round_.pk).update(status="open")
    candidate = publish(round_, 1000 * round_.pk + rank, primitives=primitives, job_key=job.key)
    assert candidate is not None
    Round.objects.filter(pk=round_.pk).update(status="closed")
    facts = {"deviation": 0.4, "comparisons": 20} | standing
    StandingFactory(tally=tally, candidate=candidate, rank=rank, **facts)
    return candidate


def palettes(round_: Round, *, believed: bool) -> Counter[str]:
    jobs = GenerationJob.objects.filter(round=round_, believed=believed)
    prompts = {job.prompt: job.primitives for job in jobs}
    return Counter(
        name.partition(":")[2]
        for used in prompts.values()
        for name in used
        if name.startswith("palette:")
    )


def propose(**facts) -> Round:
    round_ = RoundFactory(**{"candidates_wanted": 400} | facts)
    propose_prompts(round_id=round_.pk, affinity=indifferent)
    return round_


def test_nothing_is_believed_before_a_tally(studio):
    round_ = propose()
    assert judged_pictures("emblems") == []
    assert not GenerationJob.objects.filter(round=round_, believed=True).exists()


def test_what_won_is_drawn_more_and_what_lost_less(studio):
    counted_round(studio)
    # A brief that speaks of colours: every prompt then names a palette's.
    round_ = propose(brief__purpose="Red or blue, you decide.", candidates_wanted=800)
    prompts = GenerationJob.objects.filter(round=round_).values("prompt", "believed").distinct()
    explored = sum(not prompt["believed"] for prompt in prompts) / len(prompts)
    assert EXPLORING_SHARE - 0.12 < explored < EXPLORING_SHARE + 0.12
    chosen, plain = palettes(round_, believed=True), palettes(round_, believed=False)
    assert chosen[LIKED] / chosen.total() > 2 / len(chosen)
    assert chosen[DISLIKED] < chosen[LIKED] / 4
    assert plain[LIKED] / plain.total() < 0.25  # a quarter ignores it: all palettes fit alike
    assert len(chosen) > 5  # and what was never judged is tried


def test_what_was_taken_down_lost_its_vote_and_twins_have_none(studio):
    round_ = counted_round(studio, pictures=4)
    assert len(judged_pictures("emblems")) == 4
    hidden, trial, *_ = Candidate.objects.filter(round=round_)
    Candidate.objects.filter(pk=hidden.pk).update(status="hidden")
    Candidate.objects.filter(pk=trial.pk).update(trial=True)
    assert len(judged_pictures("emblems")) == 2


def test_pictures_of_other_vocabularies_and_uncompared_ones_teach_nothing(studio):
    other = VersionFactory(vocabulary="photographs")
    tally = TallyFactory(round=RoundFactory(status="closed", closed_at=timezone.now()))
    hang(tally, other, ["motif:fox"], rank=1)
    hang(tally, studio, ["motif:fox"], rank=2, comparisons=0)
    assert judged_pictures("emblems") == []


def test_the_page_says_what_is_liked_and_how_sure_it_is(studio, pages):
    assert "Nothing yet" in pages.get("/beliefs/").content.decode()
    counted_round(studio)
    assert "Nothing yet" in pages.get("/beliefs/").content.decode()  # kept for a minute
    cache.clear()
    group = next(g for g in beliefs_page("emblems").groups if g.title == "Palettes")
    assert [line.name for line in (*group.top, *group.bottom)] == [LIKED, DISLIKED]
    assert [line.words for line in group.top] == ["Liked", "Not liked"]
    said = pages.get("/beliefs/").content.decode()
    assert "From 40 judged pictures of 1 round." in said
    assert "Not to be told yet" in said
    # Some of them were composed by beliefs: what that brought can be told.
    keys = Candidate.objects.order_by("pk").values_list("job_key", flat=True)[:20]
    GenerationJob.objects.filter(key__in=list(keys)).update(believed=True)
    for index, job in enumerate(GenerationJob.objects.order_by("pk")):
        Candidate.objects.filter(job_key=job.key).update(prompt=f"prompt {index // 2}")
    cache.clear()
    assert "prompts against" in pages.get("/beliefs/").content.decode()


def test_words_that_left_the_vocabulary_are_not_shown(studio):
    counted_round(studio)
    Primitive.objects.filter(name="crown").update(active=False)
    shown = {line.name for group in beliefs_page("emblems").groups for line in group.top}
    assert shown == {"anchor", "star", "key", LIKED, DISLIKED}
