"""Every event does to the tables what it says, and is taken back without a trace."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curation.stakes import events as ev
from curation.stakes import projections
from curation.stakes.models import (
    Activity,
    AnchoredBatch,
    Balance,
    ChainRound,
    Funding,
    Stake,
    Winner,
)
from curation.stakes.selectors import activity_of, balance_of, principal_of, staked_behind
from tests.chain.indexer.model import tables
from tests.curation.stakes.events import line, place

ADA, BOB = "0x" + "0" * 38 + "Aa", "0x" + "0" * 38 + "bB"
ONE, TWO = "11" * 32, "22" * 32
ROOT, BUNDLE = "33" * 32, "44" * 32
OPENED = (ev.RoundOpened, 7, 1_800_000_000, 1_800_000_100, 1_800_000_200, 300)
PROPOSED = (ev.ResultProposed, 7, [ONE, TWO], [6_000, 4_000], ROOT, BUNDLE, 1_800_000_900)
pytestmark = pytest.mark.django_db


def told(*events: tuple) -> ChainRound:
    """Round 7 after it was opened and these things happened."""
    projections.apply(line(OPENED, *events))
    return ChainRound.objects.get(pk=7)


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def test_round_opened_sets_its_times():
    row = told()
    assert (row.state, row.challenge_s, row.pool_wei, row.settles_at) == ("open", 300, 0, None)
    assert row.anchor_deadline == at(1_800_000_000)
    assert row.staking_deadline == at(1_800_000_100)
    assert row.result_deadline == at(1_800_000_200)


def test_candidates_anchored_is_a_batch():
    told((ev.CandidatesAnchored, 7, 0, ROOT, 12, "https://x.example"))
    row = AnchoredBatch.objects.get()
    assert (row.round_id, row.index, row.root, row.count) == (7, 0, ROOT, 12)
    assert (row.block_number, row.tx_hash, row.uri) == (2, place(2).tx_hash, "https://x.example")


def test_ballots_anchored_keeps_the_last_root():
    assert told((ev.BallotsAnchored, 7, ONE), (ev.BallotsAnchored, 7, ROOT)).ballots_root == ROOT


def test_funded_adds_to_pool_and_funding():
    row = told((ev.Funded, 7, ADA, 5), (ev.Funded, 7, ADA, 6), (ev.Funded, 7, BOB, 1))
    assert row.pool_wei == 12
    assert set(Funding.objects.values_list("address", "funded_wei")) == {(ADA, 11), (BOB, 1)}


def test_staked_adds_up_by_address_and_candidate():
    told((ev.Staked, 7, ADA, ONE, 5), (ev.Staked, 7, ADA, ONE, 6), (ev.Staked, 7, BOB, ONE, 1))
    assert staked_behind(7, [ONE, TWO]) == {ONE: 12}
    assert principal_of(ADA) == 11
    assert Stake.objects.count() == 2


def test_result_proposed_names_winners_and_when_it_settles():
    row = told(PROPOSED)
    assert (row.state, row.settles_at) == ("proposed", at(1_800_000_900))
    assert (row.ballots_root, row.bundle_hash) == (ROOT, BUNDLE)
    winners = Winner.objects.order_by("place").values_list("place", "digest", "share_bps")
    assert list(winners) == [(1, ONE, 6_000), (2, TWO, 4_000)]


def test_result_vetoed_and_round_cancelled_make_it_refundable():
    assert told(PROPOSED, (ev.ResultVetoed, 7, ADA)).state == "refundable"
    projections.clear()
    assert told((ev.RoundCancelled, 7, ADA)).state == "refundable"


def test_round_settled_says_what_goes_back():
    row = told((ev.Funded, 7, ADA, 10), PROPOSED, (ev.RoundSettled, 7, 10, 4))
    assert (row.state, row.pool_wei, row.returned_wei) == ("settled", 10, 4)


def test_withdrawn_takes_principal_and_reward():
    told((ev.Staked, 7, ADA, ONE, 5), (ev.Withdrawn, 7, ADA, ONE, 5, 2))
    row = Stake.objects.get()
    assert (row.staked_wei, row.withdrawn_wei, row.reward_wei) == (5, 5, 2)
    assert principal_of(ADA) == 0


def test_refunded_is_noted_at_the_funding():
    told((ev.Funded, 7, ADA, 5), (ev.Refunded, 7, ADA, 5))
    assert Funding.objects.get().refunded_wei == 5


def test_transfer_moves_a_balance_and_empty_ones_are_no_rows():
    projections.apply(
        line(
            (ev.Transfer, projections.NOBODY, ADA, 5),
            (ev.Transfer, ADA, BOB, 5),
            (ev.Transfer, BOB, projections.NOBODY, 1),
        )
    )
    assert list(Balance.objects.values_list()) == [(BOB, 4)]
    assert (balance_of(BOB), balance_of(ADA)) == (4, 0)


def test_activity_tells_it_newest_first():
    told((ev.Staked, 7, ADA, ONE, 5), (ev.Funded, 7, BOB, 3), (ev.Withdrawn, 7, ADA, ONE, 5, 2))
    rows = activity_of(round_id=7).values_list("kind", "address", "amount_wei", "reward_wei")
    assert list(rows) == [
        ("withdrawn", ADA, 5, 2),
        ("funded", BOB, 3, 0),
        ("staked", ADA, 5, 0),
        ("opened", "", 0, 0),
    ]
    assert activity_of(address=BOB).get().at == place(3).at
    assert not activity_of(round_id=8).exists()


def test_more_withdrawn_than_staked_is_refused_and_leaves_nothing():
    with pytest.raises(IntegrityError):
        projections.apply(line((ev.Staked, 7, ADA, ONE, 5), (ev.Withdrawn, 7, ADA, ONE, 6, 0)))


STORY = line(
    OPENED,
    (ev.Transfer, projections.NOBODY, ADA, 100),
    (ev.CandidatesAnchored, 7, 0, ROOT, 12, ""),
    (ev.Transfer, ADA, BOB, 100),
    (ev.Funded, 7, ADA, 5),
    (ev.Staked, 7, ADA, ONE, 5),
    (ev.BallotsAnchored, 7, ONE),
    (ev.Staked, 7, BOB, TWO, 8),
    (ev.Staked, 7, ADA, ONE, 6),
    (ev.BallotsAnchored, 7, ROOT),
    (ev.Funded, 7, ADA, 2),
    PROPOSED,
    (ev.RoundSettled, 7, 7, 0),
    (ev.Withdrawn, 7, ADA, ONE, 11, 3),
    (ev.Refunded, 7, ADA, 1),
    (ev.Transfer, BOB, ADA, 100),
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cuts=st.sets(st.integers(1, len(STORY) - 1)), back=st.integers(0, len(STORY)))
def test_threat_16_pieces_and_ways_back_make_no_difference(cuts, back):
    """However events come in pieces, and whatever was taken back: it is what the rest makes."""
    projections.clear()
    edges = [0, *sorted(cuts), len(STORY)]
    for begin, end in itertools.pairwise(edges):
        projections.apply(STORY[begin:end])
    whole = tables()
    projections.undo(STORY[back:], above=back, retell=lambda _: STORY[:back])
    partial = tables()
    projections.apply(STORY[back:])
    assert tables() == whole
    projections.clear()
    projections.apply(STORY[:back])
    assert tables() == partial


def test_every_event_is_in_the_story_or_tested_alone():
    told_of = {type(event) for event in STORY} | {ev.ResultVetoed, ev.RoundCancelled}
    assert told_of == set(ev.Event.__args__)
    assert Activity.Kind.values == [
        *("opened", "anchored", "funded", "staked", "proposed", "vetoed", "cancelled"),
        *("settled", "withdrawn", "refunded"),
    ]
