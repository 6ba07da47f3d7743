"""Grace, nonces and delegations in any order, against a model of a few lines."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.db.models import F
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from curation import rates
from curation.ballots.selectors import counting, last_nonce
from curation.ballots.services import cast_ballot
from curation.errors import CurationError
from curation.models import Ballot
from tests.factories import RoundFactory
from tests.voters import Voter, delegate, deploy, hang

EXAMPLES = 120 if os.environ.get("SALON_SOAK") == "1" else 12
PICTURES = 3
STEP_S = 35  # twice that is over a minute, and neither is near one
pairs = st.permutations(range(PICTURES)).map(lambda order: (order[0], order[1]))


@dataclass
class Model:
    """What one voter has done: the rules of a minute and of rising numbers, nothing else."""

    now: int = 0
    last: int = 0
    delegated: bool = True
    first: dict[frozenset[int], int] = field(default_factory=dict)  # when a pair was judged first
    stands: dict[frozenset[int], tuple[int, int]] = field(default_factory=dict)
    accepted: int = 0

    def cast(self, pair: tuple[int, int], outcome: int, nonce: int, *, by_key: bool) -> str:
        """The error that is due, or nothing."""
        key = frozenset(pair)
        if by_key and not self.delegated:
            return "KeyNotDelegated"
        if nonce <= self.last:
            return "NonceReused"
        if self.now > self.first.get(key, self.now) + 60:
            return "PairDecided"
        self.last, self.accepted = nonce, self.accepted + 1
        self.first.setdefault(key, self.now)
        self.stands[key] = (pair[0], outcome)
        return ""


class Polling(RuleBasedStateMachine):
    """Two voters in one round, whose minutes pass at will."""

    def __init__(self) -> None:
        super().__init__()
        self.round = RoundFactory()
        self.digests = [candidate.digest for candidate in hang(self.round, PICTURES)]
        domain = deploy()
        self.voters = [Voter(domain), Voter(domain)]
        self.models = [Model(), Model()]
        self.cast_before = []  # accepted ballots, with the digests of their receipts
        self.begun, self.count = int(time.time()), 0

    @rule(
        who=st.integers(0, 1),
        pair=pairs,
        outcome=st.integers(0, 2),
        step=st.sampled_from([-2, -1, 0, 1, 1, 1, 1, 1, 5]),
        by_key=st.booleans(),
    )
    def cast(self, who, pair, outcome, step, by_key) -> None:
        pair = tuple(sorted(pair)) if outcome == 1 else pair
        voter, model = self.voters[who], self.models[who]
        nonce = max(0, model.last + step)
        self.count += 1  # so that no two ballots are the same
        fields = voter.fields(
            self.round,
            self.digests[pair[0]],
            self.digests[pair[1]],
            outcome=outcome,
            nonce=nonce,
            issued_at=self.begun + self.count,
        )
        ballot = voter.by_key(fields) if by_key else voter.by_wallet(fields)
        due = model.cast(pair, outcome, nonce, by_key=by_key)
        rates._limiter().storage.reset()
        if due:
            with pytest.raises(CurationError) as refused:
                cast_ballot(ballot=ballot, client="test")
            assert refused.type.__name__ == due
        else:
            receipt = cast_ballot(ballot=ballot, client="test")
            assert receipt.is_new
            self.cast_before.append((ballot, receipt.digest))

    @precondition(lambda self: self.cast_before)
    @rule(data=st.data())
    def cast_again(self, data) -> None:
        ballot, digest = data.draw(st.sampled_from(self.cast_before))
        receipt = cast_ballot(ballot=ballot, client="test")
        assert (receipt.digest, receipt.is_new) == (digest, False)

    @rule(steps=st.integers(1, 2))
    def pass_time(self, steps) -> None:
        seconds = STEP_S * steps
        Ballot.objects.filter(round=self.round).update(
            accepted_at=F("accepted_at") - timedelta(seconds=seconds)
        )
        for model in self.models:
            model.now += seconds

    @rule(who=st.integers(0, 1))
    def revoke(self, who) -> None:
        self.voters[who].revoke()
        self.models[who].delegated = False

    @rule(who=st.integers(0, 1))
    def delegate_again(self, who) -> None:
        voter = self.voters[who]
        voter.delegation = delegate(voter.member, voter.key, wallet=voter.wallet)
        self.models[who].delegated = True

    @invariant()
    def what_stands_is_what_the_model_says(self) -> None:
        where = {digest: place for place, digest in enumerate(self.digests)}
        for voter, model in zip(self.voters, self.models, strict=True):
            found = {
                frozenset((where[b.low], where[b.high])): (where[b.chosen], b.outcome)
                for b in counting(self.round.pk).filter(voter=voter.member)
            }
            assert found == {pair: said for pair, said in model.stands.items() if said[1] != 2}
            assert last_nonce(voter.member.pk) == model.last
            assert Ballot.objects.filter(voter=voter.member).count() == model.accepted


@pytest.mark.django_db
def test_grace_and_nonces_hold_in_any_order() -> None:
    run_state_machine_as_test(
        Polling, settings=settings(max_examples=EXAMPLES, stateful_step_count=25, deadline=None)
    )
