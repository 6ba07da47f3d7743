import random
import threading
import time

import pytest
from django.db import connection, connections, transaction

from chain.merkle.tree import MerkleTree
from chain.tallies import gathering
from chain.tallies.gathering import gather_ballots
from curation.ballots.models import Ballot, BallotAnchor
from curation.galleries.services import close_round
from curation.models import Round
from tests.factories import MemberFactory, RoundFactory
from tests.threads import at_once

from .jury import cast, root_of

pytestmark = pytest.mark.django_db
PAIR = ("1a" * 32, "2b" * 32)


def voted(round_: Round, count: int) -> list[Ballot]:
    return [cast(round_, MemberFactory(), *PAIR) for _ in range(count)]


def test_a_root_is_over_all_ballots_so_far_those_of_earlier_roots_included():
    round_ = RoundFactory()
    first_ballots = voted(round_, 5)
    first = gather_ballots(round_id=round_.pk)
    assert (first.index, first.count, first.root) == (0, 5, root_of(round_))
    voted(round_, 3)
    second = gather_ballots(round_id=round_.pk)
    assert (second.index, second.count, second.root) == (1, 8, root_of(round_))
    assert set(first.ballots.all()) == set(first_ballots)
    assert second.ballots.count() == 3


def test_nothing_is_gathered_where_nothing_waits():
    round_ = RoundFactory()
    assert gather_ballots(round_id=round_.pk) is None
    voted(round_, 1)
    gather_ballots(round_id=round_.pk)
    assert gather_ballots(round_id=round_.pk) is None
    assert BallotAnchor.objects.count() == 1


def test_a_withdrawn_ballot_is_under_the_root_like_all_that_were_accepted():
    round_ = RoundFactory()
    cast(round_, MemberFactory(), *PAIR, outcome=Ballot.Outcome.WITHDRAWN)
    assert gather_ballots(round_id=round_.pk).count == 1


def test_ballots_of_other_rounds_stay_where_they_are():
    round_, other = RoundFactory(), RoundFactory()
    voted(round_, 2), voted(other, 2)
    anchor = gather_ballots(round_id=round_.pk)
    assert anchor.root == root_of(round_)
    assert Ballot.objects.filter(anchor=None).count() == 2


def test_the_last_root_of_a_closed_round_is_over_all_of_its_ballots():
    round_ = RoundFactory()
    voted(round_, 2)
    gather_ballots(round_id=round_.pk)
    voted(round_, 2)
    close_round(round_=round_)
    assert gather_ballots(round_id=round_.pk).root == root_of(round_)


def test_the_order_of_acceptance_changes_no_root():
    digests, roots = [f"{n:064x}" for n in range(1, 30)], set()
    for seed in range(3):
        round_ = RoundFactory()
        random.Random(seed).shuffle(digests)
        for digest in digests:
            cast(round_, MemberFactory(), *PAIR, digest=digest)
        roots.add(gather_ballots(round_id=round_.pk).root)
        round_.ballots.all().delete()
    assert roots == {MerkleTree(map(bytes.fromhex, digests)).root.hex()}


def test_many_ballots_take_few_queries(django_assert_max_num_queries, monkeypatch):
    monkeypatch.setattr(gathering, "AT_ONCE", 20)
    round_ = RoundFactory()
    voted(round_, 50)
    with django_assert_max_num_queries(11):
        gather_ballots(round_id=round_.pk)
    assert not Ballot.objects.filter(anchor=None).exists()


@pytest.mark.django_db(transaction=True)
def test_ten_at_once_make_one_root():
    round_ = RoundFactory()
    voted(round_, 30)
    made = at_once(10, lambda _: gather_ballots(round_id=round_.pk))
    assert [anchor for anchor in made if anchor is not None] == [BallotAnchor.objects.get()]


@pytest.mark.django_db(transaction=True)
def test_ballots_cast_meanwhile_are_under_this_root_or_the_next():
    round_ = RoundFactory()
    voters = [MemberFactory() for _ in range(25)]

    def cast_or_gather(index: int) -> object:
        if index % 2:
            return [cast(round_, voter, *PAIR) for voter in voters[index // 2 :: 5]]
        return [gather_ballots(round_id=round_.pk) for _ in range(3)]

    outcomes = at_once(10, cast_or_gather)
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    gather_ballots(round_id=round_.pk)
    assert not Ballot.objects.filter(anchor=None).exists()
    seen = []
    for index, anchor in enumerate(BallotAnchor.objects.order_by("index")):
        assert anchor.index == index
        seen += anchor.ballots.values_list("digest", flat=True)
        assert anchor.root == MerkleTree(map(bytes.fromhex, seen)).root.hex()
    assert len(seen) == 25


@pytest.fixture
def held():
    """A ballot that is being written by somebody else until the test lets it go."""
    begun, go_on = threading.Event(), threading.Event()

    def write(round_: Round) -> None:
        try:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    row = "SELECT 1 FROM curation_round WHERE id = %s FOR KEY SHARE"
                    cursor.execute(row, [round_.pk])
                begun.set()
                go_on.wait(20)
                voted(round_, 1)
        finally:
            connections.close_all()

    threads = []

    def begin(round_: Round) -> threading.Event:
        threads.append(threading.Thread(target=write, args=[round_]))
        threads[-1].start()
        assert begun.wait(20)
        return go_on

    yield begin
    go_on.set()
    for thread in threads:
        thread.join(20)


@pytest.mark.django_db(transaction=True)
def test_threat_32_the_last_root_waits_for_ballots_that_are_being_written(held):
    round_ = RoundFactory()
    voted(round_, 2)
    go_on = held(round_)
    Round.objects.filter(pk=round_.pk).update(status="closed")  # however it closed
    threading.Timer(0.5, go_on.set).start()
    anchor = gather_ballots(round_id=round_.pk)
    assert anchor.count == 3
    assert anchor.root == root_of(round_)


@pytest.mark.django_db(transaction=True)
def test_gathering_of_an_open_round_waits_for_no_voter(held):
    round_ = RoundFactory()
    voted(round_, 2)
    held(round_)
    begin = time.monotonic()
    assert gather_ballots(round_id=round_.pk).count == 2
    assert time.monotonic() - begin < 5


@pytest.mark.django_db(transaction=True)
def test_a_root_is_written_whole_or_not_at_all(monkeypatch):
    round_ = RoundFactory()
    voted(round_, 5)
    monkeypatch.setattr(gathering, "AT_ONCE", 0)  # range() refuses
    with pytest.raises(ValueError, match="zero"):
        gather_ballots(round_id=round_.pk)
    assert not BallotAnchor.objects.exists()
    monkeypatch.undo()
    assert gather_ballots(round_id=round_.pk).ballots.count() == 5
