"""From weighted ballots to standings, winners and rewards: pure functions."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from curation.stakes.rules import ALL_BPS, reward_wei
from curation.standings import bradley_terry
from curation.standings.comparisons import aggregated
from curation.standings.counting import TIE, Entry
from curation.standings.parameters import Parameters

DECIMALS = 6  # of scores as they are published; closer than this is a draw


@dataclass(frozen=True, kw_only=True)
class Place:
    """A candidate's place in the standings, as `Standing` has it."""

    digest: str
    rank: int
    score: float
    deviation: float
    comparisons: int
    weight: float
    share_bps: int = 0


@dataclass(frozen=True)
class Reward:
    """What one stake earns."""

    address: str
    digest: str
    wei: int


def ranked(
    digests: Collection[str],
    entries: Sequence[Entry],
    weights: Sequence[float],
    parameters: Parameters,
) -> list[Place]:
    """Everything on show, the best first: by published score, then by digest.

    Entries are taken in their order, so that the same ballots make the same sums.
    """
    names = sorted(digests)
    number = {digest: place for place, digest in enumerate(names)}
    counted = [(e, w) for e, w in zip(entries, weights, strict=True) if w > 0]
    comparisons = aggregated(
        [number[entry.chosen] for entry, _ in counted],
        [number[entry.rejected] for entry, _ in counted],
        [weight for _, weight in counted],
        [entry.outcome == TIE for entry, _ in counted],
    )
    prior = parameters.prior_deviation
    scores = bradley_terry.fit(len(names), comparisons, prior_deviation=prior).scores
    spreads = bradley_terry.deviations(len(names), comparisons, scores, prior)
    sums = _weights_by_candidate(counted)
    lines = sorted((-_published(scores[n]), digest, n) for n, digest in enumerate(names))
    return [
        Place(
            digest=digest,
            rank=rank,
            score=_published(scores[n]),
            deviation=_published(spreads[n]),
            comparisons=len(sums.get(digest, ())),
            weight=math.fsum(sums.get(digest, ())),
        )
        for rank, (_, digest, n) in enumerate(lines, 1)
    ]


def with_shares(
    places: Sequence[Place], anchored: Collection[str], parameters: Parameters
) -> list[Place]:
    """The same places, winners with their share of the pool.

    The best win that the chain has anchored and that were compared enough. What a place without a
    winner would have had goes to the first.
    """
    able = [
        place.rank
        for place in places
        if place.digest in anchored and place.weight >= parameters.least_weight_to_win
    ]
    shares = dict(zip(able, parameters.shares_bps, strict=False))
    if able:
        shares[able[0]] += ALL_BPS - sum(shares.values())
    return [replace(place, share_bps=shares.get(place.rank, 0)) for place in places]


def why_nobody_won(places: Sequence[Place], anchored: Collection[str]) -> str:
    """A sentence when no place has a share; empty when one has."""
    if any(place.share_bps for place in places):
        return ""
    if not places:
        return "Nothing hung in this round."
    if not any(place.weight for place in places):
        return "No ballot counted."
    if not any(place.digest in anchored for place in places):
        return "No candidate is on the chain."
    return "No candidate on the chain was compared often enough."


def rewards_of(
    places: Sequence[Place], stakes: Sequence[tuple[str, str, int]], pool_wei: int
) -> list[Reward]:
    """What every stake on a winner earns, by the contract's whole numbers, in a fixed order."""
    shares: Mapping[str, int] = {p.digest: p.share_bps for p in places if p.share_bps}
    behind: dict[str, int] = {}
    for _, digest, wei in stakes:
        behind[digest] = behind.get(digest, 0) + wei
    return [
        Reward(
            address,
            digest,
            reward_wei(
                pool_wei=pool_wei,
                share_bps=shares[digest],
                staked_wei=wei,
                behind_wei=behind[digest],
            ),
        )
        for address, digest, wei in sorted(stakes)
        if digest in shares
    ]


def _weights_by_candidate(counted: Sequence[tuple[Entry, float]]) -> dict[str, list[float]]:
    sums: dict[str, list[float]] = {}
    for entry, weight in counted:
        sums.setdefault(entry.chosen, []).append(weight)
        sums.setdefault(entry.rejected, []).append(weight)
    return sums


def _published(value: float) -> float:
    """A score as it is published; never −0."""
    return round(float(value), DECIMALS) + 0.0
