"""The page of a training run in every state, its JSON, and what one's own vote taught."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict

import pytest

from generation.learning.evaluation import noise_ceiling
from generation.models import ModelVersion, TrainingRun
from generation.preferences.services import build_preference_dataset
from generation.training.curves import thinned
from project.env import BASE
from tests.factories import MemberFactory, RoundFactory, VersionFactory
from tests.generation.preferences.polls import Poll, counted_poll

from .learned import finished, measure, run_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("collected_static")]


@pytest.fixture
def poll() -> Poll:
    return counted_poll()


@pytest.fixture
def run(poll) -> TrainingRun:
    live = VersionFactory(status=ModelVersion.Status.LIVE)
    return run_of(build_preference_dataset(round_id=poll.round.pk), live)


def page(client, run, **how) -> str:
    answer = client.get(f"/training/{run.pk}/", how)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("queued", "Waiting to learn"),
        ("running", "Learning from your votes"),
        ("stopped", "Stopped by a guard"),
        ("dead", "Given up"),
    ],
)
def test_every_state_says_where_it_stands(client, run, status, says):
    reason = "" if status == "running" else "<script>lost</script>"
    TrainingRun.objects.filter(pk=run.pk).update(status=status, reason=reason, remaining_s=130)
    text = page(client, run)
    assert f"<h1>{says}</h1>" in text
    assert "<script>lost" not in text
    assert ("&lt;script&gt;lost" in text) == (status != "running")
    assert (
        ("every 2s" in text)
        == ("about 2 minutes left" in text)
        == (status in ("queued", "running"))
    )
    assert run.dataset.root in text
    assert f"/api/v1/rounds/{run.dataset.round_id}/dataset.jsonl" in text


def test_run_that_ended_early_says_why(client, run):
    finished(run)
    assert "brief-note" not in page(client, run)
    run.figures["ended_early"] = "It drifted <far> after step 20."
    run.save(update_fields=["figures"])
    text = page(client, run)
    assert '<p class="brief-note run-reason">It drifted &lt;far&gt; after step 20.</p>' in text


def test_held_out_accuracy_stands_beside_what_anyone_could_reach(client, run):
    finished(run)
    assert "Asked again" not in page(client, run)
    run.figures["ceiling"] = asdict(noise_ceiling(41, 50))
    run.save(update_fields=["figures"])
    told = "agreed with themselves in 82% of 50 cases: nobody could foresee more than 90% of"
    assert told in page(client, run)


def test_finished_run_shows_guards_and_sheet(client, run):
    version = finished(run, passed=False)
    text = page(client, run)
    assert "Learned, and refused by a guard" in text
    assert f"/versions/{version.slug}/" in text
    assert "&lt;b&gt;" in text
    assert "unknown" in text
    assert "71%" in text
    sample = run.figures["sheet"][0]
    answer = client.get(f"/training/{run.pk}/sheet/{sample['challenger']}.png")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "image/png"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_only_pictures_of_the_runs_own_sheet_are_served(client, run, poll):
    hung = poll.hung[0][0].digest
    assert client.get(f"/training/{run.pk}/sheet/{hung}.png").status_code == 404
    assert client.get("/training/999999/").status_code == 404
    assert client.get("/api/v1/training-runs/999999").status_code == 404


def test_fragments_refresh_the_page_once_the_run_ends(client, run):
    measure(run, 5)
    part = client.get(f"/training/{run.pk}/", {"part": "figures"})
    assert "<html" not in part.content.decode()
    assert "HX-Refresh" not in part
    assert "<td>–</td>" in page(client, run, part="points")
    TrainingRun.objects.filter(pk=run.pk).update(status="stopped", reason="No.")
    assert client.get(f"/training/{run.pk}/", {"part": "figures"})["HX-Refresh"] == "true"


def test_json_has_at_most_400_points_and_keeps_the_validated(client, run):
    measure(run, 1000)
    found = client.get(f"/api/v1/training-runs/{run.pk}").json()
    assert found["step"] == 1000
    assert len(found["points"]) <= 400
    steps = [point["step"] for point in found["points"]]
    assert steps == sorted(steps)
    assert (steps[0], steps[-1]) == (1, 1000)
    assert sum(point["validation_error"] is not None for point in found["points"]) == 50


def test_thinning_keeps_both_ends():
    assert thinned([1, 2], 5) == [1, 2]
    assert thinned(list(range(1000)), 3) == [0, 500, 999]


def test_rounds_lead_to_their_run_or_say_why_there_is_none(client, run):
    answer = client.get(f"/rounds/{run.dataset.round_id}/learning/")
    assert answer["Location"] == f"/training/{run.pk}/"
    open_ = client.get(f"/rounds/{RoundFactory().pk}/learning/").content.decode()
    assert "its votes are sealed" in open_
    lonely = counted_poll(voters=1)
    build_preference_dataset(round_id=lonely.round.pk)
    text = client.get(f"/rounds/{lonely.round.pk}/learning/").content.decode()
    assert "Nothing was learned" in text
    assert "Only 1 of the 3 voters" in text


def test_members_see_what_their_own_vote_taught(client, run, poll, tmp_path):
    ballot = poll.ballots[0]
    address = f"/votes/{ballot.digest}/learning/"
    assert client.get(address).status_code == 302
    client.force_login(MemberFactory())
    assert client.get(address).status_code == 404
    client.force_login(ballot.voter)
    text = client.get(address).content.decode()
    assert "What your vote taught" in text
    assert f"/training/{run.pk}/" in text
    receipt = client.get(f"/api/v1/ballots/{ballot.digest}/learning")
    file = tmp_path / "receipt.json"
    file.write_text(json.dumps(receipt.json()))
    program = client.get("/verify_learning.py")
    (tmp_path / "verify.py").write_bytes(program.content)
    done = subprocess.run([sys.executable, tmp_path / "verify.py", file], check=False)
    assert done.returncode == 0


def test_votes_that_wait_or_were_left_out_say_why(client):
    poll = Poll()
    waiting = poll.vote(0, *poll.hung[0][:2], why="", weight=None)
    client.force_login(waiting.voter)
    assert "Not known yet" in client.get(f"/votes/{waiting.digest}/learning/").content.decode()
    poll = Poll()
    poll.everybody_likes_the_first()
    across = poll.vote(0, poll.hung[0][0], poll.hung[1][0])
    poll.count()
    build_preference_dataset(round_id=poll.round.pk)
    client.force_login(across.voter)
    text = client.get(f"/votes/{across.digest}/learning/").content.decode()
    assert "This vote taught nothing" in text


def test_the_web_process_never_loads_torch():
    code = (
        "import django; django.setup(); import project.urls, sys;"
        "sys.exit(any(name in sys.modules for name in ('torch', 'diffusers', 'peft')))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=BASE, check=False)
    assert done.returncode == 0
