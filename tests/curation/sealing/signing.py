"""Ballots of every world, signed beforehand: the same voters, pairs, nonces and times in each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from curation.ballots.typed import ballot_digest
from curation.galleries.models import Round
from curation.models import ServedPair
from tests.voters import Voter, as_body

Taste = Callable[[ServedPair], str]
TASTES: dict[str, Taste | None] = {
    "left": lambda pair: pair.low,
    "right": lambda pair: pair.high,
    "none": None,  # nobody but the member who crawls votes
}


@dataclass(frozen=True)
class Said:
    """A ballot as it is posted, and its digest."""

    digest: str
    body: dict[str, object]


def sign_ballots(
    round_: Round, voters: Sequence[Voter], member: Voter, now: datetime
) -> tuple[dict[str, list[Said]], list[Said]]:
    """The voters' ballots by world, and the member's, which are the same in all."""
    worlds = {
        world: [said for voter in voters if taste for said in _said(round_, voter, taste, now)]
        for world, taste in TASTES.items()
    }
    return worlds, _said(round_, member, lambda pair: pair.low, now)


def _said(round_: Round, voter: Voter, taste: Taste, now: datetime) -> list[Said]:
    voter.nonce = 0
    served = ServedPair.objects.filter(member=voter.member, round=round_).order_by("pk")
    found = []
    for pair in served:
        chosen = taste(pair)
        rejected = pair.high if chosen == pair.low else pair.low
        fields = voter.fields(round_, chosen, rejected, issued_at=int(now.timestamp()))
        digest = ballot_digest(fields, voter.domain).hex()
        found.append(Said(digest, as_body(voter.by_wallet(fields))))
    return found
