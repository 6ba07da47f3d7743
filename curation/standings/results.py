"""What the result page says of a counted round, ready to render."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Count

from curation.accounts.models import Member
from curation.ballots.models import Ballot
from curation.galleries.models import Round
from curation.stakes.models import Activity, Winner
from curation.stakes.panels import RoundOnChain
from curation.stakes.rules import Phase
from curation.standings.keeping import kept
from curation.standings.meetings import Matrix, matrix_of
from curation.standings.models import Tally
from curation.standings.places import PAGE, Ranking, Won, ranking_of, winners_of

Why = Ballot.Why
COUNTS = (Why.COUNTED, Why.CAPPED)
# In the order in which they are told; what each means is for the template.
LEFT_OUT = (
    *(Why.TEST, Why.SUPERSEDED, Why.WITHDRAWN, Why.STAKED),
    *(Why.NO_REPUTATION, Why.MODERATED, Why.UNSERVED),
)


@dataclass(frozen=True, kw_only=True)
class Part:
    """Ballots with one fate, and where they lie on a bar of all, in percent."""

    why: str
    count: int
    x: float
    width: float


@dataclass(frozen=True, kw_only=True)
class Fates:
    """What became of ballots: of a whole round's, or of one voter's."""

    total: int
    counted: int
    capped: int
    parts: list[Part]  # those that counted first; none is empty

    @property
    def left_out(self) -> list[Part]:
        return [part for part in self.parts if part.why in LEFT_OUT]


def fates_of(tally: Tally, voter: Member | None = None) -> Fates:
    """What became of a round's ballots, or of those one member cast."""
    rows = Ballot.objects.filter(round=tally.pk).order_by().values_list("why")
    if voter is not None:
        return _fates(dict(rows.filter(voter=voter).annotate(Count("pk"))))
    return _fates(kept(tally, "fates", lambda: dict(rows.annotate(Count("pk")))))


def _fates(counts: Mapping[str, int]) -> Fates:
    total, counted = sum(counts.values()), sum(counts.get(why, 0) for why in COUNTS)
    shares = [("counted", counted), *((why, counts.get(why, 0)) for why in LEFT_OUT)]
    parts, at = [], 0.0
    for why, count in shares:
        if count:
            width = 100 * count / total
            parts.append(Part(why=str(why), count=count, x=round(at, 3), width=round(width, 3)))
            at += width
    return Fates(total=total, counted=counted, capped=counts.get(Why.CAPPED, 0), parts=parts)


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """What the chain has of a tally: roots, result, and how far it has come."""

    tally: Tally
    on_chain: RoundOnChain
    won: list[Won]

    @property
    def phase(self) -> Phase:
        return self.on_chain.phase

    @property
    def has_result(self) -> bool:
        return bool(self.on_chain.row.bundle_hash)

    @property
    def has_root(self) -> bool:
        """Whether the chain's newest ballots root is the tally's."""
        root = self.tally.ballots_root
        return bool(root) and bool(self.on_chain.row.ballots_root == root)

    @cached_property
    def differs(self) -> bool:
        """Whether the chain has another result than the tally: then something is wrong."""
        row = self.on_chain.row
        if not self.has_result:
            return False
        theirs = Winner.objects.filter(round=self.tally.pk).order_by("place")
        ours = [(won.digest, won.share_bps) for won in self.won]
        same = list(theirs.values_list("digest", "share_bps")) == ours
        return not same or (row.bundle_hash, row.ballots_root) != (
            self.tally.bundle_digest,
            self.tally.ballots_root,
        )

    @cached_property
    def steps(self) -> list[Activity]:
        """What the chain did with the result, oldest first."""
        kinds = (
            *(Activity.Kind.PROPOSED, Activity.Kind.SETTLED),
            *(Activity.Kind.VETOED, Activity.Kind.CANCELLED),
        )
        rows = Activity.objects.filter(round=self.tally.pk, kind__in=kinds)
        return list(rows.order_by("block_number", "log_index"))

    @property
    def ended_by(self) -> str:
        """Why everything is refundable, if it is: `vetoed`, `cancelled`, or `late`."""
        if self.phase != Phase.REFUNDABLE:
            return ""
        kinds = {step.kind for step in self.steps}
        ends = (Activity.Kind.VETOED, Activity.Kind.CANCELLED)
        return next((str(kind) for kind in ends if kind in kinds), "late")


@dataclass(frozen=True, kw_only=True)
class Result:
    """A counted round, from its winners down to how anyone can count again."""

    round: Round
    tally: Tally
    ranking: Ranking
    winners: list[Won]
    matrix: Matrix | None  # none: the ranking is being continued
    fates: Fates
    settlement: Settlement | None  # none: the round is not on the chain
    yours: Fates | None  # none: nobody is signed in, or they cast no ballot

    @classmethod
    def of(cls, tally: Tally, visitor: Member | None, *, after: int = 0) -> Result:
        """The page's first view, or a later stretch of its ranking."""
        round_ = tally.round
        ranking = ranking_of(tally, after=after, size=PAGE)
        on_chain = RoundOnChain.of(round_.pk)
        won = winners_of(tally, ranking.axis, on_chain)
        yours = fates_of(tally, visitor) if visitor is not None else None
        return cls(
            round=round_,
            tally=tally,
            ranking=ranking,
            winners=won,
            matrix=None if after else matrix_of(tally, ranking.places),
            fates=fates_of(tally),
            settlement=Settlement(tally=tally, on_chain=on_chain, won=won) if on_chain else None,
            yours=yours if yours is not None and yours.total else None,
        )
