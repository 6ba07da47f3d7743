"""An agent at work: from a brief to the jobs of a round."""

from __future__ import annotations

import math
import random
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from curation.models import Round
from generation.agents import rules
from generation.agents.beliefs import learn
from generation.agents.choices import Affinity, choices_for
from generation.agents.examining import allowed
from generation.agents.models import Agent, Primitive
from generation.agents.selectors import judged_pictures
from generation.challenges.models import TwinPrompt
from generation.challenges.planning import TWINS, keep_prompts, plan_twins
from generation.errors import GenerationError
from generation.jobs.models import GenerationJob
from generation.jobs.services import PlannedJob, plan_jobs
from generation.versions.selectors import live_version
from generation.versions.services import EMBEDDED_VOCABULARY


def rounds_without_jobs() -> QuerySet[Round]:
    """Open rounds nobody has composed prompts for yet."""
    jobs = GenerationJob.objects.filter(round=OuterRef("pk"))
    return Round.objects.filter(~Exists(jobs), status=Round.Status.OPEN)


def agent_for(round_: Round) -> Agent:
    """Agents take turns over the rounds of a brief.

    Raises:
        GenerationError: there is no active agent.
    """
    return agent_of_turn(round_.brief_id + round_.number)


def agent_of_turn(turn: int) -> Agent:
    """The agent whose turn a number is.

    Raises:
        GenerationError: there is no active agent.
    """
    agents = list(Agent.objects.filter(active=True).order_by("pk"))
    if not agents:
        raise GenerationError("No agent is active: run `python manage.py prepare`.")
    return agents[turn % len(agents)]


def propose_prompts(*, round_id: int, affinity: Affinity, meaning: Affinity | None = None) -> int:
    """Compose a round's prompts and queue its jobs; doing it twice adds nothing.

    Validators see the prompts first; with `meaning` also how near they come to forbidden ideas.
    Returns how many jobs were queued.

    Raises:
        NothingToDraw: the brief rules out every motif or every palette.
        NoLiveVersion: there is no model to draw with.
    """
    round_ = Round.objects.select_related("brief").get(pk=round_id)
    if not round_.is_open or GenerationJob.objects.filter(round=round_).exists():
        return 0
    agent, version = agent_for(round_), live_version()
    vocabulary = version.vocabulary or EMBEDDED_VOCABULARY
    choices = choices_for(round_.brief, vocabulary, affinity)
    wanted = round_.candidates_wanted
    count = max(1, wanted // agent.seeds_per_prompt)
    seed = random.Random(round_.pk)
    learnt = learn(judged_pictures(version.vocabulary))
    compositions = rules.compose(
        seed,
        choices,
        count=count + TWINS,
        boldness=agent.boldness,
        tastes=(lambda: learnt.draw(seed)) if learnt else None,
    )
    names = [p.name for p in Primitive.objects.filter(vocabulary=vocabulary, active=True)]
    found = allowed(round_, compositions, known=names, meaning=meaning)
    compositions, others = found[:count], found[count:]
    if not compositions:
        return 0
    # Two seeds of a prompt at a time: only pairs that share one can be learnt from.
    wishes = [
        (composition, index)
        for first in range(0, math.ceil(wanted / len(compositions)), 2)
        for composition in compositions
        for index in (first, first + 1)
    ][:wanted]
    span_s = (round_.closes_at - round_.opened_at).total_seconds()
    due = rules.due_offsets_s(count=len(wishes), round_s=span_s)
    planned = [
        _planned(round_, composition, index, due_at=round_.opened_at + timedelta(seconds=offset_s))
        for (composition, index), offset_s in zip(wishes, due, strict=True)
    ]
    more = [TwinPrompt(prompt=one.prompt, primitives=list(one.primitives)) for one in others]
    with transaction.atomic():  # a round has all its jobs or none: half of them would stay half
        Round.objects.select_for_update(no_key=True).get(pk=round_.pk)
        if GenerationJob.objects.filter(round=round_).exists():
            return 0  # another worker, who may believe something else, was first
        count = plan_jobs(round_=round_, agent=agent, version=version, planned=planned)
        keep_prompts(round_=round_, ideas=more)
        plan_twins(round_=round_, agent=agent, wishes=planned)
    return count


def _planned(
    round_: Round, composition: rules.Composition, index: int, *, due_at: datetime
) -> PlannedJob:
    return PlannedJob(
        prompt=composition.prompt,
        negative_prompt="",
        primitives=list(composition.primitives),
        believed=composition.believed,
        seed=rules.seed_for(round_id=round_.pk, prompt=composition.prompt, index=index),
        due_at=due_at,
    )
