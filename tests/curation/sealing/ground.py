"""What every world begins with: rounds, pictures, stakes, and members of every kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import Group

from curation import rates
from curation.accounts.sessions import SINCE, SessionStore
from curation.galleries.models import Candidate, Round
from curation.models import Activity, FrozenReputation, Member
from curation.pairs.services import MOST_WAITING, serve_pairs
from tests.chain.anchoring.rounds import put_on_chain
from tests.curation.judging import decoy_of
from tests.curation.stakes.chains import balance, fund, note, stake
from tests.factories import BriefFactory, MemberFactory, RoundFactory, publish
from tests.tallies import counted_round
from tests.voters import Voter, deploy

from .signing import Said, sign_ballots


@dataclass
class Ground:
    """Rounds and people before anybody has voted."""

    now: datetime
    round: Round  # that is being judged
    other: Round  # open too
    earlier: Round  # counted
    digests: list[str]  # what hangs or hung in them, or in pairs
    voters: list[Voter]
    member: Voter  # crawls too, having cast the same ballots in every world
    people: dict[str, Member]  # who crawls, by role
    sessions: dict[str, str]
    ballots: dict[str, list[Said]] = field(default_factory=dict)  # of voters, by world
    own: list[Said] = field(default_factory=list)  # the member's

    @property
    def examples(self) -> dict[str, list[str]]:
        """What to fill URL patterns with; first what the ballots are about."""
        spoken = [self.own[0].digest, *(cast[0].digest for cast in self.ballots.values() if cast)]
        briefs = (self.round.brief.slug, self.other.brief.slug)
        members = (*(voter.member for voter in self.voters[:2]), *self.people.values())
        keys = (self.voters[0], self.member)
        return {
            "round_id": [*(str(r.pk) for r in (self.round, self.other, self.earlier)), "999999"],
            "digest": [*self.digests, "0" * 64, *spoken],
            "slug": [*briefs, "none"],
            "address": [member.address for member in members],
            "delegation_id": [str(voter.delegation.pk) for voter in keys],
            "root": ["ab" * 32],
            "tx_hash": ["5e" * 32],
            "token": ["unknown"],
            "kind": ["jsonl", "csv"],
            "run_id": ["1"],
        }


def lay_ground(now: datetime) -> Ground:
    """A round being judged, another, an earlier one with its result; members of every kind."""
    rates._limiter().storage.reset()
    domain = deploy()
    people = {"sponsor": MemberFactory(name="Sponsor"), "staff": _staff()}
    earlier, other = _other_rounds(now)
    round_, digests = _round(now, people["sponsor"])
    for person in people.values():  # so that nobody who crawls is served anything new
        serve_pairs(member=person, round_=round_, count=MOST_WAITING, rng=Random(99))
    *voters, member = [Voter(domain) for _ in range(7)]
    for number, voter in enumerate([*voters, member]):
        _enter(voter, round_, digests, number)
    people["member"] = member.member
    ground = Ground(
        now=now,
        round=round_,
        other=other,
        earlier=earlier,
        digests=[*digests, earlier.candidates.first().digest],
        voters=voters,
        member=member,
        people=people,
        sessions={role: _session(person, now) for role, person in people.items()},
    )
    ground.ballots, ground.own = sign_ballots(round_, voters, member, now)
    return ground


def _other_rounds(now: datetime) -> tuple[Round, Round]:
    earlier = RoundFactory(opened_at=now - timedelta(days=1), closes_at=now - timedelta(hours=23))
    counted_round(earlier, [publish(earlier, number) for number in range(900, 906)], ballots=60)
    other = RoundFactory(opened_at=now - timedelta(minutes=5))
    publish(other, 950)
    return earlier, other


def _round(now: datetime, sponsor: Member) -> tuple[Round, list[str]]:
    """The round to judge, with digests of what hangs in it, of a hidden picture and a decoy."""
    an_hour = timedelta(hours=1)
    brief = BriefFactory(posted_by=sponsor)
    round_ = RoundFactory(brief=brief, opened_at=now - an_hour, closes_at=now + an_hour)
    hung = [publish(round_, number, prompt=f"prompt {number // 4}") for number in range(8)]
    hidden = publish(round_, 99)
    Candidate.objects.filter(pk=hidden.pk).update(status=Candidate.Status.HIDDEN)
    put_on_chain(round_)
    fund(round_, sponsor.address, 300)
    shown = [candidate.digest for candidate in hung[:5]]
    return round_, [*shown, hidden.digest, decoy_of(hung[0]).digest]


def _enter(voter: Voter, round_: Round, digests: list[str], number: int) -> None:
    """Let a voter in: a reputation, tokens, for some a stake, and pairs to judge."""
    address, shown = voter.member.address, {"round": round_, "member": voter.member}
    FrozenReputation.objects.create(**shown, value=0.8, frozen_at=round_.opened_at)
    balance(address, 50)
    if number % 3 == 0:
        stake(round_, number, address, 10 + number)
        digest = round_.candidates.order_by("pk")[number].digest
        note(Activity.Kind.STAKED, round_, address, digest=digest)
    original, decoy = digests[0], digests[-1]
    voter.serve(round_, decoy, original, kind="gold", how="test", expected=original)
    serve_pairs(member=voter.member, round_=round_, count=MOST_WAITING, rng=Random(number))


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
