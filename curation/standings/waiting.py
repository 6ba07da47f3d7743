"""How far a closed round's count has come, in steps that a person can follow."""

from __future__ import annotations

from dataclasses import dataclass

from curation.ballots.models import Ballot, BallotAnchor
from curation.galleries.models import Round
from curation.stakes.models import ChainRound


@dataclass(frozen=True, kw_only=True)
class Counting:
    """Steps from close to publication; `done` of them are behind us."""

    steps: list[str]
    done: int

    @property
    def now(self) -> str:
        return self.steps[min(self.done, len(self.steps) - 1)]


def counting_of(round_: Round) -> Counting:
    """What is left to do before a closed round's tally; tells nothing of the ballots."""
    gather, anchor = "Gather every ballot under one root", "Put that root on the chain"
    final = "Wait until nobody can take it back, then weigh and count"
    row = ChainRound.objects.filter(pk=round_.pk).only("ballots_root").first()
    waits = Ballot.objects.filter(round=round_, anchor=None).exists()
    if row is None:
        return Counting(steps=[gather, "Weigh and count"], done=0 if waits else 1)
    newest = BallotAnchor.objects.filter(round=round_).order_by("-index").first()
    is_there = newest is None or row.ballots_root == newest.root
    done = 0 if waits else 2 if is_there else 1
    return Counting(steps=[gather, anchor, final], done=done)
