"""Made-up members use the site as anybody does."""

from __future__ import annotations

import io
import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from eth_utils.crypto import keccak

from curation.models import Ballot, Brief, Member
from project.management.commands import simulate_community
from project.simulation.community import Community, Plan
from project.simulation.members import HttpMember, SiteRefused
from project.simulation.tastes import warmth
from tests.curation.judging import round_with
from tests.voters import deploy

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def site(live_server, settings) -> str:
    settings.SITE_URL = live_server.url
    deploy()
    return live_server.url


def member(site: str, number: int = 1) -> HttpMember:
    made = HttpMember(site, keccak(text=f"member {number}"))
    made.sign_in()
    return made


def test_a_member_signs_in_and_their_ballot_counts_as_served(site):
    round_ = round_with(2, 4)
    made = member(site)
    assert Member.objects.get().address == made.address
    found = made.pairs(round_.pk, 2)
    left, right = (found["pairs"][0][side]["digest"] for side in ("left", "right"))
    receipt = made.vote(found["domain"], round_.pk, left, right, int(time.time()))
    assert receipt["served"] is True
    assert Ballot.objects.get().chosen == left
    assert made.picture(found["pairs"][0]["left"]["picture"]).size == (16, 16)


def test_a_refusal_says_why(site):
    made = member(site)
    with pytest.raises(SiteRefused, match="404"):
        made.pairs(999_999, 1)


def plan(site: str, **changes: object) -> Plan:
    facts = {
        "site": site,
        "members": 3,
        "taste": "warm",
        "noise": 0.0,
        "minutes": 10.0,
        "round_minutes": 5,
        "candidates": 12,
        "seed": 7,
    }
    return Plan(**(facts | changes))


def test_a_community_posts_a_brief_and_judges_its_rounds_by_taste(site):
    said: list[str] = []
    community = Community(plan(site), said.append)
    community.gather()
    slug = community.post_brief()
    long_ago = timezone.now() - timedelta(minutes=55)
    round_ = round_with(1, 4, brief=Brief.objects.get(slug=slug), opened_at=long_ago)
    community.work(time.monotonic() + 3, threading.Event())
    assert Member.objects.count() == 3
    assert community.did.ballots[round_.pk] == Ballot.objects.count() == 3 * 6
    liked = {digest: warmth(image) for digest, image in community._pictures.items()}
    clear = [b for b in Ballot.objects.all() if abs(liked[b.chosen] - liked[b.rejected]) > 10]
    assert len(clear) > 5
    assert all(liked[ballot.chosen] > liked[ballot.rejected] for ballot in clear)
    assert not community.did.refused, said


def test_nobody_judges_their_share_before_the_pictures_hang(site):
    community = Community(plan(site, members=1), lambda _: None)
    community.gather()
    slug = community.post_brief()
    round_ = round_with(4, 4, brief=Brief.objects.get(slug=slug))
    community.work(time.monotonic() + 3, threading.Event())
    assert community.did.ballots[round_.pk] == Ballot.objects.count() == 4


def test_the_same_seed_makes_the_same_members(site):
    addresses = [[m.address for m in Community(plan(site), print).members] for _ in range(2)]
    assert addresses[0] == addresses[1]
    assert Community(plan(site, seed=8), print).members[0].address not in addresses[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--noise", "0.6"], "another taste"),
        (["--members", "0"], "between 1 and 500"),
        (["--url", "http://127.0.0.1:9"], "Is Salon running"),
    ],
)
def test_what_cannot_be_simulated_is_said(arguments, words):
    with pytest.raises(CommandError, match=words):
        call_command("simulate_community", *arguments, "--minutes", "0", stdout=io.StringIO())


def test_beside_the_embedded_stack_a_plain_shell_lets_members_stake(monkeypatch, settings):
    plans: list[Plan] = []

    def remember(plan: Plan, say: object) -> None:
        plans.append(plan)
        raise CommandError("Enough.")

    monkeypatch.setattr(simulate_community, "Community", remember)
    ours = "http://127.0.0.1:8545"
    shell = {"rpc_url": ours, "chain_port": 8545, "chain_id": 31337, "embedded_chain": False}
    for rpc_given in (False, True):
        settings.ENV = replace(settings.ENV, rpc_given=rpc_given, **shell)
        with pytest.raises(CommandError, match="Enough"):
            call_command("simulate_community", stdout=io.StringIO())
    assert [plan.node for plan in plans] == [ours, ""]
