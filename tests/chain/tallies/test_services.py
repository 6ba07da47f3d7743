"""Closed rounds on a real chain: when they are counted, from what, and what follows."""

from __future__ import annotations

from datetime import timedelta

import dramatiq
import pytest
from django.core.cache import cache
from django.test import override_settings

from chain import actors
from chain.errors import NodeUnreachable
from chain.operator.errors import KeyMissing
from chain.settlement.proposing import propose_due_results
from chain.settlement.services import cancel_round, settle_due_rounds
from chain.tallies.errors import NotReady
from chain.tallies.facts import chain_facts, why_not_ready
from chain.tallies.gathering import gather_ballots
from chain.tallies.sending import anchor_ballots_that_wait
from chain.tallies.services import publish_due_tallies, tally_round
from curation.ballots.models import Ballot, BallotAnchor
from curation.galleries.services import close_round
from curation.stakes.models import ChainRound
from curation.standings.models import Tally
from tests.chain.operating import WHOLE
from tests.factories import MemberFactory, RoundFactory
from tests.threads import at_once

from .jury import Jury, cast, root_of, sent

State = ChainRound.State


@pytest.fixture
def opened(chain, gallery, jury) -> Jury:
    """A jury whose round is open on the chain, with nine anchored pictures."""
    for _ in range(3):  # blocks as far apart as they are, so that one is older than the round
        chain.go_on(30)
    gallery.open()
    gallery.anchor()
    return jury


@pytest.fixture
def asked():
    """The rounds whose tallies workers were asked for since the last time."""
    cache.clear()
    broker = dramatiq.get_broker()
    broker.flush("default")

    def messages() -> list[int]:
        consumer, found = broker.consume("default", prefetch=100, timeout=100), []
        while (message := next(consumer)) is not None:
            if message.actor_name == "publish_tally":
                found.append(message.args[0])
            consumer.ack(message)
        consumer.close()
        return found

    return messages


def test_round_is_judged_counted_proposed_settled_and_paid_out(chain, opened):
    gallery, (ada, bob) = opened.gallery, chain.accounts[5:7]
    gallery.welcome(ada, bob)
    gallery.fund(bob, 100)
    gallery.stake(ada, 2, 30)
    opened.judge((2, 1), (2, 0), (1, 0))
    gallery.close()
    tally = opened.count()
    assert (tally.ballots_count, tally.counted_count, tally.voters_count) == (9, 9, 3)
    assert tally.ballots_root == opened.root == root_of(opened.round)
    assert gallery.on_chain.state == State.PROPOSED
    assert gallery.on_chain.bundle_hash == tally.bundle_digest
    digests = [opened.picture(place).digest for place in (2, 1, 0)]
    assert list(gallery.round.winners.order_by("place").values_list("digest", "share_bps")) == list(
        zip(digests, (6000, 2500, 1500), strict=True)
    )
    gallery.settle()
    gallery.withdraw(ada, 2)
    assert gallery.tokens(ada) == 1060
    assert not [row for row in sent("") if row.status == "failed"]


def test_whole_life_passes_by_the_clock_of_a_chain_that_is_ahead(chain, gallery, jury):
    chain.go_on(7 * 86_400)
    gallery.open()
    gallery.anchor()
    jury.judge((0, 1), ago=timedelta(minutes=11))
    anchor_ballots_that_wait()
    jury.judge((0, 2))
    gallery.close()
    assert jury.count().ballots_root == jury.root
    gallery.settle()
    assert gallery.on_chain.state == State.SETTLED


def test_tally_waits_for_the_stakes_and_the_last_root_to_be_final(chain, opened, asked):
    gallery, ada = opened.gallery, chain.accounts[5]
    gallery.welcome(ada)
    opened.judge((0, 1))
    close_round(round_=opened.round)  # the chain's clock is behind: one can stake still
    publish_due_tallies()
    gallery.index()
    assert "last stakes" in why_not_ready(opened.round)
    gallery.stake(ada, 0, 30)
    chain.go_on(gallery.on_chain.staking_deadline.timestamp() - chain.now() + 1)
    gallery.index()
    with pytest.raises(NotReady, match="last stakes are not final"):
        chain_facts(round_id=opened.round.pk)
    chain.mine(4)
    gallery.index()
    with pytest.raises(NotReady, match="root over all ballots"):
        chain_facts(round_id=opened.round.pk)
    anchor_ballots_that_wait()
    gallery.index()
    assert opened.root == root_of(opened.round)
    actors.publish_tally(opened.round.pk)  # asked for too early: nothing happens
    publish_due_tallies()
    assert (asked(), Tally.objects.count()) == ([], 0)
    chain.mine(4)
    gallery.index()
    publish_due_tallies()
    assert asked() == [opened.round.pk]
    assert chain_facts(round_id=opened.round.pk).stakes == [
        (ada, opened.picture(0).digest, 30 * WHOLE)
    ]


def test_facts_are_what_the_chain_says(chain, opened):
    gallery, (ada, bob, cyd) = opened.gallery, chain.accounts[2:5]
    gallery.welcome(ada, bob, cyd)
    gallery.stake(ada, 0, 30)
    gallery.stake(ada, 1, 10)
    chain.act(ada, gallery.token, "SalonToken", "transfer", bob, 100 * WHOLE)
    gallery.stake(bob, 1, 150)
    for _ in range(3):
        chain.go_on(60)
    gallery.renew()
    gallery.open()
    gallery.anchor()
    gallery.stake(cyd, 0, 70)
    gallery.fund(cyd, 5)
    second = Jury(gallery, opened.members)
    second.judge((0, 1))
    gallery.close()
    publish_due_tallies()
    anchor_ballots_that_wait()
    chain.mine(4)
    gallery.index()
    facts = chain_facts(round_id=gallery.round.pk)
    assert (facts.chain_id, facts.contract) == (31337, gallery.curation)
    assert facts.principal_wei == {ada: 40 * WHOLE, bob: 150 * WHOLE}
    assert facts.kin == [tuple(sorted((ada, bob)))]
    assert facts.stakes == [(cyd, gallery.candidates[0].digest, 70 * WHOLE)]
    assert facts.pool_wei == 5 * WHOLE
    assert facts.anchored == {candidate.digest for candidate in gallery.candidates}
    assert facts.roots == [root_of(gallery.round)]
    assert facts.refundable == ""
    at = int(facts.snapshot.at.timestamp())
    for who in (ada, bob, cyd):
        said = chain.ask(gallery.curation, "Curation", "principalAt", who, at)
        assert said == facts.principal_wei.get(who, 0)


def test_round_without_ballots_is_counted_and_nothing_is_proposed(chain, opened):
    opened.gallery.close()
    tally = opened.count()
    assert (tally.ballots_root, tally.ballots_count) == ("", 0)
    assert tally.no_winner
    assert not sent("anchor ballots")
    assert not sent("propose")
    chain.go_on(2 * 86_400)
    settle_due_rounds()
    propose_due_results()
    assert chain.ask(opened.gallery.curation, "Curation", "stateOf", opened.round.pk) == 4


def test_cancelled_round_is_counted_and_nothing_is_proposed(chain, opened):
    opened.judge((0, 1))
    cancel_round(round_id=opened.round.pk)
    opened.gallery.close()
    tally = opened.count()
    assert tally.ballots_count == 3
    assert tally.no_winner == "The round was cancelled on the chain: everything can be taken back."
    assert tally.ballots_root == root_of(opened.round)
    assert not sent("anchor ballots")
    assert not sent("propose")


def test_round_past_its_deadline_is_counted_and_nothing_is_proposed(chain, opened):
    opened.judge((0, 1))
    opened.gallery.close()
    chain.go_on(2 * 86_400)
    chain.mine(4)
    opened.gallery.index()
    assert "in time: everything can be taken back" in opened.count().no_winner
    assert not sent("propose")


def test_round_with_a_false_result_is_counted_and_nothing_is_proposed(chain, opened):
    from chain.operator.calls import call
    from chain.operator.selectors import CURATION
    from chain.operator.transactions import submit

    opened.judge((0, 1))
    opened.gallery.close()
    digest, anchor = opened.gallery.anchored(5)
    winners = [(digest, 10_000, *anchor)]
    data = call(CURATION, "proposeResult", opened.round.pk, winners, bytes(32), bytes(32))
    submit(purpose="theft", to=opened.gallery.curation, data=data)
    opened.gallery.index()
    assert why_not_ready(opened.round)
    tally = opened.count()
    assert tally.no_winner == "Another result was proposed on the chain."
    assert not sent("propose")


def test_site_without_contracts_counts_without_a_chain(chain, db, asked):
    round_ = RoundFactory()
    cast(round_, MemberFactory(), "1a" * 32, "2b" * 32)
    close_round(round_=round_)
    chain.stop()  # nobody even asks
    publish_due_tallies()
    assert asked() == [round_.pk]
    actors.publish_tally(round_.pk)
    tally = Tally.objects.get()
    assert (tally.ballots_count, tally.ballots_root) == (1, root_of(round_))
    anchor_ballots_that_wait()
    propose_due_results()


def test_open_round_is_not_counted(opened, asked):
    opened.judge((0, 1))
    publish_due_tallies()
    assert asked() == []
    assert not BallotAnchor.objects.exists()


def test_lost_message_is_sent_again_after_a_minute_and_not_before(chain, db, asked):
    round_ = RoundFactory()
    close_round(round_=round_)
    for _ in range(3):
        publish_due_tallies()
    assert asked() == [round_.pk]
    cache.clear()  # a minute later
    publish_due_tallies()
    assert asked() == [round_.pk]
    actors.publish_tally(round_.pk)
    cache.clear()
    publish_due_tallies()
    assert asked() == []


def test_node_that_is_away_holds_up_no_round_that_needs_none(chain, opened, asked):
    opened.judge((0, 1))
    opened.gallery.close()
    publish_due_tallies()
    anchor_ballots_that_wait()
    chain.mine(4)
    opened.gallery.index()
    with override_settings(RPC_URL="http://127.0.0.1:9"):
        publish_due_tallies()
        assert asked() == [opened.round.pk]
        actors.publish_tally(opened.round.pk)  # a snapshot would have to be looked up
        with pytest.raises(NodeUnreachable):
            tally_round(round_id=opened.round.pk)
    assert opened.count().ballots_count == 3
    assert opened.gallery.on_chain.state == State.PROPOSED


def test_worker_without_the_key_counts_and_the_scheduler_proposes_once_it_has_one(chain, opened):
    opened.judge((0, 1))
    opened.gallery.close()
    publish_due_tallies()
    anchor_ballots_that_wait()
    chain.mine(4)
    opened.gallery.index()
    with override_settings(EMBEDDED_CHAIN=False):
        actors.publish_tally(opened.round.pk)
        assert Tally.objects.count() == 1
        with pytest.raises(KeyMissing):
            propose_due_results()
    propose_due_results()
    opened.gallery.index()
    assert opened.gallery.on_chain.state == State.PROPOSED


def test_threat_16_root_that_left_the_chain_is_waited_for(chain, opened):
    opened.judge((0, 1))
    opened.gallery.close()
    publish_due_tallies()
    anchor_ballots_that_wait()
    chain.mine(1)
    opened.gallery.index()
    chain.node.call("anvil_rollback", 2)
    chain.mine(4)
    opened.gallery.index()
    assert "root over all ballots" in why_not_ready(opened.round)
    tally = opened.count()
    assert tally.ballots_root == opened.root


def test_threat_32_ballot_that_slipped_in_late_is_under_the_root_that_counts(chain, opened):
    opened.judge((0, 1))
    opened.gallery.close()
    publish_due_tallies()
    anchor_ballots_that_wait()
    late = opened.cast(opened.members[0], 3, 4)  # written by hand, past every check
    chain.mine(4)
    opened.gallery.index()
    tally = opened.count()
    assert Ballot.objects.get(pk=late.pk).anchor.index == 1
    assert tally.ballots_count == 4
    assert tally.ballots_root == opened.root == root_of(opened.round)


@pytest.mark.django_db(transaction=True)
def test_schedulers_and_workers_at_once_publish_one_tally_and_propose_one_result(
    chain, opened, asked
):
    opened.judge((0, 1), (0, 2))
    opened.gallery.close()
    at_once(4, lambda _: publish_due_tallies())
    at_once(4, lambda _: anchor_ballots_that_wait())
    chain.mine(4)
    opened.gallery.index()
    at_once(4, lambda _: publish_due_tallies())
    assert asked() == [opened.round.pk]
    made = at_once(6, lambda _: tally_round(round_id=opened.round.pk))
    assert not [one for one in made if isinstance(one, Exception)]
    assert tally_round(round_id=opened.round.pk) == Tally.objects.get()
    at_once(4, lambda _: propose_due_results())
    opened.gallery.index()
    assert opened.gallery.on_chain.state == State.PROPOSED
    assert len(sent("anchor ballots")) == len(sent("propose")) == 1
    ours = [row for row in sent("") if row.sender == sent("propose")[0].sender]
    assert sorted(row.nonce for row in ours) == list(range(len(ours)))


@pytest.mark.django_db(transaction=True)
def test_worker_does_not_queue_behind_another_that_counts(chain, opened):
    from django.db import connection

    opened.gallery.close()
    publish_due_tallies()
    chain.mine(4)
    opened.gallery.index()
    with connection.cursor() as cursor:  # of another session than the thread's
        cursor.execute(
            "SELECT pg_advisory_lock(hashtextextended(%s, 0))",
            [f"tally of round {opened.round.pk}"],
        )
        assert at_once(1, lambda _: tally_round(round_id=opened.round.pk)) == [None]
        cursor.execute("SELECT pg_advisory_unlock_all()")
    assert at_once(1, lambda _: tally_round(round_id=opened.round.pk)) == [Tally.objects.get()]
    assert gather_ballots(round_id=opened.round.pk) is None
