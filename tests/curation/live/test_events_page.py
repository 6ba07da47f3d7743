import pytest

from curation.models import Event, Stream
from tests.factories import RoundFactory, publish

pytestmark = pytest.mark.django_db


@pytest.fixture
def round_():
    made = RoundFactory()
    for number in range(3):
        publish(made, number)
    return made


def test_same_fragments_as_the_socket_sends(round_, client):
    answer = client.get(f"/rounds/{round_.pk}/events", {"since": 1})
    assert answer.status_code == 200
    assert answer.text.count("data-position") == 2
    assert 'data-position="3"' in answer.text
    assert "no-store" in answer["Cache-Control"]


def test_nothing_new_is_no_content(round_, client):
    answer = client.get(f"/rounds/{round_.pk}/events", {"since": 3})
    assert (answer.status_code, answer.content) == (204, b"")


def test_too_far_behind_asks_for_the_whole_page(round_, client):
    Event.objects.filter(number=1).delete()
    assert "data-refetch" in client.get(f"/rounds/{round_.pk}/events", {"since": 0}).text
    Stream.objects.update(last=2)
    assert "data-refetch" in client.get(f"/rounds/{round_.pk}/events", {"since": 9}).text


@pytest.mark.parametrize("since", ["", "-1", "x", "1e9", "9" * 19, "\0", "٣"])
def test_bad_position_is_a_bad_request(round_, client, since):
    assert client.get(f"/rounds/{round_.pk}/events", {"since": since}).status_code == 400


def test_candidate_hidden_since_is_told_without_its_picture(round_, client):
    round_.candidates.update(status="hidden")
    text = client.get(f"/rounds/{round_.pk}/events", {"since": 0}).text
    assert text.count("data-position") == 3
    assert "candidate-" not in text
