"""What pages say of themselves to those who link to them, and the postcards they name."""

from __future__ import annotations

import html
import io
import re

import pytest
import redis
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from PIL import Image

from curation.galleries.services import close_round
from curation.galleries.takedowns import disqualify_candidate, hide_candidate, restore_candidate
from curation.models import Candidate, Member, Round
from curation.postcards import keeping, selectors, views
from generation.models import ModelVersion
from tests.factories import (
    MemberFactory,
    RoundFactory,
    VersionFactory,
    publish,
)
from tests.tallies import tally_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("collected_static", "empty_cache")]
HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def empty_cache() -> None:
    cache.clear()


@pytest.fixture
def round_() -> Round:
    return RoundFactory()


@pytest.fixture
def hung(round_) -> list[Candidate]:
    return [publish(round_, number, prompt=f"gold anchor {number}") for number in range(9)]


@pytest.fixture
def version() -> ModelVersion:
    return VersionFactory(slug="sealed-version")  # what the factories say drew everything


def places(round_: Round, candidate: Candidate, version: ModelVersion) -> dict[str, str]:
    """The postcard of every page, by the page's address."""
    return {
        "/": "/postcards/home.jpg",
        round_.brief.get_absolute_url(): f"/postcards/briefs/{round_.brief.slug}.jpg",
        round_.get_absolute_url(): f"/postcards/rounds/{round_.pk}.jpg",
        candidate.get_absolute_url(): f"/postcards/candidates/{candidate.digest}.jpg",
        f"/versions/{version.slug}/": f"/postcards/versions/{version.slug}.jpg",
    }


def said(text: str) -> dict[str, str]:
    """A page's title and everything its metas say, by name."""
    metas = re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)"', text)
    title = re.search(r"<title>(.*?)</title>", text, re.DOTALL).group(1)
    return {name: html.unescape(value) for name, value in metas} | {"title": html.unescape(title)}


def test_pages_name_their_title_description_address_and_postcard(client, round_, hung, version):
    for page, postcard in places(round_, hung[3], version).items():
        text = client.get(page).text
        told = said(text)
        assert told["og:title"] == told["twitter:title"] == told["title"] != "Salon"
        assert told["og:description"] == told["description"] == told["twitter:description"]
        assert told["og:url"] == settings.SITE_URL + page
        assert f'<link rel="canonical" href="{settings.SITE_URL}{page}">' in text
        assert told["og:image"] == told["twitter:image"] == settings.SITE_URL + postcard
        assert told["twitter:card"] == "summary_large_image"
        assert "robots" not in told
        picture = client.get(postcard)
        assert picture["Content-Type"] == "image/jpeg"
        size = (int(told["og:image:width"]), int(told["og:image:height"]))
        assert Image.open(io.BytesIO(picture.content)).size == size


def test_hostile_words_stay_words(client):
    round_ = RoundFactory(brief__title=HOSTILE, brief__purpose=HOSTILE)
    picture = publish(round_, 1, prompt=HOSTILE)
    for page in (round_.brief.get_absolute_url(), picture.get_absolute_url()):
        text = client.get(page).text
        assert "<script>alert" not in text
        assert said(text)["og:title"].startswith(HOSTILE)


def test_titles_and_descriptions_are_told_apart(client, round_, hung, version):
    other = RoundFactory()
    same = publish(other, 99, prompt=hung[0].prompt)
    close_round(round_=other)
    member = MemberFactory(name="Ada")
    Member.objects.filter(pk=MemberFactory().pk).update(name="Ada")
    pages = [
        *places(round_, hung[0], version),
        *(f"{round_.get_absolute_url()}{part}/" for part in ("judge", "result", "learning")),
        *(f"{other.get_absolute_url()}{part}/" for part in ("result", "learning")),
        same.get_absolute_url(),
        *(m.get_absolute_url() for m in Member.objects.filter(name="Ada")),
        *("/briefs/new/", "/model/", "/beliefs/", "/activity/", "/transparency/", "/sign-in/"),
        "/nowhere/",
    ]
    titles = {page: said(client.get(page).text)["title"] for page in pages}
    assert len(set(titles.values())) == len(titles), titles
    assert all(
        title.endswith(" · Salon") or title.startswith("Salon:") for title in titles.values()
    )
    descriptions = [said(client.get(page).text)["description"] for page in pages[:-2]]
    assert all(len(text) > 15 for text in descriptions)
    assert member.name in titles[member.get_absolute_url()]


def test_personal_pages_and_errors_are_not_to_be_listed(client):
    member = MemberFactory()
    hers = Client()
    hers.force_login(member, backend="curation.accounts.backends.AddressBackend")
    for page in ("/account/", "/votes/", "/stakes/", "/notifications/", "/appeal/", "/nowhere/"):
        told = said(hers.get(page).text)
        assert told["robots"] == "noindex", page
        assert "og:image" not in told


def test_robots_icons_and_their_addresses(client):
    rules = client.get("/robots.txt")
    assert rules["Content-Type"].startswith("text/plain")
    assert "Disallow: /moderation/\n" in rules.text
    assert not re.search(r"Disallow: /\s", rules.text)
    head = client.get("/").text
    for rel in ("icon", "apple-touch-icon"):
        assert f'rel="{rel}"' in head
    for path, name in (("/favicon.ico", "favicon"), ("/apple-touch-icon.png", "apple-touch-icon")):
        answer = client.get(path)
        assert answer.status_code == 302
        assert re.match(rf"/static/{name}\.\w+\.png", answer.url)


@pytest.mark.parametrize("take_down", [hide_candidate, disqualify_candidate])
def test_threat_27_takedown_reaches_every_postcard(
    client, hung, version, take_down, django_capture_on_commit_callbacks
):
    round_ = hung[0].round
    close_round(round_=round_)
    picture = hung[-1]
    cards = places(round_, picture, version).values()
    before = {card: client.get(card) for card in cards}
    keys = ["home", f"brief:{round_.brief.pk}", f"round:{round_.pk}"]
    keys += [f"candidate:{picture.digest}", f"version:{version.slug}"]
    assert all(cache.get(f"postcard:{key}") for key in keys)
    with django_capture_on_commit_callbacks(execute=True):
        take_down(candidate=picture, reason="hate")
    assert [key for key in keys if cache.get(f"postcard:{key}")] == []
    for card in cards:
        after = client.get(card)
        assert after.status_code == (410 if picture.digest in card else 200)
        assert after.content != before[card].content
        again = client.get(card, headers={"If-None-Match": before[card]["ETag"]})
        assert again.status_code != 304
    assert client.get(f"/postcards/candidates/{picture.digest}.jpg")["Cache-Control"] == "no-store"
    if take_down is hide_candidate:
        restore_candidate(candidate=picture)
        assert all(client.get(card).content == before[card].content for card in cards)


def test_what_does_not_hang_is_on_no_postcard(client, round_, hung):
    Candidate.objects.filter(pk=hung[-1].pk).update(status="held")
    Candidate.objects.filter(pk=hung[-2].pk).update(trial=True)
    off = {hung[-1].digest, hung[-2].digest}
    chosen = (
        selectors.pictures_of_home(),
        selectors.pictures_of_brief(round_.brief),
        selectors.pictures_of_round(round_),
    )
    for digests in chosen:
        assert digests == [one.digest for one in reversed(hung[:-2])]
        assert not off & set(digests)
    for digest in off:
        assert client.get(f"/postcards/candidates/{digest}.jpg").status_code == 404


def test_a_version_s_postcard_tells_nothing_of_open_rounds(round_, hung, version):
    assert selectors.pictures_of_version(version.slug) == []
    close_round(round_=round_)
    newest = [one.digest for one in reversed(hung)]
    assert selectors.pictures_of_version(version.slug) == newest[:7]


def test_a_counted_round_shows_its_best_first(round_, hung):
    close_round(round_=round_)
    tally_of(round_, hung, [])
    assert selectors.pictures_of_round(round_) == [one.digest for one in hung[:7]]


def test_nothing_is_found_where_nothing_is(client):
    for path in ("briefs/none", "rounds/9", f"candidates/{'0' * 64}", "versions/none"):
        assert client.get(f"/postcards/{path}.jpg").status_code == 404
    assert client.get("/postcards/home.jpg").status_code == 200  # with empty frames


def test_a_postcard_is_drawn_once_and_asked_for_again(client, round_, hung, monkeypatch):
    drawn = []
    draw = views.draw_postcard
    monkeypatch.setattr(views, "draw_postcard", lambda **said: drawn.append(1) or draw(**said))
    path = f"/postcards/rounds/{round_.pk}.jpg"
    first, second = client.get(path), client.get(path)
    assert (len(drawn), first.content == second.content) == (1, True)
    assert client.get(path, headers={"If-None-Match": first["ETag"]}).status_code == 304
    assert "max-age=300" in first["Cache-Control"]
    publish(round_, 50)
    assert client.get(path)["ETag"] != first["ETag"]
    assert len(drawn) == 2


def test_without_a_cache_postcards_are_drawn_all_the_same(client, round_, hung, monkeypatch):
    def away(*_: object, **__: object) -> None:
        raise redis.ConnectionError

    monkeypatch.setattr(keeping.cache, "get", away)
    monkeypatch.setattr(keeping.cache, "delete_many", away)
    assert client.get(f"/postcards/rounds/{round_.pk}.jpg").status_code == 200
    keeping.forget(hung[0])


def test_a_postcard_that_cannot_be_kept_is_drawn_once(client, round_, hung, monkeypatch):
    def away(*_: object, **__: object) -> None:
        raise redis.ConnectionError

    drawn = []
    draw = views.draw_postcard
    monkeypatch.setattr(views, "draw_postcard", lambda **said: drawn.append(1) or draw(**said))
    monkeypatch.setattr(keeping.cache, "set", away)
    assert client.get(f"/postcards/rounds/{round_.pk}.jpg").status_code == 200
    assert drawn == [1]


def test_what_a_disk_could_not_read_for_once_is_not_left_out_for_good(
    client, round_, hung, monkeypatch
):
    """A postcard without its pictures would be kept."""

    def broken(*_: object) -> None:
        raise OSError("Input/output error")

    path = f"/postcards/rounds/{round_.pk}.jpg"
    with monkeypatch.context() as trouble:
        trouble.setattr(views.default_storage, "open", broken)
        client.raise_request_exception = False
        assert client.get(path).status_code == 500
    whole = client.get(path)
    cache.clear()
    assert (whole.status_code, whole.content) == (200, client.get(path).content)


def test_a_visitor_is_led_to_a_round_to_judge(client, round_, hung):
    assert client.get("/judge/").url == f"/rounds/{round_.pk}/judge/"
    close_round(round_=round_)
    assert client.get("/judge/").url == "/"
