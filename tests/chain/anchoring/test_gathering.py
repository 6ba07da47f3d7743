import random

import pytest

from chain.anchoring.services import AT_MOST, gather_batch
from chain.merkle.tree import MerkleTree, verify
from curation.galleries.models import Candidate, Round
from curation.galleries.services import close_round
from curation.stakes.models import AnchoredCandidate, Batch
from tests.threads import at_once

from .rounds import hang, round_on_chain

pytestmark = pytest.mark.django_db


def digests_in(batch: Batch) -> set[str]:
    return set(batch.members.values_list("candidate__digest", flat=True))


def test_a_batch_holds_all_that_waits_with_proofs_that_lead_to_its_root() -> None:
    round_ = round_on_chain()
    hung = hang(round_, 11)
    batch = gather_batch(round_id=round_.pk)
    assert batch.count == 11
    assert digests_in(batch) == {candidate.digest for candidate in hung}
    assert batch.root == MerkleTree(bytes.fromhex(c.digest) for c in hung).root.hex()
    for place in batch.members.select_related("candidate"):
        proof = [bytes.fromhex(sibling) for sibling in place.proof]
        assert verify(bytes.fromhex(batch.root), bytes.fromhex(place.candidate.digest), proof)


def test_a_single_candidate_is_a_batch_with_an_empty_proof() -> None:
    round_ = round_on_chain(1)
    batch = gather_batch(round_id=round_.pk)
    assert (batch.count, batch.members.get().proof) == (1, [])


def test_the_next_batch_holds_only_what_came_since() -> None:
    round_ = round_on_chain(5)
    first = gather_batch(round_id=round_.pk)
    assert gather_batch(round_id=round_.pk) is None
    since = hang(round_, 3)
    second = gather_batch(round_id=round_.pk)
    assert digests_in(second) == {candidate.digest for candidate in since}
    assert first.root != second.root


def test_a_batch_takes_the_oldest_and_no_more_than_it_may() -> None:
    round_ = round_on_chain()
    hung = hang(round_, 7)
    batch = gather_batch(round_id=round_.pk, at_most=4)
    assert digests_in(batch) == {candidate.digest for candidate in hung[:4]}
    rest = gather_batch(round_id=round_.pk, at_most=4)
    assert digests_in(rest) == {candidate.digest for candidate in hung[4:]}


def test_a_full_batch_is_written_in_few_queries(django_assert_max_num_queries) -> None:
    round_ = round_on_chain(AT_MOST)
    with django_assert_max_num_queries(8):
        batch = gather_batch(round_id=round_.pk)
    assert batch.count == AT_MOST
    assert max(len(place.proof) for place in batch.members.all()) == 11


def test_only_published_candidates_of_this_round_are_gathered() -> None:
    round_, other = round_on_chain(), round_on_chain(4)
    hung = hang(round_, 5)
    Candidate.objects.filter(pk=hung[4].pk).update(status=Candidate.Status.HELD)
    Candidate.objects.filter(pk=hung[0].pk).update(status=Candidate.Status.HIDDEN)
    Candidate.objects.filter(pk=hung[1].pk).update(status=Candidate.Status.DISQUALIFIED)
    batch = gather_batch(round_id=round_.pk)
    assert digests_in(batch) == {hung[2].digest, hung[3].digest}
    assert not AnchoredCandidate.objects.filter(candidate__round=other).exists()


def test_a_candidate_that_was_hidden_is_gathered_once_it_hangs_again() -> None:
    round_ = round_on_chain()
    hidden, *_ = hang(round_, 3)
    Candidate.objects.filter(pk=hidden.pk).update(status=Candidate.Status.HIDDEN)
    gather_batch(round_id=round_.pk)
    Candidate.objects.filter(pk=hidden.pk).update(status=Candidate.Status.PUBLISHED)
    assert digests_in(gather_batch(round_id=round_.pk)) == {hidden.digest}


@pytest.mark.parametrize("status", [Round.Status.CLOSED, Round.Status.CANCELLED])
def test_a_round_that_is_over_is_not_gathered(status) -> None:
    round_ = round_on_chain(9)
    if status == Round.Status.CLOSED:
        close_round(round_=round_)
    else:
        Round.objects.update(status=status)
    assert gather_batch(round_id=round_.pk) is None
    assert not Batch.objects.exists()


def test_the_same_wall_in_another_order_has_the_same_root() -> None:
    roots = set()
    for seed in range(3):
        round_ = round_on_chain()
        digests = [f"{n:064x}" for n in range(20)]
        random.Random(seed).shuffle(digests)
        for candidate, digest in zip(hang(round_, 20), digests, strict=True):
            Candidate.objects.filter(pk=candidate.pk).update(digest=digest)
        roots.add(gather_batch(round_id=round_.pk).root)
        AnchoredCandidate.objects.all().delete()
        Batch.objects.all().delete()
        Candidate.objects.all().delete()
    assert len(roots) == 1


@pytest.mark.django_db(transaction=True)
def test_ten_workers_at_once_batch_no_candidate_twice() -> None:
    round_ = round_on_chain(95)
    made = at_once(10, lambda _: gather_batch(round_id=round_.pk, at_most=10))
    assert all(isinstance(batch, Batch) for batch in made), made
    assert sorted(batch.count for batch in made) == [5, *[10] * 9]
    assert AnchoredCandidate.objects.count() == 95
    assert len({batch.root for batch in made}) == 10


@pytest.mark.django_db(transaction=True)
def test_pictures_hung_during_gathering_are_in_the_next_batch_or_this_one() -> None:
    round_ = round_on_chain(40)

    def hang_or_gather(index: int) -> object:
        if index % 2:
            return hang(round_, 5)
        return gather_batch(round_id=round_.pk) or "nothing"

    outcomes = at_once(10, hang_or_gather)
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    gather_batch(round_id=round_.pk)
    assert AnchoredCandidate.objects.count() == Candidate.objects.count() == 65
    assert sum(Batch.objects.values_list("count", flat=True)) == 65


@pytest.mark.django_db(transaction=True)
def test_a_batch_is_written_whole_or_not_at_all(monkeypatch) -> None:
    round_ = round_on_chain(6)

    def broken(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(AnchoredCandidate.objects, "bulk_create", broken)
        with pytest.raises(ZeroDivisionError):
            gather_batch(round_id=round_.pk)
    assert not Batch.objects.exists()
    assert gather_batch(round_id=round_.pk).count == 6
