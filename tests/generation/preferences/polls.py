"""Counted rounds with a few votes that say what a test needs."""

from __future__ import annotations

import itertools

from curation.galleries.services import close_round
from curation.models import Ballot, Candidate, Member, Round, Tally
from tests.factories import BallotFactory, MemberFactory, RoundFactory, publish
from tests.tallies import tally_of

_numbers = itertools.count(50_000)


class Poll:
    """An open round with some seeds of some prompts, and people who judge it."""

    def __init__(
        self, *, prompts: int = 2, seeds: int = 3, voters: int = 4, side: int = 16
    ) -> None:
        self.round: Round = RoundFactory()
        self.hung = [
            [
                publish(self.round, next(_numbers), side=side, prompt=f"prompt {prompt}")
                for _ in range(seeds)
            ]
            for prompt in range(prompts)
        ]
        self.voters: list[Member] = [MemberFactory() for _ in range(voters)]
        self.ballots: list[Ballot] = []

    def vote(self, voter: int, chosen: Candidate, rejected: Candidate, **facts: object) -> Ballot:
        digests = {"chosen": chosen.digest, "rejected": rejected.digest}
        if facts.get("outcome") == Ballot.Outcome.TIE:
            digests = dict(zip(digests, sorted(digests.values()), strict=True))
        ballot = BallotFactory(round=self.round, voter=self.voters[voter], **(digests | facts))
        self.ballots.append(ballot)
        return ballot

    def everybody_likes_the_first(self) -> None:
        """Every voter prefers a prompt's first picture to its others."""
        for voter in range(len(self.voters)):
            for first, *others in self.hung:
                for other in others:
                    self.vote(voter, first, other)

    def count(self) -> Tally:
        """Close and count."""
        close_round(round_=self.round)
        hung = [candidate for prompt in self.hung for candidate in prompt]
        return tally_of(self.round, hung, self.ballots)


def counted_poll(**how: int) -> Poll:
    """A round on which everybody agreed."""
    poll = Poll(**how)
    poll.everybody_likes_the_first()
    poll.count()
    return poll
