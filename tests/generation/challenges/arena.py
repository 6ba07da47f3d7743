"""A blind test with twins in rounds, and people who judge them."""

from __future__ import annotations

import hashlib
import itertools

from django.utils import timezone

from curation.galleries.services import close_round
from curation.models import Ballot, Candidate, Member, Round, ServedPair
from curation.reputations.models import FrozenReputation
from generation.challenges.services import start_challenge
from generation.models import Challenge, ModelVersion, TwinPair
from tests.factories import (
    BallotFactory,
    MemberFactory,
    RoundFactory,
    TallyFactory,
    VersionFactory,
    publish,
)

_numbers = itertools.count(90_000)


def version_on(champion: ModelVersion) -> ModelVersion:
    """A draft that was trained against the live version."""
    adapter = hashlib.sha256(f"adapter {next(_numbers)}".encode()).hexdigest()
    return VersionFactory(base_hash=champion.base_hash, adapter_hash=adapter, parent=champion)


class Arena:
    """A challenger's test, its voters, and rounds that carry twins."""

    def __init__(self, *, voters: int = 12) -> None:
        self.champion = VersionFactory(status=ModelVersion.Status.LIVE)
        self.challenger = version_on(self.champion)
        self.challenge: Challenge = start_challenge(challenger=self.challenger)
        self.challenge.state["terms"]["block"] = 4  # as where a usual voter gives sixteen votes
        self.challenge.save(update_fields=["state"])
        self.voters: list[Member] = [MemberFactory() for _ in range(voters)]
        self.twins: list[TwinPair] = []
        self.round: Round | None = None

    def open(self, *, pairs: int = 8, reputation: float = 1.0) -> Round:
        """A round with twins; the voters are known there."""
        self.round = RoundFactory()
        self.twins = [self._twins(number) for number in range(pairs)]
        FrozenReputation.objects.bulk_create(
            FrozenReputation(
                round=self.round, member=voter, value=reputation, frozen_at=timezone.now()
            )
            for voter in self.voters
        )
        Challenge.objects.filter(pk=self.challenge.pk).update(status=Challenge.Status.RUNNING)
        return self.round

    def _twins(self, number: int) -> TwinPair:
        prompt = f"prompt {self.round.pk} {number}"
        keys = []
        for _ in range(2):
            place = next(_numbers)
            keys.append(f"{place:064x}")
            hung = publish(self.round, place, prompt=prompt, job_key=keys[-1])
            Candidate.objects.filter(pk=hung.pk).update(trial=True)
        return TwinPair.objects.create(
            challenge=self.challenge,
            round=self.round,
            prompt=prompt,
            seed=number,
            champion_job=keys[0],
            challenger_job=keys[1],
        )

    def pictures(self, twins: TwinPair) -> tuple[str, str]:
        """Digests of the champion's and the challenger's picture."""
        digests = dict(
            Candidate.objects.filter(
                job_key__in=(twins.champion_job, twins.challenger_job)
            ).values_list("job_key", "digest")
        )
        return digests[twins.champion_job], digests[twins.challenger_job]

    def vote(
        self, voter: int, twins: int, *, for_challenger: bool = True, **facts: object
    ) -> Ballot:
        rejected, chosen = self.pictures(self.twins[twins])
        if not for_challenger:
            chosen, rejected = rejected, chosen
        if facts.get("outcome") == Ballot.Outcome.TIE:
            chosen, rejected = sorted((chosen, rejected))
        low, high = sorted((chosen, rejected))
        pair, _ = ServedPair.objects.get_or_create(
            round=self.round,
            member=self.voters[voter],
            low=low,
            high=high,
            defaults={"low_left": True, "kind": ServedPair.Kind.TRIAL, "how": "test"},
        )
        return BallotFactory(
            round=self.round,
            voter=self.voters[voter],
            chosen=chosen,
            rejected=rejected,
            pair=pair,
            **({"why": Ballot.Why.TRIAL, "weight": 0.0} | facts),
        )

    def everybody(self, *, for_challenger: bool = True, times: int = 8) -> None:
        for twins in range(times):
            for voter in range(len(self.voters)):
                self.vote(voter, twins, for_challenger=for_challenger)

    def count(self) -> None:
        """Close and count the round; the test is left to the test."""
        close_round(round_=self.round)
        TallyFactory(round=self.round, voters_count=len(self.voters))
