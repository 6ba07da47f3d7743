"""Twins for a round: what champion and challenger both draw, from one prompt and one seed.

A round gets them when its prompts are composed. One that was open already when a test began gets
them as soon as possible, unless it is nearly over: nobody waits a week for the next one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from curation.models import Round
from generation.agents.models import Agent
from generation.challenges import selectors
from generation.challenges.models import Challenge, TwinPair, TwinPrompt
from generation.jobs.models import GenerationJob
from generation.jobs.services import PlannedJob, job_key, plan_jobs
from generation.preferences.models import PreferenceRow
from generation.versions.models import ModelVersion

TWINS = 20  # pairs a round: how many prompts they show decides how soon a test can end
LARGEST_SHARE = 1.0  # of a round's own pictures; one pair there always is, or tests never end
HUNG_BY = 0.5  # of the round's time that is left, so that there is time to judge them
LEAST_LEFT = 0.25  # of a round's time, for twins to join it


def keep_prompts(*, round_: Round, ideas: Sequence[TwinPrompt]) -> None:
    """Keep prompts for a round's twins: a test learns more by many, and may begin at any time."""
    for idea in ideas:
        idea.round = round_
    TwinPrompt.objects.bulk_create(ideas)


@transaction.atomic
def plan_twins(*, round_: Round, agent: Agent, wishes: Sequence[PlannedJob]) -> int:
    """Queue twins of the test against the live version, if there is one; how many pairs.

    A round gets them once. They take prompts in turn, those of its own pictures (the wishes) first,
    then the ones that were kept for them, then what the challenger was trained on: pictures of
    that are learned one by one. Seeds are their own, and their jobs come in random order as to
    whose is first: a hash decides.
    """
    Round.objects.select_for_update(no_key=True).get(pk=round_.pk)
    live = ModelVersion.objects.filter(status=ModelVersion.Status.LIVE).first()
    challenge = live and selectors.challenge_of(live)
    if not challenge or not wishes or TwinPair.objects.filter(round=round_).exists():
        return 0
    now, ideas = timezone.now(), dict[str, PlannedJob]()
    for idea in (*wishes, *_kept(round_, like=wishes[0])):
        ideas.setdefault(idea.prompt, idea)
    seen = set(TwinPair.objects.filter(challenge=challenge).values_list("prompt", flat=True))
    unseen = [prompt for prompt in ideas if prompt not in seen] or list(ideas)
    learned = _learned_from(challenge)
    prompts = sorted(unseen, key=lambda prompt: prompt in learned)
    count = min(TWINS, max(1, int(LARGEST_SHARE * len(wishes) / 2)))
    for index in range(count):
        wish = ideas[prompts[index % len(prompts)]]
        due_at = _due_at(round_, now, place=(index + 0.5) / count)
        _plan(challenge, round_, agent, wish, index=index, due_at=due_at)
    if count and challenge.status == Challenge.Status.WAITING:
        Challenge.objects.filter(pk=challenge.pk, status=Challenge.Status.WAITING).update(
            status=Challenge.Status.RUNNING
        )
    return count


def _learned_from(challenge: Challenge) -> set[str]:
    rows = PreferenceRow.objects.filter(dataset__run__version=challenge.challenger_id)
    return set(rows.values_list("prompt", flat=True))


def _kept(round_: Round, *, like: PlannedJob) -> list[PlannedJob]:
    return [
        replace(like, prompt=idea.prompt, primitives=idea.primitives)
        for idea in TwinPrompt.objects.filter(round=round_)
    ]


def join_open_rounds() -> int:
    """Give open rounds that began before a test its twins too; how many rounds got some."""
    live = ModelVersion.objects.filter(status=ModelVersion.Status.LIVE).first()
    if live is None or selectors.challenge_of(live) is None:
        return 0
    without = Round.objects.filter(
        ~Exists(TwinPair.objects.filter(round=OuterRef("pk"))), status=Round.Status.OPEN
    )
    joined = 0
    for round_ in without.order_by("pk"):
        if _share_left(round_) < LEAST_LEFT:
            continue
        jobs = list(GenerationJob.objects.filter(round=round_).order_by("pk"))
        wishes = [
            PlannedJob(
                prompt=job.prompt,
                negative_prompt=job.negative_prompt,
                primitives=job.primitives,
                seed=job.seed,
                due_at=job.due_at,
            )
            for job in jobs
        ]
        if wishes and plan_twins(round_=round_, agent=jobs[0].agent, wishes=wishes):
            joined += 1
    return joined


def _share_left(round_: Round) -> float:
    return (round_.closes_at - timezone.now()) / (round_.closes_at - round_.opened_at)


def _due_at(round_: Round, now: datetime, *, place: float) -> datetime:
    """When twins are due: evenly over the first half of the time that is left."""
    begin = max(now, round_.opened_at)
    return begin + HUNG_BY * place * max(timedelta(0), round_.closes_at - begin)


def _plan(
    challenge: Challenge,
    round_: Round,
    agent: Agent,
    wish: PlannedJob,
    *,
    index: int,
    due_at: datetime,
) -> None:
    draw = hashlib.sha256(f"twins\0{round_.pk}\0{wish.prompt}\0{index}".encode()).digest()
    seed = int.from_bytes(draw[:4], "big") >> 1
    first_is_challenger = draw[4] % 2 == 0
    versions = [challenge.champion, challenge.challenger]
    if first_is_challenger:
        versions.reverse()
    for place, version in enumerate(versions):
        plan_jobs(
            round_=round_,
            agent=agent,
            version=version,
            planned=[
                PlannedJob(
                    prompt=wish.prompt,
                    negative_prompt=wish.negative_prompt,
                    primitives=wish.primitives,
                    seed=seed,
                    due_at=due_at + timedelta(milliseconds=place),
                )
            ],
        )

    def key(version: ModelVersion) -> str:
        return job_key(round_id=round_.pk, prompt=wish.prompt, seed=seed, version=version)

    TwinPair.objects.create(
        challenge=challenge,
        round=round_,
        prompt=wish.prompt,
        seed=seed,
        champion_job=key(challenge.champion),
        challenger_job=key(challenge.challenger),
    )
