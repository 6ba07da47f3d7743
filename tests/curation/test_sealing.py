"""While a round is open nothing tells which model drew what; afterwards everything does."""

import pytest
from django.core.files.storage import default_storage

from curation.galleries import files
from curation.galleries.services import close_round
from curation.live import fragments
from curation.models import Candidate
from tests.factories import RoundFactory, publish

pytestmark = pytest.mark.django_db


@pytest.fixture
def candidate():
    round_ = RoundFactory()
    publish(round_, 1, prompt="gold anchor")
    return publish(round_, 2, prompt="gold anchor", worker="studio:4711:1")


def sealed_values(candidate: Candidate) -> set[str]:
    return {str(getattr(candidate, name)) for name in (*Candidate.SEALED, "worker")}


def told(candidate: Candidate, pages) -> dict[str, str]:
    """Everything anybody can read about a candidate, by where."""
    round_ = candidate.round
    addresses = {
        "home": "/",
        "brief": round_.brief.get_absolute_url(),
        "round": round_.get_absolute_url(),
        "continuation": f"{round_.get_absolute_url()}?after={10**17}",
        "candidate": candidate.get_absolute_url(),
        "events": f"/rounds/{round_.pk}/events?since=0",
        "metrics": "/metrics",
    }
    answers = {name: pages.get(address) for name, address in addresses.items()}
    texts = {name: f"{answer.headers} {answer.text}" for name, answer in answers.items()}
    texts["socket"] = "".join(text for _, text in fragments.since(round_.stream, 0))
    facts = {"easel": candidate.easel, "prompt": candidate.prompt, "step": 1, "steps": 2}
    texts["preview"] = fragments.preview(round_.stream, facts)
    for name in (files.picture_name, files.thumbnail_name):
        with default_storage.open(name(candidate.digest)) as file:
            texts[name.__name__] = file.read().decode("latin-1")
    return texts


def test_open_round_tells_nothing_that_is_sealed(candidate, pages):
    values = sealed_values(candidate)
    assert len(values) == len(Candidate.SEALED) + 1
    unnamed = {"metrics", "preview", "picture_name", "thumbnail_name"}
    for place, text in told(candidate, pages).items():
        assert place in unnamed or candidate.digest[:16] in text, place  # it is told of there
        assert not [value for value in values if value in text], place


def test_closed_round_tells_what_was_sealed_on_the_candidate_page(candidate, pages):
    before = pages.get(candidate.get_absolute_url()).text
    assert "Sealed until the round closes" in before
    close_round(round_=candidate.round)
    after = pages.get(candidate.get_absolute_url()).text
    assert "Sealed until" not in after
    for name in Candidate.SEALED:
        assert str(getattr(candidate, name)) in after, name


def test_closing_one_round_unseals_no_other(candidate, pages):
    close_round(round_=RoundFactory())
    text = pages.get(candidate.get_absolute_url()).text
    assert not [value for value in sealed_values(candidate) if value in text]
