"""Pages of learning in a browser: curves from data, refreshed while a run learns, for everybody."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from playwright.sync_api import expect

from curation.galleries.services import close_round
from curation.models import Round, Standing, Tally
from generation.emblems.vocabulary import FRAMES, MOTIFS, PALETTES
from generation.models import (
    Challenge,
    GenerationJob,
    ModelVersion,
    PreferenceDataset,
    TrainingRun,
    VersionEvent,
)
from project import seeds
from tests.factories import JobFactory, StandingFactory, TallyFactory, VersionFactory, publish
from tests.generation.training.learned import challenge_of, finished, measure, run_of

from .looking import PATIENCE_MS
from .sound import assert_sound

SHOTS = os.environ.get("SALON_SHOTS")  # a folder for pictures of the pages


@pytest.fixture
def run(gallery) -> Iterator[TrainingRun]:
    round_ = gallery.round(title="An emblem for the harbour rowing club")
    close_round(round_=round_)
    dataset = PreferenceDataset.objects.create(
        round=round_,
        root="ab" * 32,
        rows_count=48,
        replayed_count=12,
        ballots_count=160,
        voters_count=14,
        effective_count=39.5,
        excluded={"across_prompts": 61, "test": 12},
    )
    live = VersionFactory(status=ModelVersion.Status.LIVE)
    yield run_of(dataset, live, status="running", phase="learns", remaining_s=130)
    Challenge.objects.all().delete()
    VersionEvent.objects.all().delete()
    TrainingRun.objects.all().delete()
    PreferenceDataset.objects.all().delete()
    ModelVersion.objects.filter(parent=live).delete()
    live.delete()


def test_curves_grow_while_it_learns(visit, run) -> None:
    measure(run, 20)
    page = visit(f"/training/{run.pk}/")
    loss = page.locator("[data-curve=loss]")
    expect(loss).to_have_attribute("data-points", "20")
    expect(loss.locator("canvas")).to_be_visible()
    TrainingRun.objects.get(pk=run.pk).points.all().delete()
    measure(run, 40)
    expect(loss).to_have_attribute("data-points", "40", timeout=PATIENCE_MS)
    expect(page.locator(".run-now")).to_contain_text("40 of 120 steps")
    TrainingRun.objects.filter(pk=run.pk).update(status="stopped", reason="It drifted.")
    expect(page.locator(".opening h1")).to_have_text("Stopped by a guard", timeout=PATIENCE_MS)
    assert visit.console == []


@pytest.fixture
def beliefs(gallery) -> Iterator[str]:
    """Three judged rounds, drawn by the version that is live."""
    seeds.seed_primitives()
    version = VersionFactory(status=ModelVersion.Status.LIVE, vocabulary="emblems")
    for number in range(3):
        round_ = gallery.round(title="An emblem for a night market")
        judge(round_, version, number)
    cache.delete("beliefs:emblems")
    yield "/beliefs/"
    for model in (Standing, Tally, GenerationJob):
        model.objects.filter(pk__isnull=False).delete()
    version.delete()


def judge(round_: Round, version: ModelVersion, number: int) -> None:
    """Close a round in which blue frames and stars did well."""
    rng = random.Random(number)
    names = {k: sorted(n) for k, n in (("motif", MOTIFS), ("palette", PALETTES), ("frame", FRAMES))}
    hung = []
    for at in range(36):
        used = [f"{kind}:{rng.choice(known[:14])}" for kind, known in names.items()]
        job = JobFactory(round=round_, model_version=version, status="done", believed=at % 4 > 0)
        words = f"{used}, in a round of {number}"
        hung.append(
            publish(
                round_, 5000 + 100 * number + at, primitives=used, prompt=words, job_key=job.key
            )
        )
    close_round(round_=round_)
    tally = TallyFactory(round=round_)
    for rank, candidate in enumerate(hung, 1):
        assert candidate is not None
        liked = sum(len(name) % 3 - 1 for name in candidate.primitives) + rng.gauss(0, 0.4)
        StandingFactory(
            tally=tally, candidate=candidate, rank=rank, score=liked, deviation=0.4, comparisons=9
        )


@pytest.mark.parametrize("name", ["running", "stopped", "finished", "version", "model"])
def test_pages_are_sound_in_every_light_and_width(visit, run, name) -> None:
    measure(run, 90)
    address = f"/training/{run.pk}/"
    if name == "stopped":
        TrainingRun.objects.filter(pk=run.pk).update(status=name, reason="The error rose by 16%.")
    elif name != "running":
        version = finished(run)
        challenge_of(version)
        address = {"version": f"/versions/{version.slug}/", "model": "/model/"}.get(name, address)
    assert_sound(visit(address, reduced_motion="reduce"), name, shots=SHOTS)
    assert visit.console == []


def test_the_page_of_beliefs_is_sound_in_every_light_and_width(visit, beliefs) -> None:
    assert_sound(visit(beliefs, reduced_motion="reduce"), "beliefs", shots=SHOTS)
    assert visit.console == []
