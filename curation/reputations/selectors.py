"""Queries about reputations and the tests behind them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from curation.accounts.models import Member
from curation.ballots.models import Ballot
from curation.ballots.selectors import standing_for_their_pair
from curation.galleries.models import Round
from curation.pairs.models import ServedPair
from curation.reputations import rules
from curation.reputations.models import Reputation
from curation.reputations.rules import Counts, Needs, Record
from curation.standings.crowd_bt import Judged
from curation.standings.models import Standing

_TELLING = (Ballot.Why.COUNTED, Ballot.Why.CAPPED, Ballot.Why.NO_REPUTATION)


@dataclass(frozen=True)
class Reputed:
    """A reputation as its member reads it."""

    value: float  # in [0, 1]
    reasons: list[str]


def needs() -> Needs:
    """What it takes here before a reputation begins."""
    return Needs(settings.REPUTATION_AGE, settings.REPUTATION_GOLD)


def age_of(member: Member) -> timedelta:
    """How old an account is."""
    return timezone.now() - member.joined_at


def record_of(row: Reputation) -> Record:
    """A row's numbers, for the rules."""
    return Record(**{name: getattr(row, name) for name in Record.__dataclass_fields__})


def reputation_of(member: Member) -> Reputed:
    """A member's reputation and why it is that.

    Tests of rounds that are open are left out, so that nobody learns which pair was one from a
    number that moved; for weights they do count.
    """
    row = Reputation.objects.filter(pk=member.pk).first() or Reputation(member=member)
    record = replace(record_of(row), **asdict(counts_of(member.pk, revealed=True)))
    age, wanted = age_of(member), needs()
    reasons = rules.reasons(record, age=age, needs=wanted)
    later = "Test pairs of a round are told here when it has closed."
    return Reputed(rules.value(record, age=age, needs=wanted), [*reasons, later])


def tests_to_go(member: Member) -> int:
    """How many test pairs a member is to be asked soon; one more as long as they fail too many."""
    row = Reputation.objects.filter(pk=member.pk).first() or Reputation(member=member)
    record = record_of(row)
    failing = not rules.looks(record) or rules.share_passed(record) <= 0.5
    return max(needs().gold - record.gold_answered, int(failing))


def judged_by_tally(round_id: int) -> dict[int, list[Judged]]:
    """Each voter's preferences in a round, as its tally sees them, by member."""
    places = Standing.objects.filter(tally=round_id)
    score = {
        digest: (score, deviation**2)
        for digest, score, deviation in places.values_list(
            "candidate__digest", "score", "deviation"
        )
    }
    found: dict[int, list[Judged]] = defaultdict(list)
    ballots = Ballot.objects.filter(
        round=round_id, outcome=Ballot.Outcome.PREFERENCE, why__in=_TELLING
    )
    fields = ("voter", "chosen", "rejected", "weight")
    for voter, chosen, rejected, weight in ballots.values_list(*fields).iterator(chunk_size=10_000):
        (better, one), (worse, other) = score[chosen], score[rejected]
        found[voter].append(Judged(better - worse, one + other, weight))
    return dict(found)


def counts_of(member_id: int, *, revealed: bool = False) -> Counts:
    """A member's newest gold and repeat answers, counted; `revealed`: of rounds not open alone."""
    gold = _answers(member_id, ServedPair.Kind.GOLD, revealed=revealed)
    repeats = _answers(member_id, ServedPair.Kind.REPEAT, revealed=revealed)
    before = _first_answers(member_id, repeats)
    agreements = [
        rules.agreement((ballot.outcome, ballot.chosen), before[ballot.low, ballot.high])
        for ballot in repeats
        if (ballot.low, ballot.high) in before
    ]
    return Counts(
        gold_answered=len(gold),
        gold_passed=sum(map(_passed, gold)),
        repeats_answered=len(agreements),
        repeats_agreed=sum(agreements),
    )


def _answers(member_id: int, kind: ServedPair.Kind, *, revealed: bool) -> list[Ballot]:
    """The ballots that stand on a member's newest test pairs of a kind."""
    found = _ballots(member_id).filter(pair__kind=kind)
    if revealed:
        found = found.exclude(round__status=Round.Status.OPEN)
    standing = standing_for_their_pair(found).exclude(outcome=Ballot.Outcome.WITHDRAWN)
    return list(standing.select_related("pair")[: rules.WINDOW])


def _passed(ballot: Ballot) -> float:
    assert ballot.pair is not None  # it was found by its pair's kind
    return rules.passed((ballot.outcome, ballot.chosen), ballot.pair.expected)


def _first_answers(member_id: int, repeats: list[Ballot]) -> dict[tuple[str, str], tuple[int, str]]:
    """What a member said of each pair when it was not a repeat yet."""
    if not repeats:
        return {}
    asked = _ballots(member_id).filter(
        pair__kind=ServedPair.Kind.PREFERENCE,
        low__in=[ballot.low for ballot in repeats],
        high__in=[ballot.high for ballot in repeats],
    )
    said: dict[tuple[str, str], Ballot] = {}
    for ballot in asked:
        said.setdefault((ballot.low, ballot.high), ballot)
    return {
        pair: (ballot.outcome, ballot.chosen)
        for pair, ballot in said.items()
        if ballot.outcome != Ballot.Outcome.WITHDRAWN
    }


def _ballots(member_id: int) -> QuerySet[Ballot]:
    return Ballot.objects.filter(voter_id=member_id).order_by("-nonce")
