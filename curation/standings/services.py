"""Publishing a tally: once per round, whole or not at all."""

from __future__ import annotations

from curation.standings.facts import ChainFacts
from curation.standings.models import Tally


def publish_tally(*, round_id: int, facts: ChainFacts) -> Tally:
    """Count a closed round's ballots and publish all that leads to the result.

    A second call returns what the first published.

    Raises:
        Round.DoesNotExist: there is no such round.
        RoundNotClosed: it is open, or was cancelled.
        BallotsUnanchored: the chain's last root is not the root of all its ballots.
    """
    raise NotImplementedError
