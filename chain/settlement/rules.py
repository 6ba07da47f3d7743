"""A round's times on the chain, from its times on the wall: pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from chain.settlement.errors import TooLate

LONGEST_LEAD_S = 600
SHORTEST_LEAD_S = 5
LEAST_TIME_S = 20  # for staking, or the round is not worth a transaction
LONGEST_CHALLENGE_S = 14 * 86_400  # by the contract


@dataclass(frozen=True, slots=True)
class Times:
    """As `openRound` takes them: seconds since 1970 by the chain's clock."""

    anchor_deadline: int
    staking_deadline: int
    result_deadline: int
    challenge_s: int

    def as_tuple(self) -> tuple[int, int, int, int]:
        return (
            self.anchor_deadline,
            self.staking_deadline,
            self.result_deadline,
            self.challenge_s,
        )


def round_times(
    *,
    opened_at: datetime,
    closes_at: datetime,
    chain_now: datetime,
    ahead_s: float,
    result_within: timedelta,
    challenge_s: int,
) -> Times:
    """When a round's doors close on the chain.

    Staking ends a tenth of the round before its close, at most ten minutes and at least five
    seconds, so that nobody stakes on what the last ballots show. Anchoring ends with it: what
    comes later could not be staked on.

    `ahead_s` is how far the chain's clock is ahead of the wall's. `challenge_s` is taken as it
    is, up to the contract's longest.

    Raises:
        TooLate: fewer than twenty seconds would be left to stake.
    """
    length_s = (closes_at - opened_at).total_seconds()
    lead_s = max(SHORTEST_LEAD_S, min(length_s / 10, LONGEST_LEAD_S))
    close = closes_at + timedelta(seconds=ahead_s)
    staking = close - timedelta(seconds=lead_s)
    if (staking - chain_now).total_seconds() < LEAST_TIME_S:
        raise TooLate("The round is as good as over: nobody could stake in what is left of it.")
    deadline = int(staking.timestamp())
    return Times(
        anchor_deadline=deadline,
        staking_deadline=deadline,
        result_deadline=int((close + result_within).timestamp()),
        challenge_s=min(challenge_s, LONGEST_CHALLENGE_S),
    )
