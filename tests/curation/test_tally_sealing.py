"""Before a round closes nothing tells how it stands; threat 11.

Worlds that are equal but for who chose what are asked everything that can be asked, by a visitor,
a member, a sponsor and staff, and all answers are compared byte for byte. What is planted here
shows that the crawl would find it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from django.db.models import Count
from django.test import Client
from django.urls import get_resolver, path
from prometheus_client import REGISTRY, Counter

from curation.ballots import services as ballots
from curation.galleries import api as galleries_api
from curation.galleries import views as galleries
from curation.galleries.services import close_round
from curation.live import services as live
from curation.models import Ballot, BallotAnchor, Candidate, Round
from curation.standings.facts import ChainFacts
from curation.standings.services import publish_tally
from project import urls
from tests.curation.sealing import databases
from tests.curation.sealing.crawl import ALLOWED, BASE, QUERIES, build, crawl, differences
from tests.curation.sealing.ground import Ground, lay_ground
from tests.curation.sealing.pages import NoExample, pages
from tests.curation.sealing.worlds import ROLES, World, standing_clock
from tests.voters import Voter

WALL, CANDIDATES = "rounds/<int:round_id>/", "api/v1/rounds/<int:round_id>/candidates"
SOAK = os.environ.get("SALON_SOAK") == "1"
PAIRS = "api/v1/rounds/<int:round_id>/pairs"
THEIRS = "^$|round|candidate|vote|ballot|stake|notification|activity|beliefs"


@pytest.fixture(scope="module")
def ground(django_db_blocker, collected_static) -> Iterator[Ground]:
    with django_db_blocker.unblock(), standing_clock() as now:
        databases.create(BASE)
        with databases.other_database(BASE):
            laid = lay_ground(now)
        yield laid
        databases.put_back({})
        databases.drop(BASE)


@pytest.fixture(scope="module")
def worlds(ground) -> Iterator[dict[str, World]]:
    made = {name: build(name, ground, f"{BASE}_{name}") for name in ("left", "right", "none")}
    yield made
    for world in made.values():
        databases.drop(world.database)


def test_every_address_has_examples_to_ask_with(ground) -> None:
    assert len([(page.paths(ground.examples), page.searches(QUERIES)) for page in pages()]) > 50


def test_an_address_without_examples_is_an_error(ground, monkeypatch) -> None:
    new = path("rounds/<int:round_id>/leaders/<str:style>/", galleries.round_wall, name="new")
    monkeypatch.setattr(get_resolver(), "url_patterns", [*urls.urlpatterns, new])
    found = next(page for page in pages() if page.name == "new")
    with pytest.raises(NoExample, match="style"):
        found.paths(ground.examples)


def test_threat_11_nothing_tells_a_tally_before_close(worlds, ground) -> None:
    how = {"roles": tuple(ROLES) if SOAK else ("visitor", "staff")}
    left = crawl(worlds["left"], ground, **how)
    assert len(left) > 1000
    assert differences(left, crawl(worlds["right"], ground, **how)) == {}


def test_threat_11_nothing_tells_it_to_those_who_take_part_either(worlds, ground) -> None:
    """A member and a sponsor, at the addresses where what they see may differ from a visitor's."""
    how = {"routes": routes_like(THEIRS), "roles": ("member", "sponsor")}
    left, right = (crawl(worlds[name], ground, **how) for name in ("left", "right"))
    assert differences(left, right) == {}


def test_threat_11_a_round_in_which_hardly_anybody_voted_looks_like_any_other(worlds, ground):
    """But for the requests by which the others did: those are counted and logged like any."""
    how = {"roles": tuple(ROLES) if SOAK else ("visitor",)}
    found = differences(*(crawl(worlds[name], ground, **how) for name in ("left", "none")))
    assert found.keys() <= {"casting: logs", "casting: metrics"}


def closing(ground: Ground) -> Callable[[], None]:
    return lambda: close_round(round_=Round.objects.get(pk=ground.round.pk))


def routes_like(expression: str) -> list[str]:
    return [page.route for page in pages() if re.search(expression, page.route)]


def test_threat_11_nothing_tells_a_tally_between_close_and_publication(worlds, ground) -> None:
    how = {
        "routes": routes_like("^$|round|candidate|member|stake"),
        "roles": ("visitor", "staff"),
        "before": closing(ground),
    }
    left, right = (crawl(worlds[name], ground, **how) for name in ("left", "right"))
    assert differences(left, right) == {}


def publishing(ground: Ground) -> Callable[[], None]:
    def publish() -> None:
        closing(ground)()
        root = BallotAnchor.objects.get().root
        hung = Candidate.objects.values_list("digest", flat=True)
        facts = ChainFacts(chain_id=31337, contract="", anchored=set(hung), roots=[root])
        publish_tally(round_id=ground.round.pk, facts=facts)

    return publish


def test_afterwards_everything_tells_it(worlds, ground) -> None:
    """The worlds do differ, then: a crawl that found nothing before had something to find."""
    number = ground.round.pk
    places = [f"/rounds/{number}/result/", f"/candidates/{ground.examples['digest'][0]}/"]
    places += [f"/api/v1/rounds/{number}/{noun}" for noun in ("standings", "ballots", "bundle")]
    how = {
        "routes": routes_like("/result/$|^candidates/|/(standings|ballots|bundle)$"),
        "roles": ("visitor",),
        "before": publishing(ground),
    }
    found = differences(*(crawl(worlds[name], ground, **how) for name in ("left", "right")))
    assert {f"visitor GET {place}" for place in places} <= found.keys()


# What is planted ------------------------------------------------------------------------------


def leader() -> str:
    """The candidate that was chosen most."""
    counts = Ballot.objects.filter(round__status="open").values_list("chosen")
    return str(counts.annotate(n=Count("pk")).order_by("-n", "chosen")[0][0])


def on_the_wall(patch: pytest.MonkeyPatch, tell: Callable[[Any, Any], None]) -> None:
    """Let the wall's page do something more."""
    render = galleries.render

    def telling(request: Any, *given: Any, **more: Any) -> Any:
        answer = render(request, *given, **more)
        tell(request, answer)
        return answer

    patch.setattr(galleries, "render", telling)


def in_words(request: Any, answer: Any) -> None:
    answer.content += leader().encode()


def in_a_header(request: Any, answer: Any) -> None:
    answer["ETag"] = leader()


def to_staff(request: Any, answer: Any) -> None:
    if getattr(request.user, "is_staff", False):
        answer.content += leader().encode()


def in_a_log(request: Any, answer: Any) -> None:
    structlog.get_logger("planted").info("wall shown", leads=leader()[:8])


def in_an_order(patch: pytest.MonkeyPatch) -> None:
    keyset = galleries_api.keyset

    def sorted_by_votes(rows: Any, **how: Any) -> Any:
        page = keyset(rows, **how)
        page["items"] = sorted(
            page["items"], key=lambda row: getattr(row, "digest", "") != leader()
        )
        return page

    patch.setattr(galleries_api, "keyset", sorted_by_votes)


def by_a_known_receipt(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ballots.signatures, "verify", lambda *_, **__: "eoa")


CRAWLED = {
    "words": (lambda patch: on_the_wall(patch, in_words), WALL, "visitor GET /rounds/{}/"),
    "a header": (lambda patch: on_the_wall(patch, in_a_header), WALL, "sponsor GET /rounds/{}/"),
    "staff": (lambda patch: on_the_wall(patch, to_staff), WALL, "staff GET /rounds/{}/"),
    "a log": (lambda patch: on_the_wall(patch, in_a_log), WALL, "crawling: logs"),
    "order": (in_an_order, CANDIDATES, "member GET /api/v1/rounds/{}/candidates"),
    "a receipt": (by_a_known_receipt, WALL, "visitor POST /api/v1/ballots"),
}


@pytest.mark.parametrize("leak", CRAWLED)
def test_a_leak_that_is_planted_in_answers_is_found(worlds, ground, monkeypatch, leak) -> None:
    plant, route, where = CRAWLED[leak]
    plant(monkeypatch)
    roles = {"visitor", where.split()[0]} & set(ROLES)
    how = {"routes": [route], "roles": sorted(roles)}
    found = differences(*(crawl(worlds[name], ground, **how) for name in ("left", "right")))
    assert [label for label in found if label.startswith(where.format(ground.round.pk))]
    if leak == "staff":
        assert not [label for label in found if "GET" in label and not label.startswith("staff")]


def by_a_metric(patch: pytest.MonkeyPatch) -> None:
    chosen = Counter("salon_planted", "A leak.", ["candidate"], registry=None)
    patch.setattr(REGISTRY, "_collector_to_names", {**REGISTRY._collector_to_names, chosen: []})
    told(patch, lambda row: chosen.labels(row.chosen[:8]).inc())


def by_a_push(patch: pytest.MonkeyPatch) -> None:
    def push(row: Ballot) -> None:
        if row.chosen == row.low:
            live.append(stream=row.round.stream, kind="round_opened", payload={})

    told(patch, push)


def told(patch: pytest.MonkeyPatch, tell: Callable[[Ballot], None]) -> None:
    """Let something be told of every ballot that is cast."""
    receipt_of = ballots.receipt_of

    def telling(row: Ballot, **how: Any) -> Any:
        tell(row)
        return receipt_of(row, **how)

    patch.setattr(ballots, "receipt_of", telling)


@pytest.mark.parametrize(
    ("plant", "where"), [(by_a_metric, "casting: metrics"), (by_a_push, "casting, socket")]
)
def test_a_leak_that_is_planted_in_casting_is_found(ground, monkeypatch, plant, where) -> None:
    plant(monkeypatch)
    told_apart = []
    for name in ("left", "right"):
        world = build(name, ground, f"{BASE}_planted")
        told_apart.append(world.casting)
        databases.drop(world.database)
    assert [label for label in differences(*told_apart) if label.startswith(where)]


# What is not compared -------------------------------------------------------------------------


def test_pairs_hold_pictures_and_nothing_of_how_they_were_chosen(worlds, ground) -> None:
    assert ("member", PAIRS) in ALLOWED
    with worlds["left"].visited():
        newcomer = Voter(ground.member.domain)
        client = Client()
        client.force_login(newcomer.member, backend="curation.accounts.backends.AddressBackend")
        answer = client.get(f"/api/v1/rounds/{ground.round.pk}/pairs?count=12")
        said = answer.json()
        shown = [picture for pair in said["pairs"] for picture in pair.values()]
    assert len(shown) == 24
    assert set(said) == {"pairs", "judged", "remaining", "domain", "voter", "last_nonce", "now"}
    assert (said["judged"], said["last_nonce"]) == (0, "0")
    for pair in said["pairs"]:
        assert set(pair) == {"left", "right"}
    for picture in shown:
        assert set(picture) == {"digest", "picture", "thumbnail", "alt", "width", "height"}
        assert (picture["width"], picture["height"]) == (16, 16)
        assert picture["alt"] in {"prompt 0", "prompt 1"}
