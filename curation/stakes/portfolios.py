"""What a member has in rounds, ready to render."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from django.db.models import Case, F, Q, Sum, When

from curation.galleries.models import Candidate, Round
from curation.stakes import selectors
from curation.stakes.models import ChainRound, Funding, Stake, Winner
from curation.stakes.panels import RoundOnChain
from curation.stakes.rules import Phase, refund_wei, reward_wei
from curation.stakes.terms import Terms, staking_terms

MOST_SHOWN = 200  # stakes; what can still be taken out comes first


@dataclass(frozen=True, kw_only=True)
class Holding:
    """What a member has behind one candidate; amounts in wei."""

    stake: Stake
    candidate: Candidate | None  # when it is on show
    phase: Phase
    earns_wei: int  # by the result, if there is one

    @property
    def left_wei(self) -> int:
        return int(self.stake.staked_wei - self.stake.withdrawn_wei)

    @property
    def can_take(self) -> bool:
        return self.left_wei > 0 and self.phase.is_over

    @property
    def comes_back_wei(self) -> int:
        return self.left_wei + self.earns_wei


@dataclass(kw_only=True)
class RoundHoldings:
    """All that a member has in one round; amounts in wei."""

    round: Round | None  # the database may have lost it
    on_chain: RoundOnChain
    holdings: list[Holding] = field(default_factory=list)
    funding: Funding | None = None

    @property
    def funded_wei(self) -> int:
        return int(self.funding.funded_wei) if self.funding else 0

    @property
    def refunded_wei(self) -> int:
        return int(self.funding.refunded_wei) if self.funding else 0

    @property
    def refund_wei(self) -> int:
        """What of the member's funds nobody earned, and is still there."""
        if self.refunded_wei or not self.funded_wei:
            return 0
        if self.on_chain.phase == Phase.REFUNDABLE:
            return self.funded_wei
        return refund_wei(
            funded_wei=self.funded_wei,
            pool_wei=self.on_chain.pool_wei,
            returned_wei=int(self.on_chain.row.returned_wei or 0),
        )


@dataclass(frozen=True, kw_only=True)
class Portfolio:
    """A member's tokens, in rounds and outside; amounts in wei."""

    terms: Terms | None
    balance_wei: int
    locked_wei: int
    earned_wei: int  # rewards taken out
    rounds: list[RoundHoldings]


def portfolio_of(address: str, *, limit: int = MOST_SHOWN) -> Portfolio:
    """What an address has in rounds, the newest round first."""
    stakes = Stake.objects.filter(address=address)
    terms = staking_terms()
    return Portfolio(
        terms=terms,
        balance_wei=selectors.balance_of(address),
        locked_wei=selectors.principal_of(address),
        earned_wei=int(stakes.aggregate(wei=Sum("reward_wei"))["wei"] or 0),
        rounds=_rounds(address, terms, limit) if terms is not None else [],
    )


def _rounds(address: str, terms: Terms, limit: int) -> list[RoundHoldings]:
    left = Case(When(withdrawn_wei__lt=F("staked_wei"), then=0), default=1)
    stakes = list(Stake.objects.filter(address=address).order_by(left, "-round_id")[:limit])
    fundings = Funding.objects.filter(address=address).order_by("-round_id")[:limit]
    funded = {funding.round_id: funding for funding in fundings}
    ids = {stake.round_id for stake in stakes} | set(funded)
    rounds = Round.objects.select_related("brief").in_bulk(ids)
    found = {
        row.pk: RoundHoldings(
            round=rounds.get(row.pk),
            on_chain=RoundOnChain(row.pk, row, terms),
            funding=funded.get(row.pk),
        )
        for row in ChainRound.objects.filter(pk__in=ids)
    }
    for holding in _holdings(stakes, {pk: entry.on_chain for pk, entry in found.items()}):
        found[holding.stake.round_id].holdings.append(holding)
    return [found[pk] for pk in sorted(found, reverse=True)]


def _holdings(stakes: list[Stake], on_chain: dict[int, RoundOnChain]) -> list[Holding]:
    shown = selectors.shown_by_digest({stake.digest for stake in stakes})
    shares = {
        (winner.round_id, winner.digest): winner.share_bps
        for winner in Winner.objects.filter(round__in=on_chain)
    }
    behind = _behind(set(shares))
    made = []
    for stake in sorted(stakes, key=lambda row: (row.round_id, row.digest)):
        if (of := on_chain.get(stake.round_id)) is None:
            continue
        key = (stake.round_id, stake.digest)
        decided = of.phase in {Phase.PROPOSED, Phase.DUE, Phase.SETTLED}
        earns = reward_wei(
            pool_wei=of.pool_wei,
            share_bps=shares.get(key, 0) if decided else 0,
            staked_wei=int(stake.staked_wei - stake.withdrawn_wei),
            behind_wei=behind.get(key, 0),
        )
        candidate = shown.get(stake.digest)
        made.append(Holding(stake=stake, candidate=candidate, phase=of.phase, earns_wei=earns))
    return made


def _behind(keys: set[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """What everybody staked on some candidates, given by round and digest."""
    by_round: dict[int, list[str]] = defaultdict(list)
    for round_id, digest in keys:
        by_round[round_id].append(digest)
    wanted = Q()
    for round_id, digests in by_round.items():
        wanted |= Q(round=round_id, digest__in=digests)
    if not keys:
        return {}
    sums = (
        Stake.objects.filter(wanted).values_list("round_id", "digest").annotate(Sum("staked_wei"))
    )
    return {(round_id, digest): int(total) for round_id, digest, total in sums}
