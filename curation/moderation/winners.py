"""Which pictures have won, in a tally or on the chain: taking one down takes two people."""

from __future__ import annotations

from collections.abc import Collection

from curation.stakes.models import Winner
from curation.standings.models import Standing


def winners_among(digests: Collection[str]) -> set[str]:
    """Those of some digests that won a round."""
    counted = Standing.objects.filter(candidate__digest__in=digests, share_bps__gt=0)
    on_chain = Winner.objects.filter(digest__in=digests)
    return {
        *counted.values_list("candidate__digest", flat=True),
        *on_chain.values_list("digest", flat=True),
    }
