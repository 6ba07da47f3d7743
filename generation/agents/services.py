"""An agent at work: from a brief to the jobs of a round."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from django.db.models import Exists, OuterRef, QuerySet

from curation.briefs.models import Brief
from curation.models import Round
from generation.agents import rules
from generation.agents.models import Agent, Primitive
from generation.errors import GenerationError
from generation.jobs.models import GenerationJob
from generation.jobs.services import PlannedJob, plan_jobs
from generation.versions.selectors import live_version

Kind = Primitive.Kind
UNFRAMED_WEIGHT = 0.4  # a bare motif is asked for less often than any one frame
# (text, phrases) → how well each phrase fits the text, cosine in [-1, 1].
Affinity = Callable[[str, Sequence[str]], Sequence[float]]


class NothingToDraw(GenerationError):
    """The brief rules out everything the model was taught."""


def rounds_without_jobs() -> QuerySet[Round]:
    """Open rounds nobody has composed prompts for yet."""
    jobs = GenerationJob.objects.filter(round=OuterRef("pk"))
    return Round.objects.filter(~Exists(jobs), status=Round.Status.OPEN)


def agent_for(round_: Round) -> Agent:
    """Agents take turns over the rounds of a brief.

    Raises:
        GenerationError: there is no active agent.
    """
    agents = list(Agent.objects.filter(active=True).order_by("pk"))
    if not agents:
        raise GenerationError("No agent is active: run `python manage.py prepare`.")
    return agents[(round_.brief_id + round_.number) % len(agents)]


def propose_prompts(*, round_id: int, affinity: Affinity) -> int:
    """Compose a round's prompts and queue its jobs; doing it twice adds nothing.

    Returns how many jobs were queued.

    Raises:
        NothingToDraw: the brief rules out every motif or every palette.
        NoLiveVersion: there is no model to draw with.
    """
    round_ = Round.objects.select_related("brief").get(pk=round_id)
    if not round_.is_open or GenerationJob.objects.filter(round=round_).exists():
        return 0
    agent, version = agent_for(round_), live_version()
    choices = _choices(round_.brief, version.vocabulary or "emblems", affinity)
    wanted = round_.candidates_wanted
    prompts = max(1, wanted // agent.seeds_per_prompt)
    compositions = rules.compose(
        random.Random(round_.pk), choices, count=prompts, boldness=agent.boldness
    )
    wishes = [
        (composition, index)
        for index in range(math.ceil(wanted / len(compositions)))
        for composition in compositions
    ][:wanted]
    span_s = (round_.closes_at - round_.opened_at).total_seconds()
    due = rules.due_offsets_s(count=len(wishes), round_s=span_s)
    return plan_jobs(
        round_=round_,
        agent=agent,
        version=version,
        planned=[
            PlannedJob(
                prompt=composition.prompt,
                negative_prompt="",
                primitives=list(composition.primitives),
                seed=rules.seed_for(round_id=round_.pk, prompt=composition.prompt, index=index),
                due_at=round_.opened_at + timedelta(seconds=offset_s),
            )
            for (composition, index), offset_s in zip(wishes, due, strict=True)
        ],
    )


def _choices(brief: Brief, vocabulary: str, affinity: Affinity) -> rules.Choices:
    known = Primitive.objects.filter(vocabulary=vocabulary, active=True)
    by_kind: dict[str, list[Primitive]] = {kind: [] for kind in Kind.values}
    for primitive in known:
        by_kind[primitive.kind].append(primitive)
    text = ". ".join(filter(None, (brief.title, brief.purpose, brief.must)))
    banned = rules.forbidden([p.name for p in known], brief.must_not)
    motifs = _scored(text, [p for p in by_kind[Kind.MOTIF] if p.name not in banned], affinity)
    asked_for = rules.forbidden(list(motifs), brief.must)  # named in the brief: a strong wish
    motifs = {name: score + (0.25 if name in asked_for else 0) for name, score in motifs.items()}
    palettes = [p for p in by_kind[Kind.PALETTE] if not banned & set(p.parts)]
    if not motifs or not palettes:
        raise NothingToDraw("The brief rules out every motif or every palette the model knows.")
    wanted = {colour.lower() for colour in brief.palette}
    fit = {
        name: score + 0.06 * len(wanted & set(next(p.parts for p in palettes if p.name == name)))
        for name, score in _scored(text, palettes, affinity).items()
    }
    frames = {
        p.name: UNFRAMED_WEIGHT if p.name == "none" else 1.0
        for p in by_kind[Kind.FRAME]
        if p.name not in banned
    }
    return rules.Choices(
        motifs=motifs,
        palettes=fit,
        palette_parts={p.name: p.parts for p in palettes},
        frames=frames or {"none": 1.0},
        patterns={p.name: p.gloss for p in by_kind[Kind.PATTERN] if p.name not in banned},
    )


def _scored(text: str, primitives: Sequence[Primitive], affinity: Affinity) -> Mapping[str, float]:
    if not primitives:
        return {}
    scores = affinity(text, [f"{p.name}: {p.gloss}" for p in primitives])
    return {p.name: float(s) for p, s in zip(primitives, scores, strict=True)}
