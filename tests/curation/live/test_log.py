import threading
import time

import pytest
from django.db import IntegrityError, transaction

from curation.live.models import Event, Stream
from curation.live.selectors import LONGEST_REPLAY, events_since, position
from curation.live.services import append, trim
from tests.threads import at_once

STREAM = "round-1"


def say(stream: str = STREAM, **payload: object) -> int:
    with transaction.atomic():
        return append(stream=stream, kind="round_opened", payload=payload)


@pytest.mark.django_db(transaction=True)
def test_append_belongs_inside_a_transaction():
    with pytest.raises(transaction.TransactionManagementError):
        append(stream=STREAM, kind="round_opened", payload={})
    assert not Event.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_numbers_are_gapless_whatever_is_rolled_back():
    def work(index: int) -> None:
        for repeat in range(5):
            try:
                with transaction.atomic():
                    append(stream=STREAM, kind="round_opened", payload={"by": index})
                    1 // ((index + repeat) % 3)  # every third is rolled back
            except ZeroDivisionError:
                continue

    assert at_once(20, work) == [None] * 20
    numbers = list(Event.objects.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) == sum((i + r) % 3 != 0 for i in range(20) for r in range(5))
    assert position(STREAM) == len(numbers)


@pytest.mark.django_db(transaction=True)
def test_events_become_visible_in_the_order_of_their_numbers():
    """A reader that has seen number n never later finds one below it."""
    stop = threading.Event()

    def write(index: int) -> None:
        for _ in range(15):
            with transaction.atomic():
                append(stream=STREAM, kind="round_opened", payload={})
                time.sleep(0.001 * (index % 3))  # commits take their time

    def read() -> list[int]:
        seen: list[int] = []
        while not stop.is_set() or len(seen) < position(STREAM):
            known = seen[-1] if seen else 0
            found = Event.objects.filter(stream=STREAM, number__gt=known).order_by("number")
            seen += found.values_list("number", flat=True)
        return seen

    def work(index: int) -> list[int] | None:
        if index == 0:
            return read()
        write(index)
        finished.append(index)
        if len(finished) == 6:
            stop.set()
        return None

    finished: list[int] = []
    seen, *_ = at_once(7, work)
    assert seen == list(range(1, 6 * 15 + 1))


@pytest.mark.django_db(transaction=True)
def test_appending_meanwhile_never_looks_like_a_gap():
    stop = threading.Event()

    def work(index: int) -> object:
        if index == 0:
            for _ in range(300):
                say()
            stop.set()
            return None
        since = gaps = 0
        while not stop.is_set():
            news = events_since(STREAM, since)
            gaps += news is None
            since = news[-1].number if news else since
        return gaps

    assert at_once(4, work)[1:] == [0, 0, 0]


@pytest.mark.django_db
def test_streams_count_for_themselves():
    assert [say("round-1"), say("round-2"), say("round-1")] == [1, 1, 2]
    assert (position("round-1"), position("round-2"), position("round-3")) == (2, 1, 0)


@pytest.mark.django_db
def test_events_since_gives_what_came_later():
    for _ in range(5):
        say()
    assert [event.number for event in events_since(STREAM, 3)] == [4, 5]
    assert events_since(STREAM, 5) == []
    assert events_since("round-9", 0) == []


@pytest.mark.django_db
def test_events_since_gives_none_when_ahead_too_far_behind_or_trimmed():
    for _ in range(LONGEST_REPLAY + 1):
        say()
    assert events_since(STREAM, LONGEST_REPLAY + 2) is None
    assert events_since(STREAM, 0) is None
    assert len(events_since(STREAM, 1)) == LONGEST_REPLAY
    assert trim(keep=10) == LONGEST_REPLAY - 9
    assert events_since(STREAM, LONGEST_REPLAY - 10) is None
    assert len(events_since(STREAM, LONGEST_REPLAY - 9)) == 10


@pytest.mark.django_db
def test_trim_keeps_the_newest_of_every_stream_and_their_numbers():
    for _ in range(5):
        say("round-1")
    say("round-2")
    assert trim(keep=2) == 3
    assert list(Event.objects.order_by("stream", "number").values_list("stream", "number")) == [
        ("round-1", 4),
        ("round-1", 5),
        ("round-2", 1),
    ]
    assert trim(keep=0) == 3
    assert say("round-1") == 6


@pytest.mark.django_db
def test_database_refuses_a_number_twice_and_a_stream_below_zero():
    say()
    stream = Stream.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.create(stream=stream, number=1, kind="round_opened")
    with pytest.raises(IntegrityError), transaction.atomic():
        Stream.objects.update(last=-1)
