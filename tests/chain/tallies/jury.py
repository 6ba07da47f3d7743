"""Members who judge a gallery's pictures: rows of ballots, as accepted; nobody signed them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from chain import actors
from chain.merkle.tree import MerkleTree
from chain.operator.models import Transaction
from chain.settlement.proposing import propose_due_results
from chain.tallies.sending import anchor_ballots_that_wait
from chain.tallies.services import publish_due_tallies
from curation.ballots.models import Ballot
from curation.galleries.models import Candidate, Round
from curation.models import FrozenReputation, Member, ServedPair
from curation.standings.models import Tally
from tests.chain.operating import Gallery
from tests.factories import BallotFactory, MemberFactory


def cast(round_: Round, voter: Member, chosen: str, rejected: str, **changes: object) -> Ballot:
    """A ballot on a pair that the site had served."""
    low, high = sorted((chosen, rejected))
    pair = ServedPair.objects.create(
        round=round_,
        member=voter,
        low=low,
        high=high,
        low_left=True,
        kind="preference",
        how="random",
    )
    facts = {"chosen": chosen, "rejected": rejected, "weight": None, "why": ""}
    return BallotFactory(round=round_, voter=voter, pair=pair, **(facts | changes))


def root_of(round_: Round) -> str:
    """The root over all ballots of a round."""
    digests = round_.ballots.values_list("digest", flat=True)
    return MerkleTree(bytes.fromhex(digest) for digest in digests).root.hex()


class Jury:
    """Accounts 2 to 4 of a chain, whose eye is trusted in a gallery's round."""

    def __init__(self, gallery: Gallery, members: Sequence[Member] = ()) -> None:
        self.gallery = gallery
        self.round = gallery.round
        accounts = gallery.chain.accounts[2:5]
        self.members = list(members) or [MemberFactory(address=who) for who in accounts]
        for member in self.members:
            self.trust(member)

    def trust(self, member: Member) -> None:
        facts = {"value": 1.0, "frozen_at": self.round.opened_at}
        FrozenReputation.objects.create(round=self.round, member=member, **facts)

    def judge(self, *places: tuple[int, int], ago: timedelta = timedelta()) -> None:
        """Everybody prefers the first of each two pictures, given by their places."""
        for chosen, rejected in places:
            for member in self.members:
                self.cast(member, chosen, rejected, accepted_at=timezone.now() - ago)

    def cast(self, member: Member, chosen: int, rejected: int, **changes: object) -> Ballot:
        digests = [self.picture(place).digest for place in (chosen, rejected)]
        return cast(self.round, member, *digests, **changes)

    def picture(self, place: int) -> Candidate:
        return self.gallery.candidates[place]

    def tick(self) -> None:
        """What the scheduler does in a round, and what a worker does that it asks."""
        publish_due_tallies()
        anchor_ballots_that_wait()
        self.gallery.index()
        actors.publish_tally(self.round.pk)
        propose_due_results()
        self.gallery.index()

    def count(self) -> Tally:
        """Let the site count the closed round: the root is final four blocks after it was sent."""
        self.tick()
        self.gallery.chain.mine(4)
        self.tick()
        return Tally.objects.get(pk=self.round.pk)

    @property
    def root(self) -> str:
        """The last ballots root on the chain."""
        found = self.gallery.chain.ask(self.gallery.curation, "Curation", "roundOf", self.round.pk)
        return found[6].hex()


def sent(beginning: str) -> list[Transaction]:
    """The site's transactions for such a purpose, the oldest first."""
    return list(Transaction.objects.filter(purpose__startswith=beginning))
