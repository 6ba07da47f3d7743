"""What candidate, round and brief pages show of stakes and pools, ready to render."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from curation.accounts.models import Member
from curation.galleries.models import Candidate, Round
from curation.stakes import selectors
from curation.stakes.amounts import WEI
from curation.stakes.models import ChainRound, Stake, Winner
from curation.stakes.rules import ALL_BPS, Phase, phase_of, reward_wei
from curation.stakes.terms import Terms, staking_terms

SUGGESTED_WEI = 10 * WEI
PLACES = ("", "First", "Second", "Third")


@dataclass(frozen=True)
class RoundOnChain:
    """A round as the contract has it, with its times on our clock."""

    round_id: int
    row: ChainRound
    terms: Terms

    @classmethod
    def of(cls, round_id: int) -> RoundOnChain | None:
        """None as long as the chain has no such round, or the site no contracts."""
        row = ChainRound.objects.filter(pk=round_id).first()
        found = staking_terms() if row is not None else None
        return cls(round_id, row, found) if row is not None and found is not None else None

    @cached_property
    def phase(self) -> Phase:
        return phase_of(self.row, self.terms.now)

    @property
    def pool_wei(self) -> int:
        return int(self.row.pool_wei)

    @property
    def staking_ends_at(self) -> datetime:
        return self.terms.on_our_clock(self.row.staking_deadline)

    @property
    def result_due_at(self) -> datetime:
        return self.terms.on_our_clock(self.row.result_deadline)

    @property
    def settles_at(self) -> datetime | None:
        at = self.row.settles_at
        return self.terms.on_our_clock(at) if at is not None else None

    @property
    def free_at(self) -> datetime:
        """When stakes can be taken out, at the latest."""
        if self.settles_at is not None:
            return self.settles_at
        return self.result_due_at + timedelta(seconds=self.row.challenge_s)


@dataclass(frozen=True, kw_only=True)
class StakePanel:
    """A candidate's stakes as a visitor sees them; amounts in wei."""

    candidate: Candidate
    on_chain: RoundOnChain
    anchor: selectors.Anchor
    behind_wei: int
    winner: Winner | None
    stake: Stake | None  # the visitor's
    balance_wei: int

    @classmethod
    def of(cls, candidate: Candidate, member: Member | None) -> StakePanel | None:
        """None when the candidate's round is not on the chain."""
        on_chain = RoundOnChain.of(candidate.round_id)
        anchor = selectors.anchor_of(candidate) if on_chain is not None else None
        if on_chain is None or anchor is None:
            return None
        behind = selectors.staked_behind(candidate.round_id, [candidate.digest])
        winners = Winner.objects.filter(round=candidate.round_id, digest=candidate.digest)
        return cls(
            candidate=candidate,
            on_chain=on_chain,
            anchor=anchor,
            behind_wei=behind.get(candidate.digest, 0),
            winner=winners.first(),
            stake=selectors.stake_on(candidate, member.address) if member else None,
            balance_wei=selectors.balance_of(member.address) if member else 0,
        )

    @property
    def phase(self) -> Phase:
        return self.on_chain.phase

    @property
    def takes_stakes(self) -> bool:
        return self.anchor.state == "anchored" and self.phase == Phase.OPEN

    @property
    def can_afford(self) -> bool:
        return self.balance_wei >= self.on_chain.terms.smallest_wei

    @property
    def suggested_wei(self) -> int:
        return min(SUGGESTED_WEI, self.balance_wei)

    @property
    def mine_wei(self) -> int:
        """What the visitor has locked behind it."""
        return int(self.stake.staked_wei - self.stake.withdrawn_wei) if self.stake else 0

    @property
    def earns_wei(self) -> int:
        """What that earns by the result; before there is one, if this candidate took it all."""
        decided = self.phase in {Phase.PROPOSED, Phase.DUE, Phase.SETTLED}
        share_bps = (self.winner.share_bps if self.winner else 0) if decided else ALL_BPS
        if self.phase == Phase.REFUNDABLE:
            share_bps = 0
        return reward_wei(
            pool_wei=self.on_chain.pool_wei,
            share_bps=share_bps,
            staked_wei=self.mine_wei,
            behind_wei=self.behind_wei,
        )

    @property
    def comes_back_wei(self) -> int:
        return self.mine_wei + self.earns_wei


@dataclass(frozen=True, kw_only=True)
class WinnerRow:
    """A winner of a round, on show or not."""

    place: str
    digest: str
    share_bps: int
    earns_wei: int  # its share of the pool; 0 when nobody is behind it
    candidate: Candidate | None


@dataclass(frozen=True, kw_only=True)
class PoolPanel:
    """A round's pool, what is staked in it, and its result; amounts in wei."""

    round: Round
    on_chain: RoundOnChain
    staked_wei: int
    candidates: int  # that somebody is behind
    winners: list[WinnerRow]
    balance_wei: int

    @classmethod
    def of(cls, round_: Round, member: Member | None) -> PoolPanel | None:
        """None when the round is not on the chain."""
        on_chain = RoundOnChain.of(round_.pk)
        if on_chain is None:
            return None
        staked_wei, candidates = selectors.staked_in(round_.pk)
        return cls(
            round=round_,
            on_chain=on_chain,
            staked_wei=staked_wei,
            candidates=candidates,
            winners=_winners(on_chain),
            balance_wei=selectors.balance_of(member.address) if member else 0,
        )

    @property
    def phase(self) -> Phase:
        return self.on_chain.phase


def _winners(on_chain: RoundOnChain) -> list[WinnerRow]:
    if on_chain.phase == Phase.REFUNDABLE:
        return []
    found = list(Winner.objects.filter(round=on_chain.round_id).order_by("place"))
    digests = [winner.digest for winner in found]
    shown = selectors.shown_by_digest(digests) if digests else {}
    behind = selectors.staked_behind(on_chain.round_id, digests) if digests else {}
    return [
        WinnerRow(
            place=PLACES[min(winner.place, len(PLACES) - 1)],
            digest=winner.digest,
            share_bps=winner.share_bps,
            earns_wei=on_chain.pool_wei * winner.share_bps // ALL_BPS
            if behind.get(winner.digest)
            else 0,
            candidate=shown.get(winner.digest),
        )
        for winner in found
    ]
