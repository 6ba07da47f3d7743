"""Writes about reputations."""

from __future__ import annotations

from dataclasses import asdict

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from curation.galleries.models import Round
from curation.reputations import rules
from curation.reputations.models import FrozenReputation, Reputation
from curation.reputations.selectors import (
    age_of,
    counts_of,
    judged_by_tally,
    needs,
    record_of,
)
from curation.standings.crowd_bt import reliability

_FREEZE = """
    INSERT INTO curation_frozenreputation (round_id, member_id, value, frozen_at)
    SELECT %(round)s, r.member_id, r.value, %(at)s
    FROM curation_reputation r JOIN curation_member m ON m.id = r.member_id
    WHERE r.value > 0 AND m.is_active
    ON CONFLICT (round_id, member_id) DO NOTHING
"""


@transaction.atomic
def note_test(*, member_id: int) -> None:
    """Count a member's tests anew after one of them was answered, and what follows from it."""
    Reputation.objects.get_or_create(member_id=member_id)
    row = _locked(member_id)
    for name, count in asdict(counts_of(member_id)).items():
        setattr(row, name, count)
    _settle(row)
    if settings.NEWCOMERS_COUNT and row.value > 0:
        _admit_to_open_rounds(row)


@transaction.atomic
def freeze_reputations(*, round_: Round) -> None:
    """Keep everybody's reputation for a round as it is now, in which the round opens."""
    _settle_those_come_of_age()
    with connection.cursor() as cursor:
        cursor.execute(_FREEZE, {"round": round_.pk, "at": round_.opened_at})


@transaction.atomic
def learn_from_tally(*, round_id: int) -> None:
    """Let a round's tally say how far its voters' choices hold; once, as it is published.

    Ballots on pairs that were served count, whether their voter had a reputation or not; those
    with a stake in them and tests do not.
    """
    judged = judged_by_tally(round_id)
    Reputation.objects.bulk_create(
        [Reputation(member_id=member_id) for member_id in judged], ignore_conflicts=True
    )
    rows = Reputation.objects.select_for_update(of=("self",)).select_related("member")
    learnt = []
    for row in rows.filter(pk__in=judged).order_by("pk"):
        row.agreed, row.disagreed = reliability(row.agreed, row.disagreed, judged[row.pk])
        row.value = rules.value(record_of(row), age=age_of(row.member), needs=needs())
        learnt.append(row)
    fields = ("agreed", "disagreed", "value", "updated_at")
    Reputation.objects.bulk_update(learnt, fields, batch_size=1000)


def _locked(member_id: int) -> Reputation:
    rows = Reputation.objects.select_for_update(of=("self",)).select_related("member")
    return rows.get(pk=member_id)


def _settle(row: Reputation) -> None:
    row.value = rules.value(record_of(row), age=age_of(row.member), needs=needs())
    row.save()


def _settle_those_come_of_age() -> None:
    """Value those who passed their tests before their account was old enough."""
    wanted = needs()
    waiting = Reputation.objects.filter(
        value=0,
        gold_answered__gte=wanted.gold,
        member__joined_at__lte=timezone.now() - wanted.age,
        agreed__gt=F("disagreed"),
        gold_passed__gte=F("gold_answered") * rules.LEAST_PASSED,
        # More tests passed than by chance: whose value stays 0 is not looked at every time.
        repeats_agreed__gt=F("gold_answered") + F("repeats_answered") * 0.5 - F("gold_passed") * 2,
    )
    for member_id in waiting.order_by("pk").values_list("pk", flat=True):  # as a tally locks them
        _settle(_locked(member_id))


def _admit_to_open_rounds(row: Reputation) -> None:
    now = timezone.now()
    still = Round.objects.filter(status=Round.Status.OPEN, closes_at__gt=now)
    open_rounds = still.values_list("pk", flat=True)
    FrozenReputation.objects.bulk_create(
        [
            FrozenReputation(round_id=pk, member=row.member, value=row.value, frozen_at=now)
            for pk in open_rounds
        ],
        ignore_conflicts=True,
    )
