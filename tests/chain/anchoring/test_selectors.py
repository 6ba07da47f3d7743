from datetime import timedelta
from itertools import pairwise

import pytest
from django.utils import timezone

from chain.anchoring.selectors import (
    ENOUGH,
    MOST_BATCHES,
    PATIENCE,
    batches_to_anchor,
    rounds_to_gather,
)
from chain.anchoring.services import gather_batch
from curation.galleries.models import Candidate, Round
from curation.stakes.models import Batch
from tests.factories import RoundFactory

from .rounds import anchored, hang, put_on_chain, round_on_chain

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


def due() -> list[Round]:
    return rounds_to_gather(timezone.now())


def batches(round_: Round, count: int, ago: timedelta) -> None:
    """Empty batches of a round, the last one made `ago`."""
    made = [Batch(round=round_, root=f"{round_.pk:032x}{n:032x}", count=1) for n in range(count)]
    Batch.objects.bulk_create(made)
    Batch.objects.filter(round=round_).update(created_at=timezone.now() - ago)


def test_a_round_is_due_when_enough_wait() -> None:
    round_ = round_on_chain(ENOUGH - 1)
    assert due() == []
    hang(round_, 1)
    assert due() == [round_]
    gather_batch(round_id=round_.pk)
    assert due() == []


def test_a_round_is_due_when_one_has_waited_long_enough() -> None:
    round_ = round_on_chain(1, ago=PATIENCE - 5 * SECOND)
    assert due() == []
    hang(round_, 1, ago=PATIENCE)
    assert due() == [round_]


def test_a_round_is_due_when_its_deadline_leaves_no_time_to_wait() -> None:
    round_ = round_on_chain(1)
    deadline = round_.on_chain.anchor_deadline
    assert rounds_to_gather(deadline - PATIENCE - SECOND) == []
    assert rounds_to_gather(deadline - PATIENCE) == [round_]
    assert rounds_to_gather(deadline - SECOND) == [round_]
    assert rounds_to_gather(deadline) == []


def test_the_most_pressing_round_comes_first() -> None:
    late, soon = RoundFactory(), RoundFactory()
    now = timezone.now()
    put_on_chain(late, anchor_deadline=now + timedelta(minutes=30))
    put_on_chain(soon, anchor_deadline=now + timedelta(minutes=20))
    hang(late, ENOUGH)
    hang(soon, ENOUGH)
    assert due() == [soon, late]


@pytest.mark.parametrize("state", ["proposed", "settled", "refundable"])
def test_rounds_that_the_contract_has_left_behind_are_not_due(state) -> None:
    round_on_chain(ENOUGH, state=state)
    assert due() == []


def test_rounds_that_are_closed_or_not_on_the_chain_are_not_due() -> None:
    hang(RoundFactory(), ENOUGH, ago=2 * PATIENCE)
    closed = round_on_chain(ENOUGH)
    Round.objects.filter(pk=closed.pk).update(status=Round.Status.CLOSED)
    assert due() == []


def test_hidden_candidates_make_no_round_due() -> None:
    round_on_chain(ENOUGH, ago=2 * PATIENCE)
    Candidate.objects.update(status=Candidate.Status.HIDDEN)
    assert due() == []


def test_batches_of_a_long_round_keep_a_pace_that_lasts_to_its_end() -> None:
    now = timezone.now()
    round_ = round_on_chain(ENOUGH, anchor_deadline=now + timedelta(days=10))
    batches(round_, MOST_BATCHES - 100, ago=timedelta(hours=2))  # a batch every 2.4 h is left
    assert due() == []
    Batch.objects.update(created_at=now - timedelta(hours=3))
    assert due() == [round_]


def test_the_last_batch_is_kept_for_the_end() -> None:
    round_ = round_on_chain(ENOUGH)
    deadline = round_.on_chain.anchor_deadline
    batches(round_, MOST_BATCHES - 1, ago=timedelta(days=1))
    assert due() == []
    assert rounds_to_gather(deadline - PATIENCE) == [round_]
    gather_batch(round_id=round_.pk)
    hang(round_, ENOUGH)
    assert rounds_to_gather(deadline - SECOND) == []


@pytest.mark.parametrize("days", [1, 89])
def test_a_round_of_any_length_has_batches_to_its_end_evenly(days, monkeypatch) -> None:
    """Candidates come without end; a clock in the test says what time it is."""
    clock = timezone.now()
    deadline = clock + timedelta(days=days)
    round_ = round_on_chain(1, anchor_deadline=deadline)
    batches(round_, MOST_BATCHES - 20, ago=timedelta())
    made = [clock]
    while clock < deadline:
        monkeypatch.setattr("chain.anchoring.selectors.timezone.now", lambda now=clock: now)
        if rounds_to_gather(clock):
            batch = gather_batch(round_id=round_.pk)
            Batch.objects.filter(pk=batch.pk).update(created_at=clock)
            made.append(clock)
            hang(round_, 1)
            Candidate.objects.filter(anchor=None).update(published_at=clock)
        clock += max((deadline - clock) / 30, PATIENCE / 2)
    assert deadline - made[-1] <= PATIENCE
    assert Batch.objects.count() <= MOST_BATCHES
    longest = max(later - earlier for earlier, later in pairwise(made))
    assert longest <= 3 * timedelta(days=days) / 20


def test_batches_are_anchored_in_the_order_they_were_gathered_until_the_chain_has_them() -> None:
    round_ = round_on_chain(3)
    first = gather_batch(round_id=round_.pk)
    hang(round_, 2)
    second = gather_batch(round_id=round_.pk)
    assert list(batches_to_anchor()) == [first, second]
    anchored(first)
    assert list(batches_to_anchor()) == [second]
    anchored(second, index=1)
    assert list(batches_to_anchor()) == []


def test_the_same_root_in_another_round_does_not_count() -> None:
    round_, other = round_on_chain(3), round_on_chain()
    batch = gather_batch(round_id=round_.pk)
    row = anchored(batch)
    row.round = other
    row.save()
    assert list(batches_to_anchor()) == [batch]


def test_batches_that_came_too_late_are_left() -> None:
    round_ = round_on_chain(3)
    batch = gather_batch(round_id=round_.pk)
    deadline = round_.on_chain.anchor_deadline
    assert list(batches_to_anchor(deadline - SECOND)) == [batch]
    assert list(batches_to_anchor(deadline)) == []
    round_.on_chain.state = "refundable"
    round_.on_chain.save()
    assert list(batches_to_anchor()) == []


def test_what_a_sender_needs_comes_in_one_query(django_assert_num_queries) -> None:
    for _ in range(3):
        gather_batch(round_id=round_on_chain(2).pk)
    with django_assert_num_queries(1):
        assert all(b.round.on_chain.anchor_deadline for b in batches_to_anchor())
