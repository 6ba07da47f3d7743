"""Queries about ballots. None of them says anything about others' before a tally is published."""

from __future__ import annotations

from django.db.models import Exists, F, OuterRef, QuerySet

from curation.accounts.models import Member
from curation.ballots.holds import last_nonce
from curation.ballots.models import Ballot
from curation.galleries.models import Round

__all__ = [
    "ballots_of_round",
    "counting",
    "judged_count",
    "last_nonce",
    "standing_for_their_pair",
    "votes_of",
]


def standing_for_their_pair(ballots: QuerySet[Ballot]) -> QuerySet[Ballot]:
    """Of some ballots, those that no later one of the same voter on the same pair replaced."""
    later = Ballot.objects.filter(
        round=OuterRef("round"),
        voter=OuterRef("voter"),
        low=OuterRef("low"),
        high=OuterRef("high"),
        nonce__gt=OuterRef("nonce"),
    )
    return ballots.filter(~Exists(later))


def counting(round_id: int) -> QuerySet[Ballot]:
    """Ballots of a round that stand for their pair and were not withdrawn, the first first.

    Every ballot that was accepted lies within its pair's grace time, so the highest nonce stands.
    """
    cast = standing_for_their_pair(Ballot.objects.filter(round=round_id))
    return cast.exclude(outcome=Ballot.Outcome.WITHDRAWN).order_by("pk")


def judged_count(member: Member, round_: Round) -> int:
    """How many pairs a member has judged in a round, and did not take back."""
    return counting(round_.pk).filter(voter=member).count()


def votes_of(member: Member, round_id: int | None = None) -> QuerySet[Ballot]:
    """A member's own ballots, the latest first, with their rounds; `is_replaced` by a later one."""
    mine = Ballot.objects.filter(voter=member)
    if round_id is not None:
        mine = mine.filter(round=round_id)
    later = Ballot.objects.filter(
        round=OuterRef("round"),
        voter=member,
        low=OuterRef("low"),
        high=OuterRef("high"),
        nonce__gt=OuterRef("nonce"),
    )
    found = mine.annotate(is_replaced=Exists(later)).select_related("round__brief")
    return found.order_by("-pk")


def ballots_of_round(round_id: int) -> QuerySet[Ballot]:
    """Every accepted ballot of a round with its voter's address and its delegation.

    To be shown once the tally is published, and not before.
    """
    found = Ballot.objects.filter(round=round_id).select_related("delegation__key")
    return found.annotate(address=F("voter__address"), anchor_index=F("anchor__index"))
