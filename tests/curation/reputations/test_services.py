"""Reputations as they are earned, frozen and told."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations

import pytest
from django.utils import timezone

from curation.ballots.models import Ballot
from curation.galleries.services import close_round, open_round
from curation.models import FrozenReputation, Member, Reputation, Round, ServedPair
from curation.reputations import rules
from curation.reputations.selectors import needs, record_of, reputation_of
from curation.reputations.services import freeze_reputations, learn_from_tally, note_test
from tests.curation.judging import cast, decoy_of, judge, round_with
from tests.factories import BriefFactory, RoundFactory, StandingFactory, TallyFactory
from tests.threads import at_once
from tests.wallets import Wallet

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def needs_little(settings) -> None:
    settings.REPUTATION_AGE = timedelta()
    settings.REPUTATION_GOLD = 3
    settings.NEWCOMERS_COUNT = False


@pytest.fixture
def ada() -> Member:
    return Member.objects.create_user(Wallet().address)


def gold(member: Member, round_: Round) -> ServedPair:
    """A gold pair as it was served."""
    candidate = round_.candidates.order_by("pk").last()
    low, high = sorted((candidate.digest, decoy_of(candidate).digest))
    return ServedPair.objects.create(
        round=round_,
        member=member,
        low=low,
        high=high,
        low_left=True,
        kind="gold",
        how="test",
        expected=candidate.digest,
    )


def take_tests(member: Member, round_: Round, passed: int, failed: int = 0) -> None:
    for number in range(passed + failed):
        pair = gold(member, round_)
        other = pair.high if pair.expected == pair.low else pair.low
        judge(pair, pair.expected if number < passed else other)


def counts(member: Member) -> tuple[int, float]:
    row = Reputation.objects.get(pk=member.pk)
    return row.gold_answered, row.gold_passed


def test_tests_answered_are_counted_and_valued(ada) -> None:
    round_ = round_with(1, 1)
    take_tests(ada, round_, passed=2)
    assert ada.reputation.value == 0
    take_tests(ada, round_, passed=1)
    ada.reputation.refresh_from_db()
    assert counts(ada) == (3, 3)
    assert ada.reputation.value == pytest.approx((2 * 4 / 5 - 1) * (2 * 10 / 11 - 1))
    take_tests(ada, round_, passed=0, failed=4)
    ada.reputation.refresh_from_db()
    assert (counts(ada), ada.reputation.value) == ((7, 3), 0)


def test_only_the_ballot_that_stands_is_counted(ada) -> None:
    pair = gold(ada, round_with(1, 1))
    other = pair.high if pair.expected == pair.low else pair.low
    judge(pair, other)
    assert counts(ada) == (1, 0)
    judge(pair, pair.low, outcome=1)
    assert counts(ada) == (1, 0.5)
    judge(pair, pair.expected)
    assert counts(ada) == (1, 1)
    judge(pair, pair.expected, outcome=2)
    assert counts(ada) == (0, 0)


def test_only_the_newest_tests_are_looked_at(ada) -> None:
    round_ = round_with(1, 1)
    take_tests(ada, round_, passed=0, failed=5)
    take_tests(ada, round_, passed=rules.WINDOW)
    assert counts(ada) == (50, 50)


def test_pairs_asked_again_are_compared_with_the_first_answer(ada) -> None:
    earlier, now = round_with(1, 3), RoundFactory()
    digests = sorted(earlier.candidates.values_list("digest", flat=True))
    for number, (low, high) in enumerate(combinations(digests, 2)):
        how = {"member": ada, "low": low, "high": high, "low_left": True}
        first = ServedPair.objects.create(round=earlier, kind="preference", how="random", **how)
        again = ServedPair.objects.create(round=now, kind="repeat", how="test", **how)
        judge(first, low)
        judge(again, low if number else high)
    assert (ada.reputation.repeats_answered, ada.reputation.repeats_agreed) == (3, 2)
    assert ada.reputation.gold_answered == 0


def test_reputations_are_frozen_as_they_are_when_a_round_opens(ada) -> None:
    other, banned = (Member.objects.create_user(Wallet().address) for _ in range(2))
    trial = round_with(1, 1)
    for member in (ada, banned):
        take_tests(member, trial, passed=3)
    take_tests(other, trial, passed=1)
    banned.is_active = False
    banned.save()
    opened = open_round(brief=BriefFactory())
    [frozen] = FrozenReputation.objects.all()
    assert (frozen.round, frozen.member, frozen.frozen_at) == (opened, ada, opened.opened_at)
    assert frozen.value == ada.reputation.value > 0
    take_tests(ada, trial, passed=3)
    freeze_reputations(round_=opened)  # again
    assert FrozenReputation.objects.get() == frozen
    frozen.refresh_from_db()
    assert frozen.value < Reputation.objects.get(pk=ada.pk).value


def test_account_that_came_of_age_since_its_tests_counts_from_the_next_round(ada, settings) -> None:
    settings.REPUTATION_AGE = timedelta(hours=24)
    take_tests(ada, round_with(1, 1), passed=3)
    assert ada.reputation.value == 0
    open_round(brief=BriefFactory())
    assert not FrozenReputation.objects.exists()
    Member.objects.filter(pk=ada.pk).update(joined_at=timezone.now() - timedelta(hours=25))
    opened = open_round(brief=BriefFactory())
    assert FrozenReputation.objects.get().round == opened
    ada.reputation.refresh_from_db()
    assert ada.reputation.value > 0.4


@pytest.mark.parametrize(
    ("passed", "failed", "agreed"), [(3, 0, 10), (2, 1, 10), (2, 2, 10), (5, 0, 1), (1, 5, 10)]
)
def test_coming_of_age_asks_for_what_makes_a_value(ada, settings, passed, failed, agreed) -> None:
    settings.REPUTATION_AGE = timedelta(hours=24)
    Reputation.objects.create(member=ada, agreed=agreed)
    take_tests(ada, round_with(1, 1), passed=passed, failed=failed)
    Member.objects.filter(pk=ada.pk).update(joined_at=timezone.now() - timedelta(hours=25))
    freeze_reputations(round_=RoundFactory())
    ada.reputation.refresh_from_db()
    record = rules.Record(
        gold_answered=passed + failed, gold_passed=passed, agreed=agreed, disagreed=1
    )
    expected = rules.value(record, age=timedelta(hours=25), needs=needs())
    assert ada.reputation.value == pytest.approx(expected)


def test_newcomer_counts_from_the_moment_their_reputation_begins_where_that_is_said(
    ada, settings
) -> None:
    rounds = [round_with(1, 1), RoundFactory()]
    over = RoundFactory(status="closed")
    take_tests(ada, rounds[0], passed=3)
    assert not FrozenReputation.objects.exists()
    settings.NEWCOMERS_COUNT = True
    take_tests(ada, rounds[0], passed=1)
    frozen = FrozenReputation.objects.filter(member=ada)
    assert {row.round_id for row in frozen} == {round_.pk for round_ in rounds} - {over.pk}
    before = frozen[0].value
    take_tests(ada, rounds[0], passed=5)  # changes nothing for rounds under way
    assert {row.value for row in frozen.all()} == {before}


def test_newcomer_who_fails_gets_no_reputation(ada, settings) -> None:
    settings.NEWCOMERS_COUNT = True
    take_tests(ada, round_with(1, 1), passed=1, failed=3)
    assert not FrozenReputation.objects.exists()


def test_reputation_is_told_with_reasons_and_without_tests_of_open_rounds(ada) -> None:
    round_ = round_with(1, 1)
    before = reputation_of(ada)
    assert (before.value, len(before.reasons)) == (0, 2)
    assert "0 of the 3 test pairs" in before.reasons[0]
    take_tests(ada, round_, passed=3)
    assert reputation_of(ada) == before  # else the number would tell which pair was a test
    close_round(round_=round_)
    after = reputation_of(ada)
    assert after.value == Reputation.objects.get().value > 0
    assert after.reasons[0] == "You passed 3 of 3 test pairs."


def test_tally_teaches_whose_choices_hold(ada) -> None:
    bea, cid, dan = (Member.objects.create_user(Wallet().address) for _ in range(3))
    round_ = round_with(1, 12)
    tally = TallyFactory(round=round_)
    best = list(round_.candidates.order_by("digest"))
    for rank, candidate in enumerate(best):
        StandingFactory(
            tally=tally, candidate=candidate, rank=rank + 1, score=3 - rank / 2, deviation=0.3
        )
    for better, worse in combinations([candidate.digest for candidate in best], 2):
        low, high = sorted((better, worse))
        for member, chosen, why in (
            (ada, better, "counted"),
            (bea, worse, "no_reputation"),
            (cid, worse, "staked"),
            (dan, low, "counted"),
        ):
            ballot = cast(member, round_, (low, high), chosen=chosen, outcome=int(member == dan))
            Ballot.objects.filter(pk=ballot.pk).update(why=why, weight=0.0)
    learn_from_tally(round_id=round_.pk)
    rows = {row.member: row for row in Reputation.objects.all()}
    assert set(rows) == {ada, bea}  # what a stake says is not believed, and a tie says nothing
    assert rules.reliability(record_of(rows[ada])) > 10 / 11
    assert rules.reliability(record_of(rows[bea])) < 10 / 11
    assert Reputation.objects.filter(value__gt=0).count() == 0  # their tests are still to come
    take_tests(ada, round_with(1, 1), passed=3)
    assert Reputation.objects.get(pk=ada.pk).value > (2 * 4 / 5 - 1) * (2 * 10 / 11 - 1)


@pytest.mark.django_db(transaction=True)
def test_tests_answered_at_once_are_all_counted(ada) -> None:
    round_ = round_with(1, 1)
    pairs = [gold(ada, round_) for _ in range(6)]
    for pair in pairs:
        cast(ada, round_, (pair.low, pair.high), chosen=pair.expected, pair=pair)
    at_once(6, lambda _: note_test(member_id=ada.pk))
    assert counts(ada) == (6, 6)
