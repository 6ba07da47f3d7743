"""Made-up members stake as wallets do: prepared by the site, signed and sent by themselves."""

from __future__ import annotations

import threading
import time

import pytest
from eth_utils.crypto import keccak

from curation import rates
from curation.models import Stake
from project.simulation.community import Community, Plan
from project.simulation.members import HttpMember, SiteRefused
from project.simulation.stakes import NodeRefused, Purse
from project.simulation.tastes import warmth
from tests.chain.operating import Gallery, chain, contracts, gallery, keys_folder

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["chain", "contracts", "gallery", "keys_folder"]


@pytest.fixture
def site(live_server, settings) -> str:
    rates._limiter().storage.reset()
    settings.SITE_URL = live_server.url
    return live_server.url


@pytest.fixture
def purse(site, gallery) -> Purse:
    member = HttpMember(site, keccak(text="who stakes"))
    member.sign_in()
    return Purse(member, gallery.chain.url)


def test_a_member_gets_tokens_and_stakes_some(purse, gallery: Gallery):
    gallery.open()
    gallery.anchor()
    purse.fill()
    gallery.index()
    before = gallery.tokens(purse.member.address)
    purse.stake(gallery.round.pk, gallery.candidates[0].digest, "5")
    gallery.index()
    assert before - gallery.tokens(purse.member.address) == 5
    stake = Stake.objects.get()
    assert (stake.address, stake.digest) == (purse.member.address, gallery.candidates[0].digest)


def test_what_cannot_be_staked_on_is_refused_and_what_the_node_refuses_is_told(purse, gallery):
    purse.fill()
    with pytest.raises(SiteRefused, match="409"):
        purse.stake(gallery.round.pk, gallery.candidates[0].digest, "5")
    with pytest.raises(SiteRefused, match="faucet"):
        purse.fill()
    with pytest.raises(NodeRefused, match="does not answer"):
        Purse(purse.member, "http://127.0.0.1:9").fill()


def test_a_quarter_of_a_community_stakes_on_what_it_likes(site, gallery: Gallery):
    gallery.open()
    gallery.anchor()
    said: list[str] = []
    plan = Plan(
        site=site,
        members=4,
        taste="warm",
        noise=0.0,
        minutes=10.0,
        round_minutes=5,
        candidates=12,
        seed=7,
        node=gallery.chain.url,
    )
    community = Community(plan, said.append)
    community.gather()
    gallery.index()
    community.slug = gallery.round.brief.slug
    end = time.monotonic() + 60
    over = threading.Event()
    work = threading.Thread(target=community.work, args=(end, over))
    work.start()
    while not community.did.stakes and time.monotonic() < end:
        time.sleep(0.2)
    over.set()
    work.join()
    gallery.index()
    stake = Stake.objects.get()
    assert community.did.stakes == 1
    assert stake.address == community.members[0].address
    liked = {c.digest: warmth(community._pictures[c.digest]) for c in gallery.candidates}
    assert liked[stake.digest] == max(liked.values())
    assert "1 of them have tokens to stake" in said
