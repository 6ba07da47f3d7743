"""Candidates that are hidden, restored and disqualified."""

from __future__ import annotations

import pytest

from curation.galleries.takedowns import disqualify_candidate, hide_candidate, restore_candidate
from curation.models import Candidate, Event
from curation.status import TransitionRefused
from tests.factories import RoundFactory, publish
from tests.threads import at_once


@pytest.fixture
def candidate(db) -> Candidate:
    return publish(RoundFactory(), 1)


def places(client, candidate: Candidate) -> list[int]:
    """How everything answers that shows a candidate."""
    return [
        client.get(path).status_code
        for path in (
            candidate.get_absolute_url(),
            candidate.file_url,
            candidate.thumbnail_url,
            f"/api/v1/candidates/{candidate.digest}",
        )
    ]


def kinds(candidate: Candidate) -> list[str]:
    events = Event.objects.filter(stream=candidate.round.stream).order_by("number")
    return [event.kind for event in events if event.payload == {"candidate": candidate.pk}]


def test_hidden_candidate_is_gone_everywhere_until_it_is_restored(pages, candidate) -> None:
    wall = candidate.round.get_absolute_url()
    assert places(pages, candidate) == [200] * 4
    hide_candidate(candidate=candidate)
    assert places(pages, candidate) == [410, 404, 404, 404]
    assert candidate.digest not in pages.get(wall).text
    restore_candidate(candidate=candidate)
    assert places(pages, candidate) == [200] * 4
    assert candidate.digest in pages.get(wall).text
    assert kinds(candidate) == ["candidate_published", "candidate_hidden", "candidate_restored"]


def test_disqualified_candidate_is_gone_for_ever(pages, candidate) -> None:
    disqualify_candidate(candidate=candidate)
    assert places(pages, candidate) == [410, 404, 404, 404]
    for step in (hide_candidate, restore_candidate, disqualify_candidate):
        with pytest.raises(TransitionRefused):
            step(candidate=candidate)
    assert kinds(candidate) == ["candidate_published", "candidate_hidden"]


def test_hidden_candidate_can_be_disqualified_and_walls_hear_of_it_once(candidate) -> None:
    hide_candidate(candidate=candidate)
    disqualify_candidate(candidate=candidate)
    assert candidate.status == "disqualified"
    assert kinds(candidate) == ["candidate_published", "candidate_hidden"]


@pytest.mark.django_db(transaction=True)
def test_of_racing_moderators_one_hides() -> None:
    made = publish(RoundFactory(), 1)
    rows = [Candidate.objects.get(pk=made.pk) for _ in range(6)]
    results = at_once(6, lambda i: hide_candidate(candidate=rows[i]))
    assert sum(isinstance(result, TransitionRefused) for result in results) == 5
    assert kinds(made) == ["candidate_published", "candidate_hidden"]
