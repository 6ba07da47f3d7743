"""What finalized blocks say of members and ballots, and which rounds wait for what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime

from django.db.models import Case, F, Min, QuerySet, Sum, When

from chain.indexer.decoding import layouts
from chain.indexer.models import Log
from chain.operator.selectors import CURATION, TOKEN, address_of
from chain.tallies.models import Snapshot
from curation.ballots.models import Ballot, BallotAnchor
from curation.galleries.models import Round
from curation.stakes import events as ev
from curation.stakes.models import Activity, ChainRound
from curation.standings.parameters import Parameters


def principal_at(addresses: Collection[str], snapshot: Snapshot) -> dict[str, int]:
    """What each address had locked at a snapshot, in wei, as `principalAt` of its time says.

    By time, not by number: on a chain with several blocks a second they would differ. Addresses
    with nothing are left out.
    """
    moves = Activity.objects.filter(
        address__in=addresses,
        kind__in=[Activity.Kind.STAKED, Activity.Kind.WITHDRAWN],
        at__lte=snapshot.at,
    )
    change = Case(When(kind=Activity.Kind.STAKED, then=F("amount_wei")), default=-F("amount_wei"))
    sums = moves.order_by().values_list("address").annotate(wei=Sum(change))
    return {address: int(wei) for address, wei in sums if wei}


def kin(
    addresses: Collection[str], snapshot: Snapshot, principal_wei: Mapping[str, int]
) -> list[tuple[str, str]]:
    """Pairs of addresses of which one paid for what the other has locked, up to a snapshot.

    That is, sent them, all in all and without a stop between, at least half of it. Smaller
    gifts tie nobody: else a few tokens to everyone would make one cluster of strangers. Nor do
    gifts to somebody whose principal is too small to weigh anything.
    """
    senders = {_word(address): address for address in addresses}
    weighs = Parameters().unit_wei  # up to here principal changes no weight
    receivers = {
        _word(address): address for address in addresses if principal_wei.get(address, 0) > weighs
    }
    transfers = Log.objects.filter(
        address=address_of(TOKEN),
        topics__0=_topic(TOKEN, ev.Transfer),
        topics__1__in=list(senders),
        topics__2__in=list(receivers),
        block__at__lte=snapshot.at,
    )
    sent_wei: dict[tuple[str, str], int] = defaultdict(int)
    for topics, data in transfers.order_by().values_list("topics", "data").iterator():
        sent_wei[senders[topics[1]], receivers[topics[2]]] += int.from_bytes(data)
    return sorted(
        {
            (min(pair), max(pair))
            for pair, wei in sent_wei.items()
            if pair[0] != pair[1] and 2 * wei >= principal_wei[pair[1]]
        }
    )


def roots_on_chain(round_id: int, *, until: int) -> list[str]:
    """The ballots roots anchored for a round, in the chain's order, up to a block."""
    logs = Log.objects.filter(
        address=address_of(CURATION),
        topics__0=_topic(CURATION, ev.BallotsAnchored),
        topics__1=f"{round_id:064x}",
        block_id__lte=until,
    )
    return [bytes(data).hex() for data in logs.values_list("data", flat=True)]


def newest_anchor(round_id: int) -> BallotAnchor | None:
    """The root over most of a round's ballots; over all of them once it has closed."""
    return BallotAnchor.objects.filter(round=round_id).order_by("-index").first()


def rounds_with_old_news(before: datetime) -> list[int]:
    """Open rounds on the chain with a ballot accepted before a moment that is under no root."""
    waiting = Ballot.objects.filter(
        anchor__isnull=True,
        round__status=Round.Status.OPEN,
        round__on_chain__state=ChainRound.State.OPEN,
    )
    oldest = waiting.order_by("round_id").values("round_id").annotate(oldest=Min("accepted_at"))
    return list(oldest.filter(oldest__lte=before).values_list("round_id", flat=True))


def anchors_to_send(now: datetime | None = None) -> list[BallotAnchor]:
    """The newest root of each round that the chain takes roots of and has another one of as last.

    With `now`, the chain's clock, only those for which it is not too late.
    """
    newest = BallotAnchor.objects.filter(round__on_chain__state=ChainRound.State.OPEN)
    if now is not None:
        newest = newest.filter(round__on_chain__result_deadline__gt=now)
    found = newest.order_by("round_id", "-index").distinct("round_id")
    return [
        anchor
        for anchor in found.select_related("round__on_chain")
        if anchor.root != anchor.round.on_chain.ballots_root
    ]


def rounds_to_tally() -> QuerySet[Round]:
    """Closed rounds whose ballots were not counted yet, the oldest first."""
    return Round.objects.filter(status=Round.Status.CLOSED, tally__isnull=True).order_by(
        "closed_at"
    )


def _word(address: str) -> str:
    """An address as logs have it."""
    return address[2:].lower().rjust(64, "0")


def _topic(contract: str, event: type) -> str:
    """The first topic of an event's logs."""
    return next(topic for topic, (found, _) in layouts(contract).items() if found is event)
