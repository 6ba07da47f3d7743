"""Twins for a round: what champion and challenger both draw, from one prompt and one seed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction

from curation.models import Round
from generation.agents.models import Agent
from generation.challenges import selectors
from generation.challenges.models import Challenge, TwinPair
from generation.jobs.services import PlannedJob, job_key, plan_jobs
from generation.versions.models import ModelVersion

TWINS = 4  # pairs a round
LARGEST_SHARE = 1 / 3  # of a round's pictures
HUNG_BY = 0.5  # of the round's time, so that there is time to judge them


@transaction.atomic
def plan_twins(*, round_: Round, agent: Agent, wishes: Sequence[PlannedJob]) -> int:
    """Queue twins of the test against the live version, if there is one; how many pairs.

    They share prompts with the round's own pictures, with seeds of their own. Their jobs come in
    random order as to whose is first: a hash decides.
    """
    live = ModelVersion.objects.filter(status=ModelVersion.Status.LIVE).first()
    challenge = live and selectors.challenge_of(live)
    if not challenge or TwinPair.objects.filter(round=round_).exists():
        return 0
    prompts = list(dict.fromkeys(wish.prompt for wish in wishes))
    count = min(TWINS, int(LARGEST_SHARE * len(wishes) / 2))
    for index in range(count):
        prompt = prompts[index % len(prompts)]
        wish = next(wish for wish in wishes if wish.prompt == prompt)
        _plan(challenge, round_, agent, wish, index=index, of=count)
    if count and challenge.status == Challenge.Status.WAITING:
        Challenge.objects.filter(pk=challenge.pk, status=Challenge.Status.WAITING).update(
            status=Challenge.Status.RUNNING
        )
    return count


def _plan(
    challenge: Challenge, round_: Round, agent: Agent, wish: PlannedJob, *, index: int, of: int
) -> None:
    draw = hashlib.sha256(f"twins\0{round_.pk}\0{wish.prompt}\0{index}".encode()).digest()
    seed = int.from_bytes(draw[:4], "big") >> 1
    first_is_challenger = draw[4] % 2 == 0
    versions = [challenge.champion, challenge.challenger]
    if first_is_challenger:
        versions.reverse()
    span = HUNG_BY * (round_.closes_at - round_.opened_at)
    due_at = round_.opened_at + span * (index + 0.5) / of
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
