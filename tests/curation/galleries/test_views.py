import hashlib

import pytest

from curation.cursors import CursorInvalid
from curation.galleries.selectors import wall_page
from curation.models import Candidate
from tests.factories import RoundFactory, publish

pytestmark = pytest.mark.django_db


@pytest.fixture
def wall():
    """An open round with seven candidates."""
    round_ = RoundFactory()
    return round_, [publish(round_, number) for number in range(7)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8])
def test_paging_walks_the_whole_wall_once_newest_first(wall, size):
    round_, hung = wall
    publish(RoundFactory(), 100)  # another wall
    seen, cursor = [], ""
    while True:
        page = wall_page(round_, cursor, size)
        assert len(page.candidates) <= size
        seen += page.candidates
        if not (cursor := page.next_cursor):
            break
    assert seen == hung[::-1]


def test_what_is_hung_meanwhile_shifts_no_page(wall):
    round_, hung = wall
    first = wall_page(round_, "", 3)
    publish(round_, 50)
    Candidate.objects.filter(pk=hung[4].pk).update(status="hidden")
    second = wall_page(round_, first.next_cursor, 3)
    assert [*first.candidates, *second.candidates] == [*hung[:3:-1], *hung[3:0:-1]]


def test_depth_of_a_page_costs_no_more_queries(wall, django_assert_num_queries):
    with django_assert_num_queries(1):
        page = wall_page(wall[0], "9" * 18, 3)
        assert [candidate.round.pk for candidate in page.candidates] == [wall[0].pk] * 3


HOSTILE = ["-1", "1.5", "abc", "\0", "٣", "9" * 19, "1' OR 1=1 --", "<script>", "1 ", "０"]


@pytest.mark.parametrize("cursor", HOSTILE)
def test_hostile_cursor_is_refused(wall, pages, cursor):
    with pytest.raises(CursorInvalid):
        wall_page(wall[0], cursor)
    answer = pages.get(wall[0].get_absolute_url(), {"after": cursor})
    assert answer.status_code == 400
    assert "not one of ours" in answer.text
    assert "<script>" not in answer.text.replace('<script src="', "")


def test_cursors_at_the_edges_are_answered(wall, pages):
    for cursor in ("0", "1", "9" * 18):
        assert pages.get(wall[0].get_absolute_url(), {"after": cursor}).status_code == 200


def test_htmx_gets_only_the_continuation(wall, pages):
    address = wall[0].get_absolute_url()
    part = pages.get(address, {"after": wall[1][3].pk}, headers={"HX-Request": "true"}).text
    assert "<html" not in part
    assert part.count('class="card"') == 3


def test_picture_is_served_byte_for_byte_and_cannot_run(wall, client):
    candidate = wall[1][0]
    answer = client.get(candidate.file_url)
    assert hashlib.sha256(answer.content).hexdigest() == candidate.digest
    assert len(answer.content) == candidate.size_bytes
    small = client.get(candidate.thumbnail_url)
    kinds = {answer["Content-Type"], small["Content-Type"]}
    assert kinds == {"image/png", "image/webp"}
    for response in (answer, small):
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert response["Cache-Control"] == "public, max-age=300, must-revalidate"
        assert "Set-Cookie" not in response


@pytest.mark.parametrize("status", ["hidden", "disqualified"])
def test_candidate_that_was_taken_down_is_gone_everywhere(wall, pages, status):
    round_, hung = wall
    Candidate.objects.filter(pk=hung[0].pk).update(status=status)
    for address in (hung[0].file_url, hung[0].thumbnail_url):
        assert pages.get(address).status_code == 404
    assert pages.get(hung[0].get_absolute_url()).status_code == 410
    for address in (round_.get_absolute_url(), hung[1].get_absolute_url(), "/"):
        assert hung[0].digest[:16] not in pages.get(address).text


def test_unknown_digest_and_lost_file_are_not_found(pages, wall):
    digest = "f" * 64
    Candidate.objects.filter(pk=wall[1][0].pk).update(digest=digest)
    for address in (f"/media/pictures/{digest}.png", f"/media/pictures/{'0' * 64}.png"):
        assert pages.get(address).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/media/pictures/../../secret_key",
        "/media/pictures/%2e%2e/secret_key.png",
        f"/media/pictures/{'A' * 64}.png",
        f"/media/pictures/{'a' * 63}.png",
        f"/media/thumbnails/{'a' * 64}.svg",
        "/rounds/99999999999999999999999999/",
        "/rounds/-1/",
        "/rounds/999999/events?since=0",
        "/briefs/no-such-brief/",
        "/candidates/not-a-digest/",
        f"/rounds/{'9' * 5000}/",
    ],
)
def test_wrong_address_is_not_found(pages, path):
    answer = pages.get(path)
    assert answer.status_code == 404
    assert "Nothing hangs here" in answer.text


@pytest.mark.parametrize("path", ["/", "round", "candidate", "file", "events"])
@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_pages_are_only_for_reading(wall, pages, path, method):
    round_, hung = wall
    addresses = {
        "round": round_.get_absolute_url(),
        "candidate": hung[0].get_absolute_url(),
        "file": hung[0].file_url,
        "events": f"/rounds/{round_.pk}/events",
    }
    assert getattr(pages, method)(addresses.get(path, path)).status_code == 405


def test_neighbours_on_the_wall_are_linked(wall, pages):
    _, hung = wall
    text = pages.get(hung[3].get_absolute_url()).text
    assert f'href="{hung[4].get_absolute_url()}" rel="prev"' in text
    assert f'href="{hung[2].get_absolute_url()}" rel="next"' in text
