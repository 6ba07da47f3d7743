"""Twins in a round: drawn by both versions, judged blindly, and seen nowhere else."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from chain.anchoring.services import gather_batch
from curation.galleries.selectors import hanging
from curation.galleries.services import close_round
from curation.live.models import Event
from curation.models import Candidate, Round, ServedPair
from curation.pairs.selectors import seen_of, trials_of
from curation.pairs.services import serve_pairs
from generation.agents.models import Agent
from generation.challenges.planning import TWINS, join_open_rounds, keep_prompts, plan_twins
from generation.challenges.services import start_challenge
from generation.jobs.models import GenerationJob
from generation.jobs.services import Drawing, PlannedJob, claim, finish
from generation.models import Challenge, ModelVersion, TrainingRun, TwinPair, TwinPrompt
from generation.preferences.services import build_preference_dataset
from generation.versions.selectors import live_version
from tests.curation.judging import judge, round_with, waiting
from tests.factories import (
    AgentFactory,
    JobFactory,
    MemberFactory,
    RoundFactory,
    VersionFactory,
    picture,
    provenance,
)
from tests.generation.challenges.arena import version_on
from tests.generation.preferences.polls import counted_poll
from tests.threads import at_once

pytestmark = pytest.mark.django_db
_numbers = itertools.count(300_000)


@pytest.fixture
def challenge() -> Challenge:
    champion = VersionFactory(status=ModelVersion.Status.LIVE)
    return start_challenge(challenger=version_on(champion))


def wishes(round_: Round, prompts: int, seeds: int = 4) -> list[PlannedJob]:
    return [
        PlannedJob(
            prompt=f"prompt {prompt}",
            negative_prompt="",
            primitives=["motif:fish"],
            seed=100 * prompt + seed,
            due_at=round_.opened_at,
        )
        for prompt in range(prompts)
        for seed in range(seeds)
    ]


def plan(round_: Round, prompts: int = 6, seeds: int = 8, agent: Agent | None = None) -> int:
    agent = agent or AgentFactory()
    return plan_twins(round_=round_, agent=agent, wishes=wishes(round_, prompts, seeds))


def drawn(job: GenerationJob, number: int) -> Candidate:
    """A job's picture, published as its worker does."""
    from curation.galleries import files

    lease = claim(job_id=job.pk, worker="w")
    stored = files.store_picture(picture(number))
    drawing = Drawing(
        digest=stored.digest,
        size_bytes=stored.size_bytes,
        scheduler="Euler",
        libraries={},
        timings={},
    )
    return finish(lease=lease, drawing=drawing)


def test_twins_share_prompt_and_seed_and_are_drawn_by_both(challenge):
    round_ = RoundFactory()
    assert plan(round_) == TWINS
    challenge.refresh_from_db()
    assert challenge.status == Challenge.Status.RUNNING
    for twins in TwinPair.objects.all():
        one = GenerationJob.objects.get(key=twins.champion_job)
        other = GenerationJob.objects.get(key=twins.challenger_job)
        assert (one.prompt, one.seed) == (other.prompt, other.seed) == (twins.prompt, twins.seed)
        assert one.model_version == challenge.champion
        assert other.model_version == challenge.challenger
        assert one.due_at < round_.closes_at
    prompts = list(TwinPair.objects.values_list("prompt", flat=True))
    assert sorted(map(prompts.count, set(prompts))) == [3, 3, 3, 3, 4, 4]
    assert TwinPair.objects.values("prompt", "seed").distinct().count() == TWINS


def test_planning_twice_adds_nothing(challenge):
    round_, agent = RoundFactory(), AgentFactory()
    plan(round_, agent=agent)
    assert plan(round_, agent=agent) == 0
    assert (TwinPair.objects.count(), GenerationJob.objects.count()) == (TWINS, 2 * TWINS)


@pytest.mark.parametrize(("pictures", "pairs"), [(4, 2), (12, 6), (24, 12), (200, 20)])
def test_small_rounds_have_few_twins(challenge, pictures, pairs):
    assert plan(RoundFactory(), prompts=pictures // 4, seeds=4) == pairs


def already_open(*, share_left: float) -> Round:
    """A round whose own pictures were planned before there was a test."""
    now, span = timezone.now(), timedelta(hours=10)
    opened_at = now - span * (1 - share_left)
    round_ = RoundFactory(opened_at=opened_at, closes_at=opened_at + span)
    live = ModelVersion.objects.get(status="live")
    for wish in wishes(round_, prompts=6, seeds=8):
        JobFactory(
            round=round_, model_version=live, prompt=wish.prompt, seed=1000 * round_.pk + wish.seed
        )
    return round_


def test_open_rounds_get_the_twins_of_a_test_that_begins(challenge):
    round_ = already_open(share_left=0.3)
    before = set(GenerationJob.objects.values_list("pk", flat=True))
    assert join_open_rounds() == 1
    assert TwinPair.objects.filter(round=round_, challenge=challenge).count() == TWINS
    own = set(GenerationJob.objects.filter(pk__in=before).values_list("prompt", flat=True))
    twins = GenerationJob.objects.exclude(pk__in=before)
    now, half = timezone.now(), (round_.closes_at - timezone.now()) / 2
    assert all(job.prompt in own and now < job.due_at < now + half for job in twins)
    assert join_open_rounds() == 0
    assert TwinPair.objects.count() == TWINS


def test_an_open_round_shows_the_prompts_that_were_kept_for_its_twins(challenge):
    round_ = already_open(share_left=0.9)
    ideas = [TwinPrompt(prompt=f"kept {n}", primitives=["motif:fox"]) for n in range(30)]
    keep_prompts(round_=round_, ideas=ideas)
    assert join_open_rounds() == 1
    prompts = list(TwinPair.objects.order_by("pk").values_list("prompt", flat=True))
    assert len(set(prompts)) == len(prompts) == TWINS
    assert sum(prompt.startswith("kept") for prompt in prompts) == TWINS - 6


def test_a_test_shows_no_prompt_in_two_rounds_while_there_are_others(challenge):
    agent = AgentFactory()
    assert plan(RoundFactory(), agent=agent) == TWINS
    later = RoundFactory()
    ideas = [TwinPrompt(prompt=f"kept {n}", primitives=["motif:fox"]) for n in range(20)]
    keep_prompts(round_=later, ideas=ideas)
    assert plan(later, agent=agent) == TWINS
    twins = TwinPair.objects.filter(round=later)
    assert twins.filter(prompt__startswith="kept").count() == TWINS


def test_what_the_challenger_learned_from_is_shown_when_nothing_else_is_left(challenge):
    dataset = build_preference_dataset(round_id=counted_poll(prompts=2).round.pk)
    how = {"reference": challenge.champion, "version": challenge.challenger, "seed": 1, "steps": 1}
    TrainingRun.objects.create(dataset=dataset, **how)
    learned = set(dataset.rows.values_list("prompt", flat=True))
    round_ = RoundFactory()
    ideas = [TwinPrompt(prompt=f"kept {n}", primitives=["motif:fox"]) for n in range(TWINS - 6)]
    keep_prompts(round_=round_, ideas=ideas)
    assert learned == {"prompt 0", "prompt 1"}
    assert plan(round_) == TWINS
    prompts = list(TwinPair.objects.order_by("pk").values_list("prompt", flat=True))
    assert prompts[:4] == ["prompt 2", "prompt 3", "prompt 4", "prompt 5"]
    assert set(prompts[-2:]) == learned
    assert len(set(prompts)) == TWINS


def test_rounds_nearly_over_or_without_prompts_get_none(challenge):
    already_open(share_left=0.2)
    RoundFactory()
    close_round(round_=already_open(share_left=0.9))
    assert join_open_rounds() == 0
    assert not TwinPair.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_racing_for_a_round_s_twins_plans_them_once(challenge):
    round_ = already_open(share_left=0.9)
    agent = AgentFactory()
    made = at_once(6, lambda n: join_open_rounds() if n % 2 else plan(round_, agent=agent))
    assert sorted(map(bool, made)) == [False] * 5 + [True]
    assert TwinPair.objects.count() == TWINS


def test_without_a_test_there_are_no_twins():
    assert join_open_rounds() == 0
    VersionFactory(status=ModelVersion.Status.LIVE)
    assert plan(RoundFactory()) == 0
    assert live_version()


def test_twins_hang_on_no_wall_and_are_told_to_nobody_before_the_close(challenge, pages):
    round_ = RoundFactory()
    plan(round_)
    twins = [
        drawn(job, number)
        for number, job in enumerate(GenerationJob.objects.filter(round=round_), 700)
    ]
    assert all(twin.trial for twin in twins)
    round_.refresh_from_db()
    assert round_.candidates_count == 0
    assert not hanging(round_).exists()
    assert not Event.objects.filter(kind="candidate_published").exists()
    assert gather_batch(round_id=round_.pk) is None
    assert pages.get(f"/api/v1/rounds/{round_.pk}/candidates").json()["items"] == []
    places = [f"/candidates/{twins[0].digest}/", f"/api/v1/candidates/{twins[0].digest}"]
    assert [pages.get(place).status_code for place in places] == [404, 404]
    assert pages.get(twins[0].file_url).status_code == 200  # a pair shows it
    close_round(round_=round_)
    assert pages.get(places[1]).json()["unsealed"]["model_version"] == twins[0].model_version


def trial_round(pairs: int = 4) -> Round:
    """A round with candidates and twins that hang."""
    from curation.galleries import files
    from curation.galleries.services import publish_candidate

    round_ = round_with(4, 4)
    for number in range(2 * pairs):
        place = next(_numbers)
        stored = files.store_picture(picture(place))
        facts = provenance(place, prompt=f"prompt {number // 2}", seed=number // 2)
        publish_candidate(
            round_id=round_.pk,
            digest=stored.digest,
            size_bytes=stored.size_bytes,
            provenance=facts,
            trial=True,
        )
    return round_


def judged(member, round_: Round, times: int) -> list[ServedPair]:
    for _ in range(times):
        serve_pairs(member=member, round_=round_, count=1)
        for pair in waiting(member, round_):
            judge(pair)
    return list(ServedPair.objects.filter(member=member, round=round_).order_by("pk"))


def test_about_one_pair_in_three_is_twins_until_all_were_judged():
    round_ = trial_round(pairs=6)
    twins = set(trials_of(round_))
    assert len(twins) == 6
    shares, lefts = [], []
    for _ in range(8):
        served = judged(MemberFactory(), round_, 12)
        found = [pair for pair in served if pair.kind == ServedPair.Kind.TRIAL]
        assert {(pair.low, pair.high) for pair in found} <= twins
        assert len({(pair.low, pair.high) for pair in found}) == len(found)
        shares.append(len(found) / len(served))
        lefts += [pair.low_left for pair in found]
    assert 0.2 < sum(shares) / len(shares) < 0.5
    assert 0 < sum(lefts) < len(lefts)


def test_twins_upset_no_share_of_other_pairs():
    served = judged(MemberFactory(), trial_round(), 14)
    kept = [pair for pair in served if pair.kind != ServedPair.Kind.TRIAL]
    assert len(kept) < len(served)
    assert seen_of(served, {}) == seen_of(kept, {})


def test_a_pair_with_a_twin_that_was_taken_down_is_not_served():
    round_ = trial_round(pairs=1)
    [pair] = trials_of(round_)
    Candidate.objects.filter(digest=pair[0]).update(status=Candidate.Status.HIDDEN)
    assert trials_of(round_) == []
    kinds = {served.kind for served in judged(MemberFactory(), round_, 8)}
    assert ServedPair.Kind.TRIAL not in kinds


def test_threat_11_twins_look_like_any_other_pair(client, settings):
    round_ = trial_round(pairs=6)
    pairs = []
    for member in MemberFactory.create_batch(4):  # kinds come by chance
        client.force_login(member)
        pairs += client.get(f"/api/v1/rounds/{round_.pk}/pairs?count=12").json()["pairs"]
    kinds = set(ServedPair.objects.values_list("kind", flat=True))
    assert {"trial", "preference"} <= kinds
    shapes = set()
    for pair in pairs:
        text = json.dumps(pair)
        for side in ("left", "right"):
            text = text.replace(pair[side]["digest"], "DIGEST")
            text = text.replace(pair[side]["alt"], "PROMPT")
        shapes.add(text)
    assert len(shapes) == 1
