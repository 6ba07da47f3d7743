"""What the contracts say happened, decoded; the only thing projections are made from.

Fields after `place` are in the order of the contracts' ABI. Amounts are in wei, addresses EIP-55,
hashes lower-case hex without 0x, times in seconds since 1970.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple, TypeAlias


class Place(NamedTuple):
    """Where on the chain something happened."""

    block: int
    log_index: int
    tx_hash: str
    at: datetime  # the block's time


class RoundOpened(NamedTuple):
    place: Place
    round: int
    anchor_deadline: int
    staking_deadline: int
    result_deadline: int
    challenge_s: int


class CandidatesAnchored(NamedTuple):
    place: Place
    round: int
    batch: int
    root: str
    size: int  # how many candidates
    uri: str


class BallotsAnchored(NamedTuple):
    place: Place
    round: int
    root: str


class Funded(NamedTuple):
    place: Place
    round: int
    funder: str
    amount: int


class Staked(NamedTuple):
    place: Place
    round: int
    member: str
    candidate: str
    amount: int


class ResultProposed(NamedTuple):
    place: Place
    round: int
    candidates: list[str]
    shares_bps: list[int]
    ballots_root: str
    bundle_hash: str
    settles_at: int


class ResultVetoed(NamedTuple):
    place: Place
    round: int
    guardian: str


class RoundCancelled(NamedTuple):
    place: Place
    round: int
    guardian: str


class RoundSettled(NamedTuple):
    place: Place
    round: int
    pool: int
    returned: int


class Withdrawn(NamedTuple):
    place: Place
    round: int
    member: str
    candidate: str
    principal: int
    reward: int


class Refunded(NamedTuple):
    place: Place
    round: int
    funder: str
    amount: int


class Transfer(NamedTuple):
    place: Place
    sender: str
    receiver: str
    amount: int


Lifecycle: TypeAlias = (
    RoundOpened | BallotsAnchored | ResultProposed | ResultVetoed | RoundCancelled | RoundSettled
)
Event: TypeAlias = (
    Lifecycle | CandidatesAnchored | Funded | Staked | Withdrawn | Refunded | Transfer
)
