"""Counted rounds for tests of what is told of them: rows that agree with each other.

Who prefers what is made up, with a taste for candidates that were hung early; nothing is signed.
"""

from __future__ import annotations

import itertools
import math
import random
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from curation.galleries.services import close_round
from curation.models import Ballot, Candidate, Member, Round, Tally
from tests.factories import BallotFactory, MemberFactory, StandingFactory, TallyFactory

SHARES = (6000, 2500, 1500)
Why = Ballot.Why
# Of every forty ballots so many do not count, each for its reason.
LEFT_OUT = {
    Why.TEST: 4,
    Why.SUPERSEDED: 2,
    Why.STAKED: 1,
    Why.NO_REPUTATION: 2,
    Why.WITHDRAWN: 1,
}
_FATES = [why for why, times in LEFT_OUT.items() for _ in range(times)]


def cast_many(
    round_: Round, hung: Sequence[Candidate], voters: Sequence[Member], count: int, seed: int = 7
) -> list[Ballot]:
    """Ballots on pairs of a round, their weight and fate known."""
    rng, made = random.Random(seed), []
    fates = itertools.cycle([*[Why.COUNTED] * (40 - len(_FATES)), *_FATES])
    for number in range(count):
        one, other = sorted(rng.sample(range(len(hung)), 2))
        prefers = rng.random() < 1 / (1 + math.exp(-(other - one) * 3 / len(hung)))
        chosen, rejected = (one, other) if prefers else (other, one)
        facts: dict[str, Any] = {"chosen": hung[chosen].digest, "rejected": hung[rejected].digest}
        if rng.random() < 0.08:
            low, high = sorted(facts.values())
            facts = {"chosen": low, "rejected": high, "outcome": Ballot.Outcome.TIE}
        why = next(fates)
        weight = rng.choice([0.6, 1.0, 1.4]) if why == Why.COUNTED else 0.0
        voter = voters[number % len(voters)]
        made.append(BallotFactory.build(round=round_, voter=voter, why=why, weight=weight, **facts))
    return Ballot.objects.bulk_create(made)


def tally_of(
    round_: Round, hung: Sequence[Candidate], ballots: Sequence[Ballot], **changes: Any
) -> Tally:
    """The tally of some ballots, with every candidate's standing; the first three won."""
    weights, met = defaultdict(float), defaultdict(int)
    counted = [ballot for ballot in ballots if ballot.weight]
    for ballot in counted:
        for digest in (ballot.low, ballot.high):
            weights[digest] += ballot.weight
            met[digest] += 1
    total = sum(ballot.weight for ballot in counted)
    facts = {
        "ballots_count": len(ballots),
        "counted_count": len(counted),
        "voters_count": len({ballot.voter_id for ballot in counted}),
        "weight_total": total,
        "effective_count": total**2 / sum(b.weight**2 for b in counted) if counted else 0,
        "ballots_root": "5e" * 32 if ballots else "",
    }
    tally = TallyFactory(round=round_, **(facts | changes))
    shares = SHARES if counted and not tally.no_winner else ()
    for place, candidate in enumerate(hung):
        weight = weights[candidate.digest]
        StandingFactory(
            tally=tally,
            candidate=candidate,
            rank=place + 1,
            score=2.0 * (1 - 2 * place / max(1, len(hung) - 1)) if weight else 0.0,
            deviation=1 / math.sqrt(1 / 1.5**2 + weight / 5),
            comparisons=met[candidate.digest],
            weight=weight,
            share_bps=shares[place] if place < len(shares) else 0,
        )
    return tally


def counted_round(
    round_: Round,
    hung: Sequence[Candidate],
    *,
    ballots: int = 400,
    voters: int = 25,
    **changes: Any,
) -> Tally:
    """Let people judge an open round, close it and count."""
    people = [MemberFactory() for _ in range(voters)]
    cast = cast_many(round_, hung, people, ballots)
    close_round(round_=round_)
    return tally_of(round_, hung, cast, **changes)
