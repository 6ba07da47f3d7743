"""Pictures per second through the whole system ÷ a bare diffusers loop.

The system: jobs in PostgreSQL, the real scheduler, Dramatiq messages, the real generation
worker, files, thumbnails, previews, publication, events. Both draw the same jobs, block by
block in turn; a rate is taken between a block's first and last picture, so neither loading nor
the scheduler's pause before a block counts. The pixels must be equal.
"""

from __future__ import annotations

import hashlib
import io
import os
import statistics
from contextlib import ExitStack
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from benchmarks.harness import (
    Row,
    ask,
    hear,
    main,
    module,
    process,
    salon,
    say,
    site_process,
    wait_until,
)

if TYPE_CHECKING:
    from generation.jobs.models import GenerationJob

SECONDS_EACH = 1.0
STEPS_TRIED = 10


def measure(quick: bool) -> list[Row]:
    """Blocks of pictures, system and bare loop in turn."""
    threads = int(os.environ.get("GENERATION_THREADS") or 1)
    blocks, each = (2, 4) if quick else (10, 6)
    with salon(GENERATION_THREADS=str(threads), GENERATION_BATCH="1") as data, ExitStack() as stack:
        from generation.versions.selectors import live_version

        version = live_version()
        bare = stack.enter_context(
            process(module("benchmarks.bare_loop", version.base, threads), talk=True)
        )
        hear(bare)
        steps = _steps_for_a_second(bare)
        jobs = plan(steps=steps, blocks=blocks + 1, each=each + 1)
        for name in ("scheduler", "generation"):
            stack.enter_context(process(site_process(name), log=data / "logs" / f"{name}.log"))
        ratios, rates = [], []
        for number, block in enumerate(jobs):
            system = rate(_system_ends(block))
            answer = ask(bare, [_facts(job) for job in block])
            _compare(block, answer["pixels"])
            alone = rate(answer["ends"])
            if number:  # the first block warms both up
                ratios.append(system / alone)
                rates.append((system, alone))
            say(f"{system:.3f} ÷ {alone:.3f} images/s = {system / alone:.3f}")
        timings = _timings(jobs[1:])
    system, alone = (statistics.median(column) for column in zip(*rates, strict=True))
    return [
        Row(
            "images",
            f"{statistics.median(ratios):.3f}",
            "≥ 0.97",
            f"{system:.3f} ÷ {alone:.3f} images/s, {blocks} × {each} pictures of {steps} steps, "
            f"{threads} thread(s), pixels identical; {timings}",
        )
    ]


def _steps_for_a_second(bare) -> int:
    probe = {"prompt": "gold star, navy background", "seed": 1, "steps": STEPS_TRIED}
    size = {"width": 256, "height": 256, "guidance": 3.0}
    ends = ask(bare, [{**probe, **size}] * 4)["ends"]
    one_s = (ends[-1] - ends[0]) / (len(ends) - 1)
    return max(4, min(150, round(STEPS_TRIED * SECONDS_EACH / one_s)))


def plan(*, steps: int, blocks: int, each: int) -> list[list[GenerationJob]]:
    """Jobs of one round, due far in the future until their block's turn comes."""
    from django.utils import timezone

    from curation.briefs.services import post_brief
    from curation.galleries.services import open_round
    from generation.agents.models import Agent
    from generation.jobs.models import GenerationJob
    from generation.jobs.services import PlannedJob, plan_jobs
    from generation.versions.selectors import live_version

    brief = post_brief(title="Benchmark", purpose="To be measured.", rounds_planned=1)
    round_ = open_round(brief=brief)
    agent = Agent.objects.create(slug="bench", name="Bench", manner="Steady.", steps=steps)
    # Near-duplicates are held and never hang: no two of these look alike.
    motifs = ("star", "anchor", "owl", "key", "leaf", "waves", "crown", "moon")
    frames = ("shield", "circle", "hexagon", "diamond", "arch", "seal", "square")
    colours = ("gold", "red", "teal", "white", "pink")
    planned = [
        PlannedJob(
            prompt=(
                f"{colours[i % 5]} {motifs[i % 8]} on a navy {frames[i % 7]}, white background"
            ),
            negative_prompt="",
            primitives=[],
            seed=1000 + i,
            due_at=timezone.now() + timedelta(days=1),
        )
        for i in range(blocks * each)
    ]
    plan_jobs(round_=round_, agent=agent, version=live_version(), planned=planned)
    jobs = list(GenerationJob.objects.order_by("pk"))
    return [jobs[i : i + each] for i in range(0, len(jobs), each)]


def _system_ends(block: list[GenerationJob]) -> list[float]:
    """Have the system draw a block; the times of publication, in order."""
    from django.utils import timezone

    from curation.models import Candidate
    from generation.jobs.models import GenerationJob

    keys = [job.key for job in block]
    GenerationJob.objects.filter(key__in=keys).update(due_at=timezone.now())
    hanging = Candidate.objects.filter(job_key__in=keys).order_by("published_at")
    wait_until(
        lambda: hanging.count() == len(block),
        what="a block of pictures",
        timeout_s=60 + 20 * len(block),
        every_s=0.5,
    )
    return [at.timestamp() for at in hanging.values_list("published_at", flat=True)]


def _facts(job: GenerationJob) -> dict:
    names = ("prompt", "seed", "steps", "guidance", "width", "height")
    return {name: getattr(job, name) for name in names}


def rate(ends: list[float]) -> float:
    """Pictures per second between the first and the last."""
    return (len(ends) - 1) / (ends[-1] - ends[0])


def _compare(block: list[GenerationJob], bare_pixels: list[str]) -> None:
    from django.core.files.storage import default_storage
    from PIL import Image

    from curation.galleries import files
    from curation.models import Candidate

    for job, expected in zip(block, bare_pixels, strict=True):
        candidate = Candidate.objects.get(job_key=job.key)
        with default_storage.open(files.picture_name(candidate.digest)) as file:
            data = file.read()
        pixels = Image.open(io.BytesIO(data)).convert("RGB").tobytes()
        if hashlib.sha256(pixels).hexdigest() != expected:
            raise SystemExit(f"{job}: its pixels differ from the bare loop's.")


def _timings(blocks: list[list[GenerationJob]]) -> str:
    """Median times of a picture: denoising and decoding, storing, and what lay between two."""
    from curation.models import Candidate

    drawn_s, store_s, between_s = [], [], []
    for block in blocks:
        keys = [job.key for job in block]
        found = Candidate.objects.filter(job_key__in=keys).order_by("published_at")
        drawn_s += [candidate.timings["drawn_s"] for candidate in found]
        store_s += [candidate.timings["store_s"] for candidate in found]
        between_s += [
            (after.published_at - before.published_at).total_seconds() - after.timings["drawn_s"]
            for before, after in pairwise(found)
        ]
    drawn, store, between = (1000 * statistics.median(s) for s in (drawn_s, store_s, between_s))
    return f"drawn in {drawn:.0f} ms, {between:.0f} ms between two, stored beside in {store:.0f} ms"


if __name__ == "__main__":
    main(measure, __doc__)
