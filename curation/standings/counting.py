"""Which ballots count, why or why not, and what each of them weighs: pure functions.

Of a voter's ballots on a pair the one with the highest nonce stands. It weighs nothing when it was
withdrawn, when the site had not served the pair, or served it as a test or in a blind test of two
models, when one of the two candidates was hidden or disqualified, when its voter has a stake on
one of them, or when its voter has no reputation. The first of these that holds is told, in this
order.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from curation.ballots.models import Ballot
from curation.pairs.models import ServedPair
from curation.standings.parameters import Parameters
from curation.standings.weights import Line, ballot_weights, base_weight, clusters

Why = Ballot.Why
_TESTS = (ServedPair.Kind.GOLD, ServedPair.Kind.REPEAT)
WITHDRAWN, TIE = int(Ballot.Outcome.WITHDRAWN), int(Ballot.Outcome.TIE)


@dataclass(frozen=True, slots=True)
class Entry:
    """What of a ballot decides about its weight."""

    voter: str  # address
    chosen: str
    rejected: str
    outcome: int
    nonce: int
    pair: str  # the kind of pair that was served; empty when it was not

    @property
    def place(self) -> tuple[str, str, str]:
        """What only one of a round's ballots can stand for."""
        low, high = sorted((self.chosen, self.rejected))
        return self.voter, low, high


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """All that a count knows besides ballots; addresses are EIP-55."""

    shown: Collection[str]  # candidates that have a standing: no twins, none that were taken down
    reputations: Mapping[str, float]  # frozen ones; a voter without one has none
    principal_wei: Mapping[str, int]  # at the snapshot; a voter without any has none
    stakes: Collection[tuple[str, str]]  # (address, candidate) of this round
    kin: Sequence[tuple[str, str]]
    parameters: Parameters


@dataclass(frozen=True)
class Verdicts:
    """Weight and reason of each entry, in the order they came in."""

    weights: list[float]
    whys: list[Why]


def weighed(entries: Sequence[Entry], known: Circumstances) -> Verdicts:
    """What each ballot of a round counts."""
    standing = _standing(entries)
    whys = [
        _reason(entry, known) if standing[entry.place] == entry.nonce else Why.SUPERSEDED
        for entry in entries
    ]
    bases = _bases({entry.voter for entry in entries}, known)
    heads = clusters(bases, known.kin)
    lines = [
        Line(
            voter=entry.voter,
            cluster=heads[entry.voter],
            one=entry.chosen,
            other=entry.rejected,
            raw=bases[entry.voter] if why == Why.COUNTED else 0.0,
        )
        for entry, why in zip(entries, whys, strict=True)
    ]
    weights = ballot_weights(lines, known.parameters)
    for place, (line, weight) in enumerate(zip(lines, weights, strict=True)):
        if weight < line.raw:
            whys[place] = Why.CAPPED
    return Verdicts(weights, whys)


def _standing(entries: Sequence[Entry]) -> dict[tuple[str, str, str], int]:
    """The nonce of the ballot that stands for each voter and pair."""
    standing: dict[tuple[str, str, str], int] = {}
    for entry in entries:
        place = entry.place
        standing[place] = max(entry.nonce, standing.get(place, entry.nonce))
    return standing


def _reason(entry: Entry, known: Circumstances) -> Why:
    """Why a ballot that stands for its pair counts, or not."""
    one, other = entry.chosen, entry.rejected
    against = (
        (Why.WITHDRAWN, entry.outcome == WITHDRAWN),
        (Why.UNSERVED, not entry.pair),
        (Why.TEST, entry.pair in _TESTS),
        (Why.TRIAL, entry.pair == ServedPair.Kind.TRIAL),
        (Why.MODERATED, one not in known.shown or other not in known.shown),
        (Why.STAKED, (entry.voter, one) in known.stakes or (entry.voter, other) in known.stakes),
        (Why.NO_REPUTATION, known.reputations.get(entry.voter, 0.0) <= 0),
    )
    return next((why for why, holds in against if holds), Why.COUNTED)


def _bases(voters: Collection[str], known: Circumstances) -> dict[str, float]:
    """The weight of each voter's ballots before any cap."""
    return {
        voter: base_weight(
            known.reputations.get(voter, 0.0), known.principal_wei.get(voter, 0), known.parameters
        )
        for voter in voters
    }
