"""Worlds that are equal but for who chose what, and what there is to ask about in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import Group
from django.template import defaultfilters
from django.test import Client
from django.utils import timezone

from chain.tallies.gathering import gather_ballots
from curation import rates
from curation.accounts.sessions import SINCE, SessionStore
from curation.ballots.typed import SignedBallot
from curation.galleries.models import Candidate, Round
from curation.live import hub
from curation.models import Activity, Ballot, ChainRound, FrozenReputation, Member, ServedPair
from curation.pairs.pools import refresh_pool
from curation.pairs.services import MOST_WAITING, serve_pairs
from tests.chain.anchoring.rounds import put_on_chain
from tests.curation.judging import decoy_of
from tests.curation.stakes.chains import Play, balance, fund, note, stake
from tests.factories import BriefFactory, MemberFactory, RoundFactory, publish
from tests.tallies import counted_round
from tests.voters import Voter, as_body, deploy

from . import databases
from .databases import Kept

ROLES = ("visitor", "member", "sponsor", "staff")
Taste = Callable[[ServedPair], str]
TASTES: dict[str, Taste | None] = {
    "left": lambda pair: pair.low,
    "right": lambda pair: pair.high,
    "none": None,  # nobody but the crawling member votes
}


@dataclass
class Ground:
    """What every world begins with."""

    now: datetime
    round: Round
    voters: list[Voter]
    member: Voter  # crawls too, having cast the same ballots in every world
    sessions: dict[str, str]
    examples: dict[str, list[str]]
    ballots: dict[str, list[SignedBallot]] = field(default_factory=dict)  # of voters, by world
    own: list[SignedBallot] = field(default_factory=list)  # the member's


@contextmanager
def standing_clock() -> Iterator[datetime]:
    """Stop the clock: what was not told at the same time could not be compared."""
    now = timezone.now()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timezone, "now", lambda: now)
        until = defaultfilters.timeuntil
        patch.setattr(defaultfilters, "timeuntil", lambda at: until(at, now))
        patch.setattr(hub, "LOOK_EVERY_S", 1000)  # by the real clock it looks now and then
        patch.setattr(settings, "STAKING_TERMS", f"{Play.__module__}.play_terms")
        yield now


def lay_ground(now: datetime) -> Ground:
    """A round being judged, another, an earlier one with its result; members of every kind."""
    rates._limiter().storage.reset()
    domain = deploy()
    sponsor, staff = MemberFactory(name="Sponsor"), _staff()
    earlier = RoundFactory(opened_at=now - timedelta(days=1), closes_at=now - timedelta(hours=23))
    counted_round(earlier, [publish(earlier, number) for number in range(900, 906)], ballots=60)
    brief = BriefFactory(posted_by=sponsor)
    round_ = RoundFactory(
        brief=brief, opened_at=now - timedelta(hours=1), closes_at=now + timedelta(hours=1)
    )
    other = RoundFactory(opened_at=now - timedelta(minutes=5))
    publish(other, 950)
    hung = [publish(round_, number, prompt=f"prompt {number // 4}") for number in range(8)]
    hidden = publish(round_, 99)
    Candidate.objects.filter(pk=hidden.pk).update(status=Candidate.Status.HIDDEN)
    decoy = decoy_of(hung[0])
    put_on_chain(round_)
    fund(round_, sponsor.address, 300)
    voters = [Voter(domain) for _ in range(6)]
    member = Voter(domain)
    for number, voter in enumerate([*voters, member]):
        FrozenReputation.objects.create(
            round=round_, member=voter.member, value=0.8, frozen_at=round_.opened_at
        )
        balance(voter.member.address, 50)
        if number % 3 == 0:
            stake(round_, number, voter.member.address, 10 + number)
            note(Activity.Kind.STAKED, round_, voter.member.address, digest=hung[number].digest)
        _show(voter, round_, decoy.digest, hung[0].digest, seed=number)
    for person in (sponsor, staff):  # so that none of them is served anything new
        serve_pairs(member=person, round_=round_, count=MOST_WAITING, rng=Random(99))
    people = {"member": member.member, "sponsor": sponsor, "staff": staff}
    ground = Ground(
        now=now,
        round=round_,
        voters=voters,
        member=member,
        sessions={role: _session(person, now) for role, person in people.items()},
        examples={
            "round_id": [str(round_.pk), str(other.pk), str(earlier.pk), "999999"],
            "digest": [
                *(candidate.digest for candidate in hung[:5]),
                *(hidden.digest, decoy.digest, earlier.candidates.first().digest, "0" * 64),
            ],
            "slug": [brief.slug, other.brief.slug, "none"],
            "address": [
                *(voter.member.address for voter in voters[:2]),
                *(person.address for person in people.values()),
            ],
            "delegation_id": [str(voters[0].delegation.pk), str(member.delegation.pk)],
            "root": ["ab" * 32],
            "tx_hash": ["5e" * 32],
            "token": ["unknown"],
        },
    )
    _sign(ground)
    return ground


def _staff() -> Member:
    made = MemberFactory(name="Staff", is_staff=True, is_superuser=True)
    for role in Member.Role:
        made.groups.add(Group.objects.get_or_create(name=role.value)[0])
    return made


def _session(member: Member, now: datetime) -> str:
    store = SessionStore()
    store[SESSION_KEY] = str(member.pk)
    store[BACKEND_SESSION_KEY] = "curation.accounts.backends.AddressBackend"
    store[HASH_SESSION_KEY] = member.get_session_auth_hash()
    store[SINCE] = now.isoformat()
    store.save()
    return str(store.session_key)


def _show(voter: Voter, round_: Round, decoy: str, original: str, seed: int) -> None:
    voter.serve(round_, decoy, original, kind="gold", how="test", expected=original)
    serve_pairs(member=voter.member, round_=round_, count=MOST_WAITING, rng=Random(seed))


def _sign(ground: Ground) -> None:
    """Every world's ballots, signed beforehand: the same voters, nonces and times in each."""
    for world, taste in TASTES.items():
        ground.ballots[world] = [
            signed for voter in ground.voters if taste for signed in _ballots(ground, voter, taste)
        ]
    ground.own = _ballots(ground, ground.member, lambda pair: pair.low)
    mine = ground.own[0].fields
    for world in ("left", "right"):
        theirs = ground.ballots[world][0].fields
        for fields in (mine, theirs):
            digest = _digest(ground, fields)
            if digest not in ground.examples["digest"]:
                ground.examples["digest"].append(digest)


def _digest(ground: Ground, fields: object) -> str:
    from curation.ballots.typed import ballot_digest

    return ballot_digest(fields, ground.member.domain).hex()


def _ballots(ground: Ground, voter: Voter, taste: Taste) -> list[SignedBallot]:
    voter.nonce = 0
    served = ServedPair.objects.filter(member=voter.member, round=ground.round).order_by("pk")
    signed = []
    for pair in served:
        chosen = taste(pair)
        rejected = pair.high if chosen == pair.low else pair.low
        at = {"issued_at": int(ground.now.timestamp())}
        signed.append(voter.by_wallet(voter.fields(ground.round, chosen, rejected, **at)))
    return signed


def live(ground: Ground, world: str) -> None:
    """Let everybody of a world vote, over HTTP, and the processes beside it do their work."""
    client = Client()
    for ballot in [*ground.own, *ground.ballots[world]]:
        body = json.dumps(as_body(ballot))
        answer = client.post("/api/v1/ballots", body, content_type="application/json")
        assert answer.status_code == 201, answer.content
    refresh_pool(round_id=ground.round.pk)
    anchor = gather_ballots(round_id=ground.round.pk)
    assert anchor is not None
    ChainRound.objects.filter(pk=ground.round.pk).update(ballots_root=anchor.root)
    assert Ballot.objects.count() > len(ground.own) or world == "none"


@dataclass(frozen=True)
class World:
    """A database in which people have voted, and what its cache held then."""

    name: str
    database: str
    cache: Kept
    casting: dict[str, str]  # what could be noticed while they did
    root: str  # of all ballots: a commitment, which says nothing of what is under it

    @contextmanager
    def visited(self) -> Iterator[None]:
        """Look around in a copy; what one leaves there is gone afterwards."""
        databases.put_back(self.cache)
        with databases.scratch_of(self.database, f"{self.database}_visited"):
            yield
        databases.put_back({})
