"""What a ballot weighs: reputation times a capped square root of principal, then two caps.

Every step is one correctly rounded operation of IEEE 754 doubles (√, ÷, ×, and sums by `fsum`),
so that weights are the same bits on every machine and in whatever order ballots come.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from curation.standings.parameters import Parameters

Name = TypeVar("Name", bound=str)


@dataclass(frozen=True)
class Line:
    """A ballot that may count, and what it would weigh without caps."""

    voter: str
    cluster: str  # of the voter; their own name when they are alone
    one: str  # the two candidates, in any order
    other: str
    raw: float  # base weight of the voter; 0 for a ballot that does not count


def base_weight(reputation: float, principal_wei: int, parameters: Parameters) -> float:
    """Reputation · clamp(√(principal ÷ unit), 1, cap): no principal counts 1, none above cap."""
    root = math.sqrt(principal_wei / parameters.unit_wei)
    return reputation * min(max(root, 1.0), parameters.cap)


def ballot_weights(lines: Sequence[Line], parameters: Parameters) -> list[float]:
    """Weights in the order of `lines`, none above its raw one.

    A voter's ballots with one candidate sum up to at most `candidate_cap`, those of a cluster to
    at most `cluster_cap` (but for the last bit); a ballot takes the least factor of the four.
    """
    by_voter = _factors(((line.voter, line) for line in lines), parameters.candidate_cap)
    by_cluster = _factors(((line.cluster, line) for line in lines), parameters.cluster_cap)
    return [
        line.raw
        * min(
            by_voter[line.voter, line.one],
            by_voter[line.voter, line.other],
            by_cluster[line.cluster, line.one],
            by_cluster[line.cluster, line.other],
        )
        for line in lines
    ]


def _factors(lines: Iterable[tuple[str, Line]], cap: float) -> dict[tuple[str, str], float]:
    """What brings each owner's ballots with a candidate down to `cap`; 1 where they are below."""
    raws: dict[tuple[str, str], list[float]] = defaultdict(list)
    for owner, line in lines:
        raws[owner, line.one].append(line.raw)
        raws[owner, line.other].append(line.raw)
    sums = {key: math.fsum(values) for key, values in raws.items()}
    return {key: cap / total if total > cap else 1.0 for key, total in sums.items()}


def clusters(voters: Iterable[Name], kin: Iterable[tuple[Name, Name]]) -> Mapping[Name, Name]:
    """The cluster of each voter: those joined by kinship, named after the least of them.

    Kin who did not vote join others all the same.
    """
    parents: dict[Name, Name] = {voter: voter for voter in voters}
    asked = list(parents)

    def head(name: Name) -> Name:
        parents.setdefault(name, name)
        while parents[name] != name:
            parents[name] = parents[parents[name]]
            name = parents[name]
        return name

    for one, other in kin:
        low, high = sorted((head(one), head(other)))
        parents[high] = low
    return {voter: head(voter) for voter in asked}
