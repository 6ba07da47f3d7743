"""A round's whole life on the chain, as the site leads it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from chain.errors import NodeRefused
from chain.operator.deploying import WHOLE
from chain.operator.models import Transaction
from chain.settlement.services import open_waiting_rounds, settle_due_rounds
from curation.stakes.models import AnchoredBatch, ChainRound, Stake, Winner

State = ChainRound.State


def test_round_is_opened_anchored_staked_on_settled_and_paid_out(chain, gallery):
    ada, bob, sponsor = chain.accounts[2:5]
    gallery.open()
    assert gallery.on_chain.state == State.OPEN
    gallery.anchor()
    assert AnchoredBatch.objects.get().count == 9
    gallery.welcome(ada, bob, sponsor)
    gallery.fund(sponsor, 100)
    gallery.stake(ada, 0, 30)
    gallery.stake(bob, 1, 10)
    gallery.close()
    gallery.propose((0, 6000), (1, 4000))
    assert gallery.on_chain.state == State.PROPOSED
    assert [w.share_bps for w in Winner.objects.order_by("place")] == [6000, 4000]
    settle_due_rounds()
    gallery.index()
    assert gallery.on_chain.state == State.PROPOSED  # the challenge time runs
    gallery.settle()
    assert gallery.on_chain.state == State.SETTLED
    gallery.withdraw(ada, 0)
    gallery.withdraw(bob, 1)
    assert [gallery.tokens(who) for who in (ada, bob, sponsor)] == [1060, 1040, 900]
    assert gallery.tokens(gallery.curation) == 0
    gallery.index()
    assert {stake.reward_wei / WHOLE for stake in Stake.objects.all()} == {60, 40}
    assert not Transaction.objects.filter(status="failed").exists()


def test_times_on_the_chain_are_those_of_the_wall(chain, gallery):
    gallery.open()
    found, closes_at = gallery.on_chain, gallery.round.closes_at
    assert closes_at - found.staking_deadline == pytest.approx(
        timedelta(minutes=6), abs=timedelta(seconds=1)
    )
    assert found.anchor_deadline == found.staking_deadline
    assert found.result_deadline - closes_at == pytest.approx(
        timedelta(days=1), abs=timedelta(seconds=1)
    )
    assert found.challenge_s == 300


def test_chain_with_another_clock_gets_times_by_it(chain, gallery):
    chain.go_on(7 * 86_400)
    gallery.open()
    week = timedelta(days=7)
    ahead = gallery.on_chain.staking_deadline - gallery.round.closes_at
    assert ahead == pytest.approx(week - timedelta(minutes=6), abs=timedelta(seconds=5))


def test_sweep_and_signal_open_a_round_once(chain, gallery):
    from chain.actors import open_round_on_chain

    open_round_on_chain(gallery.round.pk)
    for _ in range(3):
        open_waiting_rounds()
    gallery.index()
    open_waiting_rounds()
    assert Transaction.objects.filter(purpose__startswith="open round").count() == 1


def test_worker_without_the_key_leaves_opening_to_the_scheduler(chain, gallery, settings):
    from chain.actors import open_round_on_chain

    settings.EMBEDDED_CHAIN = False
    open_round_on_chain(gallery.round.pk)
    assert not Transaction.objects.filter(purpose__startswith="open round").exists()
    settings.EMBEDDED_CHAIN = True
    gallery.open()
    assert gallery.on_chain.state == State.OPEN


def test_anchors_are_sent_once_however_late_the_indexer_is(chain, gallery):
    from chain.anchoring.sending import anchor_what_waits

    gallery.open()
    for _ in range(3):
        anchor_what_waits()
    gallery.anchor()
    anchor_what_waits()
    assert Transaction.objects.filter(purpose__startswith="anchor").count() == 1
    assert len(chain.ask(gallery.curation, "Curation", "rootsOf", gallery.round.pk)) == 1


def test_missed_result_makes_everything_refundable(chain, gallery):
    ada, sponsor = chain.accounts[2:4]
    gallery.open()
    gallery.anchor()
    gallery.welcome(ada, sponsor)
    gallery.fund(sponsor, 100)
    gallery.stake(ada, 0, 30)
    gallery.close()
    with pytest.raises(NodeRefused):
        gallery.withdraw(ada, 0)
    chain.go_on(24 * 3600)
    settle_due_rounds()
    gallery.withdraw(ada, 0)
    gallery.refund(sponsor)
    assert [gallery.tokens(who) for who in (ada, sponsor)] == [1000, 1000]


def test_threat_15_share_of_a_winner_nobody_staked_on_returns_to_the_funder(chain, gallery):
    ada, sponsor = chain.accounts[2:4]
    gallery.open()
    gallery.anchor()
    gallery.welcome(ada, sponsor)
    gallery.fund(sponsor, 100)
    gallery.stake(ada, 0, 30)
    gallery.close()
    gallery.propose((0, 2500), (5, 7500))
    gallery.settle()
    gallery.withdraw(ada, 0)
    gallery.refund(sponsor)
    assert [gallery.tokens(who) for who in (ada, sponsor)] == [1025, 975]


def test_threat_12_order_of_settling_and_taking_out_changes_no_payout(chain, gallery):
    ada, bob, sponsor = chain.accounts[2:5]
    gallery.open()
    gallery.anchor()
    gallery.welcome(ada, bob, sponsor)
    gallery.fund(sponsor, 100)
    gallery.stake(ada, 0, 30)
    gallery.stake(bob, 0, 70)
    gallery.close()
    gallery.propose((0, 10_000))
    chain.go_on(gallery.on_chain.challenge_s + 1)

    def settle(sender: str) -> None:
        chain.act(sender, gallery.curation, "Curation", "settle", gallery.round.pk)

    orders = (
        [settle_due_rounds, lambda: gallery.withdraw(ada, 0), lambda: gallery.withdraw(bob, 0)],
        [lambda: gallery.withdraw(bob, 0), lambda: gallery.withdraw(ada, 0)],  # who settle, too
        [lambda: settle(bob), lambda: gallery.withdraw(bob, 0), lambda: gallery.withdraw(ada, 0)],
    )
    outcomes = []
    for steps in orders:
        snapshot = chain.node.call("evm_snapshot")
        for step in steps:
            step()
        outcomes.append([gallery.tokens(who) for who in (ada, bob, sponsor)])
        chain.node.call("evm_revert", snapshot)
    assert outcomes == [[1030, 1070, 900]] * 3


def test_threat_12_nobody_stakes_on_what_the_last_ballots_show(chain, gallery):
    ada = chain.accounts[2]
    gallery.open()
    gallery.anchor()
    gallery.welcome(ada)
    before_close_s = gallery.round.closes_at.timestamp() - chain.now()
    chain.go_on(before_close_s - 359)  # the round is open for another six minutes
    assert chain.now() < gallery.round.closes_at.timestamp()
    with pytest.raises(NodeRefused):
        gallery.stake(ada, 0, 30)


def test_site_without_contracts_holds_its_rounds_as_before(chain, db):
    from chain.anchoring.sending import anchor_what_waits
    from chain.operator.following import follow
    from tests.factories import RoundFactory

    RoundFactory()
    chain.stop()  # nobody even asks
    for quiet in (open_waiting_rounds, anchor_what_waits, settle_due_rounds, follow):
        quiet()
    assert not Transaction.objects.exists()


def test_round_that_is_nearly_over_stays_off_the_chain(chain, gallery):
    gallery.round.closes_at = timezone.now() + timedelta(seconds=20)
    gallery.round.save()
    open_waiting_rounds()
    assert not Transaction.objects.filter(purpose__startswith="open").exists()
