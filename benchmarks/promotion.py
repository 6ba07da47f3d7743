"""Pictures per second across a promotion ÷ steady: the engine swaps adapters without a restart.

Twelve pictures of the live version, then a promotion, then twelve of the new one, by the worker's
own code: claim, load, draw, store, publish. Steady is what the same twenty-four take when nothing
changes between them: half of them by the one, half by the other, each after one that does not
count. Both in turn; the adapter is a real one, trained for a step.
"""

from __future__ import annotations

import itertools
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.harness import Row, main, salon, say

HALF, TURNS = 12, 6
_seeds = itertools.count(1)


def measure(quick: bool) -> list[Row]:
    """Turns across and steady."""
    turns = 1 if quick else TURNS
    with salon(SITE_URL="http://testserver", GENERATION_THREADS="1"):
        studio = Studio()
        ratios = []
        for turn in range(turns + 1):
            if turn % 2:  # whatever comes second may find another machine
                across, steady = studio.across(), studio.steady()
            else:
                steady, across = studio.steady(), studio.across()
            if turn:
                ratios.append(steady / across)
                say(f"{2 * HALF / across:.3f} ÷ {2 * HALF / steady:.3f} pictures/s")
    details = (
        f"{2 * HALF} pictures, one promotion in the middle, {turns} turns "
        f"{min(ratios):.3f} to {max(ratios):.3f}; a picture's version is the one it was planned "
        "with, so none is drawn by two"
    )
    return [Row("promotion", f"{statistics.median(ratios):.3f}", "≥ 0.98", details)]


class Studio:
    """A round that is drawn for, and two versions."""

    def __init__(self) -> None:
        from curation.briefs.services import post_brief
        from curation.galleries.services import open_round
        from generation.models import Agent, ModelVersion

        brief = post_brief(title="Benchmark", purpose="To be measured.", candidates_per_round=5000)
        self.round, self.agent = open_round(brief=brief), Agent.objects.order_by("pk")[0]
        self.base = ModelVersion.objects.get(status="live")
        self.other = self._taught()
        self.draw(self.base, 1)

    def across(self) -> float:
        """Seconds for both halves and the promotion between them."""
        from curation.models import Member
        from generation.challenges.services import promote_model_version, roll_back

        self.draw(self.base, 1)
        person, _ = Member.objects.get_or_create(address="0x" + "11" * 20)
        began = time.perf_counter()
        self.draw(self.base, HALF)
        promote_model_version(version=self.other, reason="measured", by=person)
        self.draw(self.other, HALF)
        took = time.perf_counter() - began
        roll_back(reason="measured", by=person)
        return took

    def steady(self) -> float:
        """Seconds for both halves, each after a picture that does not count."""
        took = 0.0
        for version in (self.base, self.other):
            self.draw(version, 1)
            began = time.perf_counter()
            self.draw(version, HALF)
            took += time.perf_counter() - began
        return took

    def draw(self, version: Any, count: int) -> None:
        """Plan some pictures and draw them, one after the other."""
        from django.utils import timezone

        from generation.jobs import drawing
        from generation.jobs.services import PlannedJob, plan_jobs
        from generation.models import GenerationJob

        seeds = [next(_seeds) for _ in range(count)]
        planned = [
            PlannedJob(
                prompt="gold star on a navy shield, white background",
                negative_prompt="",
                primitives=["motif:star"],
                seed=seed,
                due_at=timezone.now(),
            )
            for seed in seeds
        ]
        plan_jobs(round_=self.round, agent=self.agent, version=version, planned=planned)
        jobs = GenerationJob.objects.filter(seed__in=seeds, model_version=version)
        for job_id in jobs.order_by("pk").values_list("pk", flat=True):
            drawing.draw(job_id=job_id)
        drawn = jobs.filter(status="done").count()
        if drawn != count:
            raise SystemExit(f"{drawn} of {count} pictures were drawn.")

    def _taught(self) -> Any:
        """A version whose adapter took one step on true emblems."""
        from benchmarks.training_step import opened, pairs
        from generation.learning.training import run_slice
        from generation.models import ModelVersion
        from generation.versions.files import adapter_name, store_adapter

        with tempfile.TemporaryDirectory() as folder:
            rows = pairs(Path(folder), count=8)
            run = opened(Path(folder) / "run", rows, batch=4, steps=1)
            run_slice(run)
            digest = store_adapter(run.prepared.adapter)
        return ModelVersion.objects.create(
            slug="measured",
            base=self.base.base,
            base_hash=self.base.base_hash,
            adapter=adapter_name(digest),
            adapter_hash=digest,
            vocabulary=self.base.vocabulary,
            parent=self.base,
            status="draft",
        )


if __name__ == "__main__":
    main(measure, __doc__)
