"""Datasets: made once from what was counted, never changed, and whole."""

from __future__ import annotations

import hashlib
import io
import json

import pytest
from django.core.files.storage import default_storage
from pyarrow import parquet

from curation.galleries.services import close_round
from curation.galleries.takedowns import disqualify_candidate, hide_candidate
from curation.models import Ballot, Candidate, Member, Round, ServedPair
from generation.models import PreferenceDataset
from generation.preferences.selectors import repeated, rounds_to_learn_from
from generation.preferences.services import (
    RoundNotCounted,
    build_preference_dataset,
    fields_of,
    leaf_of,
    root_of,
)
from tests.factories import BallotFactory, MemberFactory, RoundFactory
from tests.generation.preferences.polls import Poll, counted_poll
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def build(poll: Poll) -> PreferenceDataset:
    return build_preference_dataset(round_id=poll.round.pk)


def pairs(dataset: PreferenceDataset) -> set[tuple[str, str]]:
    return set(dataset.rows.values_list("chosen", "rejected"))


def test_rows_are_the_pairs_of_one_prompt_that_counted():
    poll = Poll()
    first, second, third = poll.hung[0]
    other = poll.hung[1][0]
    kept = [poll.vote(voter, first, second) for voter in range(3)]
    poll.vote(3, third, second, outcome=Ballot.Outcome.TIE)
    poll.vote(0, first, other)
    poll.vote(1, first, third, why=Ballot.Why.TEST, weight=0.0)
    poll.vote(2, first, third, why=Ballot.Why.STAKED, weight=0.0)
    poll.vote(3, first, third, why=Ballot.Why.TRIAL, weight=0.0)
    poll.vote(3, second, first, why=Ballot.Why.CAPPED, weight=0.5)
    poll.count()
    dataset = build(poll)
    best = dataset.rows.get(chosen=first.digest)
    assert best.rejected == second.digest
    assert best.label == pytest.approx(4 / 5.5)
    assert {b.digest for b in kept} < set(best.ballots)
    assert len(best.ballots) == 4
    tie = dataset.rows.exclude(pk=best.pk).get()
    assert (tie.label, tie.chosen) == (0.5, min(second.digest, third.digest))
    assert sum(dataset.rows.values_list("weight", flat=True)) == pytest.approx(2)
    assert best.weight / tie.weight == pytest.approx(3.5)
    assert dataset.excluded == {"across_prompts": 1, "staked": 1, "test": 1, "trial": 1}
    assert (dataset.rows_count, dataset.ballots_count, dataset.voters_count) == (2, 5, 4)


def test_nothing_is_made_before_the_tally():
    poll = Poll()
    poll.everybody_likes_the_first()
    with pytest.raises(RoundNotCounted):
        build(poll)
    close_round(round_=poll.round)
    with pytest.raises(RoundNotCounted):
        build(poll)
    assert not rounds_to_learn_from().exists()


def test_a_second_call_returns_the_first_ones_dataset():
    poll = counted_poll()
    assert list(rounds_to_learn_from()) == [poll.round]
    dataset = build(poll)
    Ballot.objects.filter(round=poll.round).update(weight=9.0)
    again = build(poll)
    assert again == dataset
    assert list(again.rows.values_list("leaf")) == list(dataset.rows.values_list("leaf"))
    assert not rounds_to_learn_from().exists()


def test_how_often_its_voters_contradict_themselves_is_known():
    poll = counted_poll()
    dataset, later = build(poll), RoundFactory()
    first, second = poll.hung[0][:2]
    low, high = sorted((first.digest, second.digest))

    def served(round_: Round, voter: Member, kind: str) -> ServedPair:
        facts = {"round": round_, "member": voter, "low": low, "high": high, "low_left": True}
        return ServedPair.objects.create(kind=kind, how="test", **facts)

    stranger = MemberFactory()
    chosen = {poll.voters[0]: first, poll.voters[1]: second, stranger: second}
    for voter, now in chosen.items():
        before = poll.vote(0, first, second)  # all chose the first before
        pair = served(poll.round, voter, "preference")
        Ballot.objects.filter(pk=before.pk).update(voter=voter, pair=pair)
        digests = {"chosen": now.digest, "rejected": low if now.digest == high else high}
        BallotFactory(round=later, voter=voter, pair=served(later, voter, "repeat"), **digests)
    assert repeated(dataset) is None  # nobody learns yet which pairs tested
    close_round(round_=later)
    assert repeated(dataset) == (1, 2)  # the stranger's ballot is not in it


@pytest.mark.django_db(transaction=True)
def test_six_at_once_make_one():
    poll = counted_poll()
    made = at_once(6, lambda _: build(poll).pk)
    assert len(set(made)) == 1
    assert PreferenceDataset.objects.count() == 1
    assert PreferenceDataset.objects.get().rows.count() == 4


def test_root_covers_every_row_as_it_is_told():
    dataset = build(counted_poll())
    leaves = []
    for row in dataset.rows.all():
        said = fields_of(dataset.round_id, row.index, row)
        text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert hashlib.sha256(text.encode()).hexdigest() == row.leaf == leaf_of(said)
        leaves.append(row.leaf)
    assert len(set(leaves)) == 4
    assert dataset.root == root_of(leaves)
    assert dataset.root != root_of(leaves[:-1])


def test_a_taken_down_picture_is_gone_from_the_next_dataset_and_it_says_so():
    old = counted_poll()
    before = pairs(build(old))
    gone = old.hung[0][1]
    disqualify_candidate(candidate=gone)
    new = counted_poll(prompts=3)
    hidden = new.hung[2][2]
    hide_candidate(candidate=hidden)
    dataset = build(new)
    told = {digest for pair in pairs(dataset) for digest in pair}
    assert gone.digest in {digest for pair in before for digest in pair}
    assert not told & {gone.digest, hidden.digest}
    assert dataset.excluded == {"taken_down": 4}
    assert dataset.replayed_count == 3  # of the older round's four pairs
    assert PreferenceDataset.objects.get(round=old.round).rows.count() == 4  # never changed


def test_earlier_rounds_are_replayed_lighter():
    old, new = counted_poll(), counted_poll(prompts=4)
    build(old)
    dataset = build(new)
    rows = dataset.rows.filter(replayed=True)
    assert {row.round_id for row in rows} == {old.round.pk}
    assert (dataset.rows_count, dataset.replayed_count, rows.count()) == (12, 4, 4)
    [own] = set(dataset.rows.filter(replayed=False).values_list("weight", flat=True))
    [lighter] = set(rows.values_list("weight", flat=True))
    assert lighter == pytest.approx(own / 2)
    assert dataset.ballots_count == 4 * 8  # its own round's


@pytest.mark.parametrize("change", [{"width": 24}, {"base_hash": "ba" * 32}])
def test_pictures_of_another_size_or_base_are_not_replayed_beside_new_ones(change):
    old, new = counted_poll(), counted_poll()
    Candidate.objects.filter(round=old.round).update(**change)
    dataset = build(new)
    assert (dataset.rows_count, dataset.replayed_count, dataset.unfit) == (4, 0, "")
    assert build(old).rows_count == 4


def test_pictures_of_another_size_than_most_are_left_out_and_it_says_so():
    poll = counted_poll()
    Candidate.objects.filter(pk=poll.hung[1][2].pk).update(width=24)
    dataset = build(poll)
    assert (dataset.rows_count, dataset.excluded) == (3, {"another_size": 4})


@pytest.mark.parametrize(
    ("voters", "votes", "words"),
    [
        (1, 1, "Only 1 of the 3 voters"),
        (3, 0, "No ballot compares two pictures of one prompt"),
        (3, 1, "worth 1.0 of equal weight"),
    ],
)
def test_too_little_is_a_dataset_that_says_why(voters, votes, words):
    poll = Poll(voters=voters)
    for voter in range(voters):
        for other in poll.hung[0][1 : votes + 1]:
            poll.vote(voter, poll.hung[0][0], other)
    poll.count()
    dataset = build(poll)
    assert words in dataset.unfit
    assert dataset.rows_count == votes
    assert bool(dataset.root) == bool(dataset.files) == bool(votes)


def test_all_ties_prefer_nothing():
    poll = Poll(prompts=3)
    for voter in range(3):
        for first, *others in poll.hung:
            for other in others:
                poll.vote(voter, first, other, outcome=Ballot.Outcome.TIE)
    poll.count()
    assert "tie" in build(poll).unfit


def test_contradictory_votes_teach_nothing_but_are_kept():
    poll = Poll(prompts=3)
    for voter in range(4):
        for first, *others in poll.hung:
            for other in others:
                poll.vote(voter, *((first, other) if voter % 2 else (other, first)))
    poll.count()
    dataset = build(poll)
    assert set(dataset.rows.values_list("label", flat=True)) == {0.5}
    assert "tie" in dataset.unfit


def test_files_hold_every_row_in_the_usual_columns(settings):
    dataset = build(counted_poll())
    stored = {}
    for kind in ("jsonl", "parquet"):
        with default_storage.open(dataset.files[kind]["name"]) as file:
            stored[kind] = file.read()
        assert hashlib.sha256(stored[kind]).hexdigest() == dataset.files[kind]["sha256"]
        assert len(stored[kind]) == dataset.files[kind]["bytes"]
    lines = [json.loads(line) for line in stored["jsonl"].splitlines()]
    assert parquet.read_table(io.BytesIO(stored["parquet"])).to_pylist() == lines
    for line, row in zip(lines, dataset.rows.all(), strict=True):
        assert (line["image_0_uid"], line["image_1_uid"]) == (row.chosen, row.rejected)
        assert (line["caption"], line["label_0"]) == (row.prompt, row.label)
        assert line["label_0"] + line["label_1"] == 1
        assert line["image_0_url"] == f"{settings.SITE_URL}/media/pictures/{row.chosen}.png"
        assert (line["leaf"], line["weight"]) == (row.leaf, row.weight)


def test_parquet_of_more_than_a_group_loses_no_row(monkeypatch):
    from generation.preferences import exports

    monkeypatch.setattr(exports, "_GROUP", 3)
    dataset = build(counted_poll(prompts=4))
    with default_storage.open(dataset.files["parquet"]["name"]) as file:
        table = parquet.read_table(io.BytesIO(file.read()))
    assert table.num_rows == dataset.rows_count == 8
