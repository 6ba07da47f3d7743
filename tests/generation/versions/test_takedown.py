"""A takedown reaches everywhere: one picture is followed from the wall to the adapter."""

from __future__ import annotations

import json

import pytest
from django.core.files.storage import default_storage

from curation.galleries import files
from curation.galleries.takedowns import disqualify_candidate, hide_candidate, restore_candidate
from curation.live import fragments
from curation.models import Candidate, Erasure, Event, Round
from curation.moderation.erasing import erase_what_is_left
from curation.pairs.selectors import pictures
from generation.challenges.models import VersionEvent
from generation.models import ModelVersion
from generation.preferences.services import build_preference_dataset
from generation.versions.marks import taken_down_behind
from tests.factories import RoundFactory, VersionFactory, publish
from tests.generation.preferences.polls import Poll, counted_poll
from tests.generation.training.learned import finished, run_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("collected_static")]
OFFENCE = "a most offensive emblem"


def test_a_page_of_a_long_line_asks_as_little_for_what_was_taken_down(
    client, django_assert_num_queries
):
    poll = counted_poll()
    dataset = build_preference_dataset(round_id=poll.round.pk)
    version = finished(run_of(dataset, VersionFactory()))
    gone = poll.hung[0][1]
    hide_candidate(candidate=gone)
    for _ in range(5):
        version = ModelVersion.objects.get(pk=VersionFactory(parent=version).pk)
    with django_assert_num_queries(2):
        assert taken_down_behind(version) == [gone.digest]


@pytest.fixture
def picture() -> Candidate:
    """One that hangs in an open round."""
    round_: Round = RoundFactory()
    publish(round_, 11, prompt="gold anchor")
    return publish(round_, 12, prompt=OFFENCE)


def everything_told(client, candidate: Candidate) -> dict[str, str]:
    """All that anybody can read of a candidate's round, by where."""
    round_ = candidate.round
    addresses = {
        "home": "/",
        "brief": round_.brief.get_absolute_url(),
        "wall": round_.get_absolute_url(),
        "polling": f"/rounds/{round_.pk}/events?since=0",
        "list for programs": f"/api/v1/rounds/{round_.pk}/candidates",
        "candidate": candidate.get_absolute_url(),
    }
    texts = {name: client.get(address).text for name, address in addresses.items()}
    texts["sockets"] = "".join(text for _, text in fragments.since(round_.stream, 0))
    return texts


@pytest.mark.parametrize("take_down", [hide_candidate, disqualify_candidate])
def test_threat_27_takedown_leaves_no_place_that_tells_the_picture(
    client, picture, take_down, django_capture_on_commit_callbacks
):
    assert all(OFFENCE in text for text in everything_told(client, picture).values())
    with django_capture_on_commit_callbacks(execute=True):
        take_down(candidate=picture, reason="hate")
    told = everything_told(client, picture)
    assert [place for place, text in told.items() if OFFENCE in text] == []
    assert picture.file_url not in "".join(told.values())
    for address in (picture.file_url, picture.thumbnail_url, f"{picture.get_absolute_url()}stakes"):
        assert client.get(address).status_code == 404, address
    assert client.get(f"/api/v1/candidates/{picture.digest}").status_code == 404
    assert pictures([picture.digest]) == {}
    event = Event.objects.filter(stream=picture.round.stream).order_by("-number").first()
    assert (event.kind, event.payload) == ("candidate_hidden", {"candidate": picture.pk})


def test_caches_ask_again_within_five_minutes_and_hear_that_it_is_gone(client, picture):
    for address in (picture.file_url, picture.thumbnail_url):
        answer = client.get(address)
        assert answer["Cache-Control"] == "public, max-age=300, must-revalidate"
        known = {"If-None-Match": answer["ETag"]}
        assert client.get(address, headers=known).status_code == 304
    hide_candidate(candidate=picture)
    for address in (picture.file_url, picture.thumbnail_url):
        assert (
            client.get(address, headers={"If-None-Match": f'"{picture.digest}"'}).status_code == 404
        )


def test_its_page_says_what_stays_and_why_and_shows_neither_picture_nor_words(client, picture):
    hide_candidate(candidate=picture, reason="hate", note="for colleagues only")
    answer = client.get(picture.get_absolute_url())
    assert answer.status_code == 410
    assert answer["Cache-Control"] == "no-store"
    assert picture.digest in answer.text
    assert "What stays, and why" in answer.text
    assert "hate or harassment" in answer.text
    assert OFFENCE not in answer.text
    assert "for colleagues only" not in answer.text


def test_twin_of_a_running_test_stays_unknown(client, picture):
    Candidate.objects.filter(pk=picture.pk).update(trial=True)
    hide_candidate(candidate=Candidate.objects.get(pk=picture.pk))
    assert client.get(picture.get_absolute_url()).status_code == 404


def names_of(candidate: Candidate) -> tuple[str, str]:
    return files.picture_name(candidate.digest), files.thumbnail_name(candidate.digest)


def test_files_of_a_disqualified_picture_are_erased_and_of_a_hidden_one_kept(
    picture, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        hide_candidate(candidate=picture)
    assert all(default_storage.exists(name) for name in names_of(picture))
    with django_capture_on_commit_callbacks(execute=True):
        disqualify_candidate(candidate=picture)
    assert not any(default_storage.exists(name) for name in names_of(picture))
    assert Erasure.objects.get().erased_at is not None


def test_sweep_erases_what_a_killed_process_left(picture):
    disqualify_candidate(candidate=picture)  # its commit never tells anybody here
    assert all(default_storage.exists(name) for name in names_of(picture))
    assert erase_what_is_left() == 1
    assert not any(default_storage.exists(name) for name in names_of(picture))
    assert erase_what_is_left() == 0


def test_next_dataset_and_its_exports_are_without_it():
    poll = Poll()
    poll.everybody_likes_the_first()
    poll.count()
    gone = poll.hung[0][0]
    hide_candidate(candidate=gone)
    dataset = build_preference_dataset(round_id=poll.round.pk)
    with default_storage.open(dataset.files["jsonl"]["name"]) as file:
        rows = [json.loads(line) for line in file.read().decode().splitlines()]
    assert rows
    assert gone.digest not in json.dumps(rows)


def test_version_that_learned_from_it_is_marked_and_so_is_what_was_trained_from_that(
    client, django_capture_on_commit_callbacks
):
    live = VersionFactory(status=ModelVersion.Status.LIVE)
    poll = counted_poll()
    version = finished(run_of(build_preference_dataset(round_id=poll.round.pk), live))
    heir = VersionFactory(parent=version)
    addresses = [f"/versions/{found.slug}/" for found in (version, heir)]
    assert not any("Marked." in client.get(address).text for address in addresses)
    gone = poll.hung[0][0]
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            hide_candidate(candidate=gone)
        for address in addresses:
            text = client.get(address).text
            assert "Marked." in text
            assert gone.get_absolute_url() in text
        restore_candidate(candidate=gone)
        assert not any("Marked." in client.get(address).text for address in addresses)
    marks = VersionEvent.objects.filter(kind=VersionEvent.Kind.MARKED)
    assert [mark.version for mark in marks] == [version]  # noted once
    assert "Marked." not in client.get(f"/versions/{live.slug}/").text
