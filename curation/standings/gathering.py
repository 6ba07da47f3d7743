"""Everything a closed round's tally is made from, read in a fixed order, and counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings

from curation.ballots.models import GRACE_S, Ballot, BallotAnchor
from curation.galleries.models import Candidate, Round
from curation.reputations.models import FrozenReputation
from curation.standings.counting import Circumstances, Entry, Verdicts, weighed
from curation.standings.errors import BallotsUnanchored
from curation.standings.facts import ChainFacts
from curation.standings.parameters import Parameters
from curation.standings.ranking import Place, ranked, why_nobody_won, with_shares

ROWS = 10_000  # fetched at a time


@dataclass(frozen=True, kw_only=True)
class Count:
    """A round, counted: what went in and what came out."""

    round_: Round
    facts: ChainFacts
    parameters: Parameters
    candidates: Sequence[Candidate]  # all of the round, by digest
    anchors: Sequence[BallotAnchor]
    ballot_ids: Sequence[int]  # by digest, as are entries and verdicts
    entries: Sequence[Entry]
    reputations: Sequence[FrozenReputation]  # of its voters, by address
    verdicts: Verdicts
    places: Sequence[Place]
    no_winner: str

    @property
    def voters(self) -> list[str]:
        """Who cast a ballot that was accepted, by address."""
        return sorted({entry.voter for entry in self.entries})

    @property
    def ballots_root(self) -> str:
        """The root of all ballots; empty when there is none."""
        return self.anchors[-1].root if self.anchors else ""


def count_of(round_: Round, facts: ChainFacts) -> Count:
    """Count a round's ballots.

    Raises:
        BallotsUnanchored: the chain's last root is not the root of all of them.
    """
    parameters = Parameters(grace_s=GRACE_S, newcomers_count=settings.NEWCOMERS_COUNT)
    ballot_ids, entries = _ballots(round_)
    anchors = list(BallotAnchor.objects.filter(round=round_).order_by("index"))
    _check_anchors(round_, facts, anchors, len(entries))
    candidates = list(Candidate.objects.filter(round=round_).order_by("digest"))
    on_show = [c for c in candidates if c.status == Candidate.Status.PUBLISHED]
    shown = {candidate.digest for candidate in on_show if not candidate.trial}
    reputations = _reputations(round_, {entry.voter for entry in entries})
    known = Circumstances(
        shown=shown,
        reputations={row.member.address: row.value for row in reputations},
        principal_wei=facts.principal_wei,
        stakes={(address, digest) for address, digest, _ in facts.stakes},
        kin=facts.kin,
        parameters=parameters,
    )
    verdicts = weighed(entries, known)
    places = ranked(shown, entries, verdicts.weights, parameters)
    if not facts.refundable:
        places = with_shares(places, facts.anchored, parameters)
    return Count(
        round_=round_,
        facts=facts,
        parameters=parameters,
        candidates=candidates,
        anchors=anchors,
        ballot_ids=ballot_ids,
        entries=entries,
        reputations=reputations,
        verdicts=verdicts,
        places=places,
        no_winner=facts.refundable or why_nobody_won(places, facts.anchored),
    )


def _ballots(round_: Round) -> tuple[list[int], list[Entry]]:
    """Every accepted ballot by its digest; the same texts are kept once."""
    kept: dict[str, str] = {}
    ids: list[int] = []
    entries: list[Entry] = []
    rows = Ballot.objects.filter(round=round_).order_by("digest")
    fields = ("pk", "voter__address", "chosen", "rejected", "outcome", "nonce", "pair__kind")
    for pk, voter, chosen, rejected, outcome, nonce, kind in rows.values_list(*fields).iterator(
        chunk_size=ROWS
    ):
        ids.append(pk)
        who, one, other, pair = (
            kept.setdefault(text, text) for text in (voter, chosen, rejected, kind or "")
        )
        entries.append(Entry(who, one, other, outcome, int(nonce), pair))
    return ids, entries


def _reputations(round_: Round, voters: set[str]) -> list[FrozenReputation]:
    rows = FrozenReputation.objects.filter(round=round_).select_related("member")
    found = [row for row in rows.iterator(chunk_size=ROWS) if row.member.address in voters]
    return sorted(found, key=lambda row: row.member.address)


def _check_anchors(
    round_: Round, facts: ChainFacts, anchors: Sequence[BallotAnchor], ballots_count: int
) -> None:
    """Make sure that the chain holds the root of exactly these ballots, if it holds any."""
    if not facts.roots or facts.refundable:
        return
    last = anchors[-1] if anchors else None
    waiting = Ballot.objects.filter(round=round_, anchor__isnull=True).exists()
    if last is None or waiting or last.count != ballots_count or last.root != facts.roots[-1]:
        raise BallotsUnanchored(
            f"The chain's last ballots root of round {round_.pk} does not cover its "
            f"{ballots_count:,} ballots; none is counted before it does."
        )
