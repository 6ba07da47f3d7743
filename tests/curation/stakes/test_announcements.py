"""Open walls hear of stakes as they change."""

from __future__ import annotations

import random
import re

import pytest
from django.db import transaction

from curation.galleries.services import close_round
from curation.live import fragments
from curation.live.models import Event
from curation.models import Candidate
from curation.stakes import announcements, projections
from curation.stakes import events as ev
from curation.stakes.models import Stake
from curation.templatetags.stakes import tokens
from tests.chain.indexer.conftest import indexer, provider, scripted
from tests.chain.indexer.stories import DIGESTS, MEMBERS
from tests.curation.stakes.events import line
from tests.factories import RoundFactory, publish

__all__ = ["indexer", "provider", "scripted"]
SALON = 10**18
pytestmark = pytest.mark.django_db


@pytest.fixture
def round_():
    return RoundFactory()


@pytest.fixture
def candidate(round_) -> Candidate:
    return publish(round_, 1)


def stake(candidate: Candidate, amount: int, *, round_id: int | None = None) -> None:
    """What the indexer does with a stake."""
    number = candidate.round_id if round_id is None else round_id
    with transaction.atomic():
        staked = (ev.Staked, number, MEMBERS[0], candidate.digest, amount)
        block = Stake.objects.count() + Event.objects.count() + 1
        [event] = line(staked)
        moved = event._replace(place=event.place._replace(block=block))
        announcements.announce(projections.apply([moved]))


def heard(round_) -> list[tuple[str, int | None]]:
    rows = Event.objects.filter(stream=round_.stream).order_by("number")
    return [(event.kind, event.payload.get("candidate")) for event in rows]


def test_stake_is_announced_by_id_and_rendered_as_the_total(round_, candidate):
    before = len(heard(round_))
    stake(candidate, 12 * SALON)
    stake(candidate, SALON // 2)
    assert heard(round_)[before:] == [("stake_changed", candidate.pk)] * 2
    payloads = Event.objects.filter(kind="stake_changed").values_list("payload", flat=True)
    assert list(payloads) == [{"candidate": candidate.pk}] * 2
    (_, html) = fragments.since(round_.stream, before)[0]
    assert f'id="stake-{candidate.digest[:16]}" hx-swap-oob="true"' in html
    assert ">12.5 SALON staked<" in html
    assert MEMBERS[0] not in html
    assert re.search(rf'data-position="{before + 1}"', html)


def test_wall_shows_what_is_staked_and_has_a_place_where_nothing_is(round_, candidate, pages):
    other = publish(round_, 2)
    stake(candidate, 1234 * SALON)
    page = pages.get(round_.get_absolute_url()).text
    assert f'id="stake-{candidate.digest[:16]}">1,234 SALON staked</span>' in page
    assert f'id="stake-{other.digest[:16]}"></span>' in page


def test_stakes_on_what_we_do_not_know_are_announced_to_nobody(round_, candidate):
    elsewhere = RoundFactory()
    before = Event.objects.count()
    stake(candidate, 1, round_id=elsewhere.pk)  # not a candidate of that round
    stake(candidate, 1, round_id=10**9)  # no round of ours
    announcements.announce({(round_.pk, "ff" * 32)})
    assert Event.objects.count() == before


def test_closed_round_hears_nothing(round_, candidate):
    close_round(round_=round_)
    before = heard(round_)
    stake(candidate, 5)
    assert heard(round_) == before


def test_hidden_candidate_is_not_drawn_into_the_wall(round_, candidate):
    stake(candidate, SALON)
    Candidate.objects.update(status=Candidate.Status.HIDDEN)
    html = fragments.since(round_.stream, 0)[-1][1]
    assert "stake-" not in html
    assert "data-position" in html


def followed(scripted, round_) -> list[Candidate]:
    """Candidates that stories stake on, and their round on the scripted chain."""
    hung = [publish(round_, number) for number in range(2)]
    for candidate, digest in zip(hung, DIGESTS, strict=False):
        Candidate.objects.filter(pk=candidate.pk).update(digest=digest.hex())
    times = (1_800_000_000, 1_800_000_000, 1_900_000_000, 300)
    scripted.mine(("RoundOpened", round_.pk, times))
    return hung


def test_reorg_announces_what_is_staked_no_more(scripted, indexer, round_):
    hung = followed(scripted, round_)
    following = indexer()
    scripted.mine(("Staked", round_.pk, MEMBERS[0], DIGESTS[0], 3 * SALON))
    following.step()
    assert heard(round_)[-1] == ("stake_changed", hung[0].pk)
    scripted.reorg(1)
    scripted.mine()
    before = len(heard(round_))
    while following.step():
        pass
    assert heard(round_)[before:] == [("stake_changed", hung[0].pk)]
    assert "></span>" in fragments.since(round_.stream, before)[0][1]


def test_reading_the_chain_anew_announces_what_is_staked_no_more(scripted, indexer, round_):
    hung = followed(scripted, round_)
    following = indexer(finality_depth=1, embedded=True)
    scripted.mine(("Staked", round_.pk, MEMBERS[0], DIGESTS[0], 3 * SALON))
    for _ in range(3):
        scripted.mine()
    while following.step():
        pass
    scripted.reorg(4)  # blocks that were final, as a kill may take them from the embedded chain
    before = len(heard(round_))
    for _ in range(5):
        scripted.mine()
    while following.step():
        pass
    assert not Stake.objects.exists()
    assert heard(round_)[before:] == [("stake_changed", hung[0].pk)]
    assert "></span>" in fragments.since(round_.stream, before)[0][1]


def test_catching_up_from_far_behind_announces_each_candidate_once(scripted, indexer, round_):
    hung = followed(scripted, round_)
    rng = random.Random(3)
    for number in range(1200):
        if not 100 < number < 1150 and rng.random() < 0.1:
            scripted.mine(("Staked", round_.pk, MEMBERS[0], rng.choice(DIGESTS[:2]), SALON))
        else:
            scripted.mine()
    before = len(heard(round_))
    following = indexer()
    following.size.blocks = 30
    while following.step():
        if len(heard(round_)) > before:
            break
    assert sorted(heard(round_)[before:]) == [("stake_changed", c.pk) for c in hung]
    while following.step():
        pass
    assert len(heard(round_)) > before + 2  # and one by one once it is near


@pytest.mark.parametrize(
    ("amount_wei", "words"),
    [
        (0, "0"),
        (1, "<0.01"),
        (SALON, "1"),
        (SALON // 100, "0.01"),
        (1_234_567 * SALON + SALON // 2, "1,234,567.5"),
        (100 * SALON, "100"),
        (2 * SALON - 1, "1.99"),
        (2**208, "411,376,139,330,301,510,538,742,295,639,337,626,245,683,966.4"),
    ],
)
def test_amounts_are_written_in_tokens(amount_wei, words):
    assert tokens(amount_wei) == words
