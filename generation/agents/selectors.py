"""What agents know of how their pictures did."""

from __future__ import annotations

from django.db.models import F

from curation.models import Candidate, Round, Standing
from generation.agents.beliefs import Seen
from generation.jobs.models import GenerationJob

REMEMBERED_ROUNDS = 60  # the newest counted ones: tastes may change
MOST_PICTURES = 20_000  # of them, the newest


def judged_pictures(vocabulary: str) -> list[Seen]:
    """Pictures of counted rounds that still hang and were compared, with what they were made of.

    Only published tallies are read; twins of blind tests have no place in them.
    """
    rounds = list(
        Round.objects.filter(tally__isnull=False)
        .order_by("-pk")
        .values_list("pk", flat=True)[:REMEMBERED_ROUNDS]
    )
    standings = Standing.objects.filter(
        tally__in=rounds,
        comparisons__gt=0,
        candidate__status=Candidate.Status.PUBLISHED,
        candidate__trial=False,
    ).order_by("-candidate_id")[:MOST_PICTURES]
    rows = list(
        standings.values_list(
            *("tally_id", "score", "deviation"),
            *(F(f"candidate__{name}") for name in ("prompt", "primitives", "job_key")),
        )
    )
    jobs = GenerationJob.objects.filter(
        key__in=[row[-1] for row in rows], model_version__vocabulary=vocabulary
    )
    believed = dict(jobs.values_list("key", "believed"))
    return [
        Seen(
            round=number,
            prompt=prompt,
            primitives=primitives,
            score=score,
            deviation=deviation,
            believed=believed[key],
        )
        for number, score, deviation, prompt, primitives, key in rows
        if key in believed and primitives
    ]
