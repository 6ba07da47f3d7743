"""Queries about anchors and stakes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Literal

from django.db.models import Count, Exists, F, OuterRef, QuerySet, Subquery, Sum
from django.utils import timezone

from curation.accounts.models import Member
from curation.galleries.models import Candidate
from curation.stakes.models import (
    Activity,
    AnchoredBatch,
    AnchoredCandidate,
    Balance,
    ChainRound,
    Stake,
)

AnchorState = Literal["waiting", "gathered", "anchored", "missed"]
# What was sent in time may take this long to be mined and read back.
UNDER_WAY = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """How far a candidate has come on its way to the chain, and the proof that goes with it.

    `waiting`: in no batch yet. `gathered`: in a batch that the chain is not known to have.
    `anchored`: in one it has, the `index`-th of the round. `missed`: it came too late.
    """

    state: AnchorState
    round_id: int
    root: str = ""
    count: int = 0
    proof: list[str] = field(default_factory=list)
    index: int | None = None
    tx_hash: str = ""
    block_number: int | None = None


def anchor_of(candidate: Candidate) -> Anchor | None:
    """A candidate's anchor; None when its round is not on the chain."""
    on_chain = ChainRound.objects.filter(pk=candidate.round_id).first()
    if on_chain is None:
        return None
    is_open = on_chain.state == ChainRound.State.OPEN
    overdue = timezone.now() - on_chain.anchor_deadline
    place = AnchoredCandidate.objects.select_related("batch").filter(pk=candidate.pk).first()
    if place is None:
        in_time = is_open and overdue < timedelta()
        return Anchor(state="waiting" if in_time else "missed", round_id=candidate.round_id)
    batch = place.batch
    anchor = Anchor(
        state="gathered" if is_open and overdue < UNDER_WAY else "missed",
        round_id=candidate.round_id,
        root=batch.root,
        count=batch.count,
        proof=place.proof,
    )
    known = AnchoredBatch.objects.filter(round=candidate.round_id, root=batch.root)
    if (first := known.order_by("index").first()) is None:
        return anchor
    return replace(
        anchor,
        state="anchored",
        index=first.index,
        tx_hash=first.tx_hash,
        block_number=first.block_number,
    )


def staked_behind(round_id: int, digests: Collection[str]) -> dict[str, int]:
    """What everybody staked on some candidates of a round, in wei; those without are left out."""
    found = Stake.objects.filter(round=round_id, digest__in=digests).values_list("digest")
    return {digest: int(total) for digest, total in found.annotate(Sum("staked_wei"))}


def add_stakes(candidates: Iterable[Candidate]) -> None:
    """Give candidates of one round their `staked_wei`, in one query."""
    listed = list(candidates)
    if listed:
        staked = staked_behind(listed[0].round_id, [candidate.digest for candidate in listed])
        for candidate in listed:
            candidate.staked_wei = staked.get(candidate.digest, 0)  # type: ignore[attr-defined]


def stakes_of(address: str) -> QuerySet[Stake]:
    """What an address has or had staked, the newest round first."""
    return Stake.objects.filter(address=address).order_by("-round_id", "digest")


def principal_of(address: str) -> int:
    """What an address has locked over all rounds, in wei."""
    locked = Stake.objects.filter(address=address).aggregate(
        wei=Sum(F("staked_wei") - F("withdrawn_wei"))
    )
    return int(locked["wei"] or 0)


def balance_of(address: str) -> int:
    """How many tokens an address holds outside of rounds, in wei."""
    found = Balance.objects.filter(pk=address).values_list("amount_wei", flat=True).first()
    return int(found or 0)


def activity_of(*, round_id: int | None = None, address: str = "") -> QuerySet[Activity]:
    """What happened on the chain, the newest first: all of it, or of a round, or by an address."""
    found = Activity.objects.all()
    if round_id is not None:
        found = found.filter(round=round_id)
    return found.filter(address=address) if address else found


def staked_in(round_id: int) -> tuple[int, int]:
    """What everybody staked in a round, in wei, and on how many candidates."""
    found = Stake.objects.filter(round=round_id)
    sums = found.aggregate(wei=Sum("staked_wei"), candidates=Count("digest", distinct=True))
    return int(sums["wei"] or 0), int(sums["candidates"])


def stake_on(candidate: Candidate, address: str) -> Stake | None:
    """What an address has or had behind a candidate."""
    found = Stake.objects.filter(round=candidate.round_id, digest=candidate.digest)
    return found.filter(address=address).first()


def staked_candidates(round_id: int) -> QuerySet[Candidate]:
    """A round's candidates on show with a stake behind them: its `staked_wei`, its `stakers`."""
    behind = Stake.objects.filter(round=OuterRef("round_id"), digest=OuterRef("digest"))
    sums = behind.order_by().values("digest").annotate(wei=Sum("staked_wei"), who=Count("pk"))
    return Candidate.objects.filter(
        Exists(behind), round_id=round_id, status=Candidate.Status.PUBLISHED
    ).annotate(staked_wei=Subquery(sums.values("wei")), stakers=Subquery(sums.values("who")))


def shown_by_digest(digests: Collection[str]) -> dict[str, Candidate]:
    """Candidates on show, by digest, each with its round and brief."""
    found = Candidate.objects.filter(digest__in=digests, status=Candidate.Status.PUBLISHED)
    return {row.digest: row for row in found.select_related("round__brief")}


def members_by_address(addresses: Collection[str]) -> dict[str, Member]:
    """Who of some addresses is a member here."""
    return {m.address: m for m in Member.objects.filter(address__in=addresses)}
