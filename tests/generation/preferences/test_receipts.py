"""From a ballot to what it taught, with a proof that checks offline."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from curation.galleries.takedowns import hide_candidate
from curation.models import Ballot
from generation.models import TrainingRun
from generation.preferences.receipts import learning_receipts
from generation.preferences.services import build_preference_dataset
from project.env import BASE
from tests.factories import VersionFactory
from tests.generation.preferences.polls import Poll, counted_poll

pytestmark = pytest.mark.django_db


def receipt_of(poll: Poll, ballot: Ballot) -> dict:
    build_preference_dataset(round_id=poll.round.pk)
    [receipt] = learning_receipts(ballot)
    return receipt


def verify(folder, receipt: object, *more: str) -> tuple[int, str]:
    path = folder / "receipt.json"
    path.write_text(json.dumps(receipt))
    command = [sys.executable, str(BASE / "verify_learning.py"), str(path), *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_receipt_leads_from_ballot_to_version_and_verifies_offline(tmp_path):
    poll = counted_poll()
    dataset = build_preference_dataset(round_id=poll.round.pk)
    version, base = VersionFactory(), VersionFactory()
    run = TrainingRun.objects.create(
        dataset=dataset, reference=base, version=version, seed=1, steps=2, status="finished"
    )
    ballot = poll.ballots[3]
    [receipt] = learning_receipts(ballot)
    assert receipt["root"] == dataset.root
    assert {receipt["row"]["chosen"], receipt["row"]["rejected"]} == {ballot.low, ballot.high}
    assert receipt["run"] == {"id": run.pk, "status": "finished", "reason": ""}
    assert receipt["version"] == version.slug
    code, said = verify(tmp_path, receipt, "--root", dataset.root)
    assert (code, said) == (0, f"round {poll.round.pk}, row {receipt['row']['index']}: holds\n")
    assert verify(tmp_path, [receipt, receipt])[0] == 0


def test_replayed_ballot_has_a_receipt_for_each_dataset(tmp_path):
    polls = [counted_poll(), counted_poll(prompts=4), counted_poll(prompts=12)]
    for poll in polls:
        build_preference_dataset(round_id=poll.round.pk)
    receipts = learning_receipts(polls[0].ballots[0])
    assert [receipt["row"]["dataset"] for receipt in receipts] == [poll.round.pk for poll in polls]
    assert [receipt["row"]["replayed"] for receipt in receipts] == [False, True, True]
    assert verify(tmp_path, receipts)[0] == 0


def test_a_receipt_asks_as_little_however_many_datasets_came_later(
    django_assert_max_num_queries,
):
    poll = counted_poll()
    build_preference_dataset(round_id=poll.round.pk)
    for _ in range(10):  # the last of them replay nothing of it
        build_preference_dataset(round_id=counted_poll(prompts=1).round.pk)
    receipts = len(learning_receipts(poll.ballots[0]))
    with django_assert_max_num_queries(2 + 2 * receipts):
        learning_receipts(poll.ballots[0])


CHANGES = {
    "label": lambda r: r["row"].update(label=0.99),
    "weight": lambda r: r["row"].update(weight=7.0),
    "prompt": lambda r: r["row"].update(prompt="another"),
    "sides": lambda r: r["row"].update(chosen=r["row"]["rejected"], rejected=r["row"]["chosen"]),
    "ballots": lambda r: r["row"]["ballots"].append("ab" * 32),
    "ballot": lambda r: r.update(ballot="ab" * 32),
    "leaf": lambda r: r.update(leaf="ab" * 32),
    "proof": lambda r: r["proof"].pop(),
    "root": lambda r: r.update(root="ab" * 32),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_receipt_does_not_hold(tmp_path, change):
    poll = counted_poll()
    receipt = receipt_of(poll, poll.ballots[0])
    CHANGES[change](receipt)
    code, said = verify(tmp_path, receipt)
    assert code == 1, said


@pytest.mark.parametrize("text", ["", "[1]", "{}", '{"status": "in_dataset"}', "[" * 100_000])
def test_what_is_no_receipt_is_said_to_be_none(tmp_path, text):
    path = tmp_path / "receipt.json"
    path.write_text(text)
    command = [sys.executable, str(BASE / "verify_learning.py"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout.startswith("unreadable: ")


def test_ballot_that_trained_nothing_hears_why():
    poll = Poll()
    poll.everybody_likes_the_first()
    test = poll.vote(0, poll.hung[0][1], poll.hung[0][2], why=Ballot.Why.TEST, weight=0.0)
    across = poll.vote(0, poll.hung[0][0], poll.hung[1][0])
    [waiting] = learning_receipts(across)
    assert waiting["status"] == "waiting"
    poll.count()
    assert "test" in receipt_of(poll, test)["why"]
    receipt = receipt_of(poll, across)
    assert (receipt["status"], "Only pairs of one prompt" in receipt["why"]) == ("left_out", True)


def test_ballot_on_a_picture_that_was_taken_down_hears_so():
    poll = counted_poll()
    hide_candidate(candidate=poll.hung[0][1])
    receipt = receipt_of(poll, poll.ballots[0])
    assert receipt["status"] == "left_out"
    assert "taken down" in receipt["why"]


def test_own_receipt_is_told_to_its_voter_alone(client):
    poll = counted_poll()
    dataset = build_preference_dataset(round_id=poll.round.pk)
    mine, other = poll.ballots[0], poll.ballots[-1]
    assert client.get(f"/api/v1/ballots/{mine.digest}/learning").status_code == 401
    client.force_login(mine.voter)
    [receipt] = client.get(f"/api/v1/ballots/{mine.digest}/learning").json()
    assert (receipt["status"], receipt["root"]) == ("in_dataset", dataset.root)
    assert client.get(f"/api/v1/ballots/{other.digest}/learning").status_code == 404


def test_dataset_is_there_for_everybody_once_it_is_made(client):
    poll = counted_poll()
    place = f"/api/v1/rounds/{poll.round.pk}/dataset"
    assert client.get(place).status_code == 404
    dataset = build_preference_dataset(round_id=poll.round.pk)
    told = client.get(place).json()
    assert (told["root"], told["rows"], told["unfit"]) == (dataset.root, 4, "")
    page = client.get(f"{place}/rows?limit=3").json()
    assert len(page["items"]) == 3
    rest = client.get(f"{place}/rows?limit=3&cursor={page['next_cursor']}").json()
    leaves = {row["leaf"] for row in [*page["items"], *rest["items"]]}
    assert leaves == set(dataset.rows.values_list("leaf", flat=True))
    for kind in ("jsonl", "parquet"):
        answer = client.get(f"{place}.{kind}")
        data = b"".join(answer.streaming_content)
        assert len(data) == dataset.files[kind]["bytes"]
    assert client.get(f"{place}.csv").status_code == 404
