"""What is kept about a member as a voter, for their own export."""

from __future__ import annotations

from typing import Any

from django.db.models import F

from curation.accounts.models import Member
from curation.ballots.models import Ballot
from curation.galleries.models import Round
from curation.pairs.models import ServedPair
from curation.reputations.selectors import reputation_of


def export_of_voter(member: Member) -> dict[str, Any]:
    """A member's ballots, what they were shown, and how their eye is trusted, ready for JSON.

    Which pairs of a round were tests is told when it is no longer open, as everywhere.
    """
    shown = ServedPair.objects.filter(member=member).order_by("pk")
    told = shown.exclude(round__status=Round.Status.OPEN).values_list("pk", "kind", "how")
    kinds = {pk: {"kind": kind, "how": how} for pk, kind, how in told}
    reputation = reputation_of(member)
    return {
        "ballots": list(
            Ballot.objects.filter(voter=member)
            .order_by("pk")
            .values(
                "digest",
                "round",
                "chosen",
                "rejected",
                "outcome",
                "nonce",
                "issued_at",
                "signer",
                "signature",
                "accepted_at",
                "weight",
                "why",
                anchor_index=F("anchor__index"),
            )
        ),
        "served_pairs": [
            {name: value for name, value in row.items() if name != "pk"} | kinds.get(row["pk"], {})
            for row in shown.values("pk", "round", "low", "high", "low_left", "served_at")
        ],
        "reputation": {"value": reputation.value, "reasons": reputation.reasons},
    }
