"""The model's home, a version's page, its adapter and its card."""

from __future__ import annotations

import math

import pytest

from generation.challenges.models import VersionEvent
from generation.models import ModelVersion
from generation.preferences.services import build_preference_dataset
from generation.versions.pages import timeline
from tests.factories import VersionFactory
from tests.generation.preferences.polls import counted_poll
from tests.generation.training.learned import challenge_of, finished, run_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("collected_static")]


@pytest.fixture
def live() -> ModelVersion:
    return VersionFactory(status=ModelVersion.Status.LIVE)


@pytest.fixture
def version(live) -> ModelVersion:
    dataset = build_preference_dataset(round_id=counted_poll().round.pk)
    return finished(run_of(dataset, live))


def test_page_says_what_it_is_and_how_it_fared(client, version):
    challenge_of(version, status="rejected", reason="<i>Not better.")
    text = client.get(f"/versions/{version.slug}/").content.decode()
    for told in (version.adapter_hash, version.base_hash, "62%", "60 ballots for it", "25 voters"):
        assert told in text
    assert "&lt;i&gt;Not better." in text
    assert "Not shown to be better" in text
    assert "Trained" in text
    assert f"/training/{version.run.pk}/" in text


def test_interval_counts_every_voter_once(client, version):
    challenge_of(version)
    few = client.get(f"/versions/{version.slug}/").content.decode()
    assert "between 43% and 78%" in few


def test_a_base_has_a_page_and_no_adapter(client, live):
    text = client.get(f"/versions/{live.slug}/").content.decode()
    assert "Draws now" in text
    assert client.get(f"/versions/{live.slug}/adapter.safetensors").status_code == 404
    assert client.get(f"/versions/{live.slug}/README.md").status_code == 404
    assert client.get("/versions/no-such/").status_code == 404


def test_adapter_comes_once_for_each_hash(client, version):
    address = f"/versions/{version.slug}/adapter.safetensors"
    answer = client.get(address)
    assert b"".join(answer.streaming_content) == b"an adapter"
    assert answer["ETag"] == f'"{version.adapter_hash}"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    again = client.get(address, headers={"If-None-Match": answer["ETag"]})
    assert again.status_code == 304


def test_card_names_hashes_and_figures(client, version):
    challenge_of(version)
    answer = client.get(f"/versions/{version.slug}/README.md")
    assert answer["Content-Type"] == "text/markdown; charset=utf-8"
    text = answer.content.decode()
    for told in (version.adapter_hash, version.run.dataset.root, "0.62 (0.43 to 0.78)", "| rank |"):
        assert told in text


def test_card_and_download_agree_and_say_what_was_trained(client, version):
    run = version.run
    run.settings = {"rank": 8, "beta": None, "steps": 60}
    run.figures |= {"beta": 7.5, "rank": 16, "rows": 3, "steps": 40, "part": "unet"}
    run.save()
    text = client.get(f"/versions/{version.slug}/README.md").content.decode()
    for told in ("| beta | 7.5 |", "from 3 pairs", "of the unet, rank 16", "| rank | 16 |"):
        assert told in text
    name = f"{version.slug}.safetensors"
    assert text.count(f"'{name}'") == 2
    answer = client.get(f"/versions/{version.slug}/adapter.safetensors")
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'


def test_what_a_person_took_back_says_so(client, version):
    VersionEvent.objects.create(version=version, kind=VersionEvent.Kind.ROLLED_BACK)
    assert "Taken back by a person" in client.get(f"/versions/{version.slug}/").content.decode()


def test_home_shows_what_draws_and_how_taste_moved(client, live, version):
    text = client.get("/model/").content.decode()
    assert "Nothing is trained or tested at the moment" in text
    challenge_of(version)
    text = client.get("/model/").content.decode()
    assert "is being tested blindly" in text
    assert "62%" in text
    assert "0.93" in text
    assert text.index(live.slug) < text.index(version.slug)
    run_of(build_preference_dataset(round_id=counted_poll().round.pk), live, step=12)
    assert "step 12 of 120" in client.get("/model/").content.decode()


def test_leads_over_the_base_add_up_along_what_was_promoted(client, live, version):
    challenge_of(version, status="promoted")
    dataset = build_preference_dataset(round_id=counted_poll().round.pk)
    second = finished(run_of(dataset, version))
    challenge_of(second, wins=40, losses=60, ties=0, voters_count=25)
    third = finished(run_of(build_preference_dataset(round_id=counted_poll().round.pk), second))
    line = {page.version: page for page in timeline()}
    first = math.log(16 / 10)  # 62 of 100, worth 25 voters: 15.5 to 9.5, and half a vote each
    assert line[live].lead.value == 0
    assert line[version].lead.value == pytest.approx(first)
    assert line[second].lead.value == pytest.approx(first + math.log(10.5 / 15.5))
    assert line[second].lead.variance == pytest.approx(1 / 16 + 1 / 10 + 1 / 10.5 + 1 / 15.5)
    assert line[third].lead is None
    text = client.get("/model/").content.decode()
    assert "<strong>62%</strong>" in text
    assert "42–78%, score +0.47" in text
    assert "score +0.08" in text


def test_timeline_asks_as_little_for_many_versions(live, version, django_assert_num_queries):
    challenge_of(version)
    with django_assert_num_queries(3):
        timeline()


def test_home_stands_without_any_version(client):
    assert "No version draws yet" in client.get("/model/").content.decode()
    assert 'href="/model/">Model</a>' in client.get("/").content.decode()
