"""What a tally needs to know of the chain. Curation knows no chain; whoever does hands it in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The last finalized block before a round opened."""

    block: int
    hash: str  # lower-case hex without 0x
    at: datetime  # the block's time; `principalAt` of it is what counts


@dataclass(frozen=True, kw_only=True)
class ChainFacts:
    """A closed round as finalized blocks have it. Addresses are EIP-55, digests and roots
    lower-case hex without 0x, amounts in wei.

    A round that is not on the chain has no snapshot, principal, stakes, pool or roots.
    """

    chain_id: int
    contract: str  # Curation, for which ballots were signed; empty where the site has none
    snapshot: Snapshot | None = None
    principal_wei: Mapping[str, int] = field(default_factory=dict)  # at the snapshot; else 0
    kin: Sequence[tuple[str, str]] = ()  # who paid for what the other has locked
    stakes: Sequence[tuple[str, str, int]] = ()  # (address, candidate's digest, all it staked)
    pool_wei: int = 0
    anchored: Collection[str] = frozenset()  # candidates that can win: the chain has their batch
    roots: Sequence[str] = ()  # ballots roots of the round, in the chain's order
    refundable: str = ""  # why the chain takes no more roots and no result of it, in words: the
    # tally is published all the same, its last root may be missing, and nobody is paid
