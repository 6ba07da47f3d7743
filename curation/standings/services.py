"""Publishing a tally: once per round, whole or not at all."""

from __future__ import annotations

import math
from datetime import datetime
from functools import partial

from django.db import connection, transaction
from django.utils import timezone

from curation.ballots.models import Ballot
from curation.galleries.models import Round
from curation.galleries.signals import tally_published
from curation.live import services as live
from curation.notifications.models import Notification
from curation.notifications.services import notify_member, notify_members
from curation.reputations.services import learn_from_tally
from curation.standings.bundle import StoredBundle, code_version, store_bundle
from curation.standings.errors import RoundNotClosed
from curation.standings.facts import ChainFacts
from curation.standings.gathering import Count, count_of
from curation.standings.models import Standing, Tally
from curation.standings.sections import ballot_rows, delegations_of, sections_of

# One tally at a time for a round. Its row stays free: a ballot that comes too late is to hear so
# at once, not when a million others have been counted.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('tally of a round', %s))"
_WEIGHTS = """
    CREATE TEMPORARY TABLE tally_weights (id bigint, weight double precision, why text)
    ON COMMIT DROP
"""
_COPY = "COPY tally_weights (id, weight, why) FROM STDIN"
_GIVE = """
    UPDATE curation_ballot b SET weight = w.weight, why = w.why FROM tally_weights w
    WHERE b.id = w.id
"""


@transaction.atomic
def publish_tally(*, round_id: int, facts: ChainFacts) -> Tally:
    """Count a closed round's ballots and publish all that leads to the result.

    A second call returns what the first published. The bundle is in storage before the tally is
    in the database; what voters' reliability learns from it is part of the same transaction, so
    that it learns once.

    Raises:
        Round.DoesNotExist: there is no such round.
        RoundNotClosed: it is open, or was cancelled.
        BallotsUnanchored: the chain's last root is not the root of all its ballots.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [round_id])
    if (published := Tally.objects.filter(pk=round_id).first()) is not None:
        return published
    round_ = Round.objects.select_related("brief").get(pk=round_id)
    if round_.status != Round.Status.CLOSED:
        raise RoundNotClosed(f"Round {round_id} is {round_.status}; its ballots stay sealed.")
    count = count_of(round_, facts)
    now = timezone.now()
    delegations = delegations_of(count)
    stored = store_bundle(sections_of(count, delegations, now), ballot_rows(count, delegations))
    _give_weights(count)
    tally = _record(count, stored, now)
    learn_from_tally(round_id=round_id)
    _tell(round_)
    live.append(stream=round_.stream, kind="tally_published", payload={})
    transaction.on_commit(partial(tally_published.send_robust, Round, round_id=round_id))
    return tally


def _tell(round_: Round) -> None:
    """Tell the sponsor and everybody who judged that the result is out."""
    kind, about = Notification.Kind.RESULT, f"round:{round_.pk}"
    sponsor = round_.brief.posted_by_id
    notify_member(member_id=sponsor, kind=kind, about=about, facts={"yours": True})
    voters = Ballot.objects.filter(round=round_).order_by().values_list("voter", flat=True)
    notify_members(member_ids=voters.distinct(), kind=kind, about=about)


def _give_weights(count: Count) -> None:
    """Write every ballot's weight and reason: a million of them in one stream and one UPDATE."""
    rows = zip(count.ballot_ids, count.verdicts.weights, count.verdicts.whys, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_WEIGHTS)
        with cursor.copy(_COPY) as copy:
            for pk, weight, why in rows:
                copy.write_row((pk, weight, why.value))
        cursor.execute("ANALYZE tally_weights")
        cursor.execute(_GIVE)
        cursor.execute("DROP TABLE tally_weights")


def _record(count: Count, stored: StoredBundle, published_at: datetime) -> Tally:
    counted = [w for w in count.verdicts.weights if w > 0]
    squares = math.fsum(weight**2 for weight in counted)
    total = math.fsum(counted)
    voters = {
        entry.voter
        for entry, weight in zip(count.entries, count.verdicts.weights, strict=True)
        if weight > 0
    }
    tally = Tally.objects.create(
        round=count.round_,
        published_at=published_at,
        parameters=count.parameters.as_json(),
        code_version=code_version(),
        ballots_count=len(count.entries),
        counted_count=len(counted),
        voters_count=len(voters),
        weight_total=total,
        effective_count=total**2 / squares if squares else 0.0,
        ballots_root=count.ballots_root,
        bundle_digest=stored.digest,
        bundle_bytes=stored.size_bytes,
        no_winner=count.no_winner[:200],
    )
    _record_standings(count, tally)
    return tally


def _record_standings(count: Count, tally: Tally) -> None:
    ids = {candidate.digest: candidate.pk for candidate in count.candidates}
    Standing.objects.bulk_create(
        [
            Standing(
                tally=tally,
                candidate_id=ids[place.digest],
                rank=place.rank,
                score=place.score,
                deviation=place.deviation,
                comparisons=place.comparisons,
                weight=place.weight,
                share_bps=place.share_bps,
            )
            for place in count.places
        ],
        batch_size=2_000,
    )
