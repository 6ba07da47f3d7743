from datetime import timedelta

import pytest
from django.utils import timezone

from chain.operator.heads import look
from chain.settlement.services import open_waiting_rounds
from chain.tallies.errors import NotReady
from chain.tallies.models import Snapshot
from chain.tallies.selectors import principal_at
from chain.tallies.snapshots import check_snapshot, take_snapshot
from curation.models import Round
from curation.stakes.models import ChainRound
from tests.chain.chains import OwnChain
from tests.chain.operating import WHOLE
from tests.factories import RoundFactory
from tests.threads import at_once


def block(chain: OwnChain, tag: str | int) -> dict:
    number = hex(tag) if isinstance(tag, int) else tag
    return chain.node.call("eth_getBlockByNumber", number, False)


def age(chain: OwnChain) -> None:
    """Five blocks, a minute apart, as chains have them; a burst would run ahead of our clock."""
    for _ in range(5):
        chain.go_on(60)


def taken(round_: Round) -> Snapshot:
    """What the site keeps of a round when it opens it on the chain."""
    open_waiting_rounds()
    return Snapshot.objects.get(pk=round_.pk)


def test_the_last_final_block_before_a_round_is_kept_when_it_opens(chain, gallery):
    age(chain)
    final = block(chain, "finalized")
    snapshot = taken(gallery.round)
    assert hex(snapshot.block_number) == final["number"]
    assert f"0x{snapshot.block_hash}" == final["hash"]
    assert snapshot.at.timestamp() == int(final["timestamp"], 16)
    assert snapshot.at < gallery.round.opened_at + timedelta(seconds=look().ahead_s)


def test_what_was_kept_first_stays(chain, gallery):
    age(chain)
    first = taken(gallery.round)
    chain.mine(9)
    assert take_snapshot(round_=gallery.round, view=look()) == first
    gallery.index()
    assert gallery.on_chain.state == ChainRound.State.OPEN


@pytest.mark.parametrize("late_s", [1, 40, 390, 4000])
def test_snapshot_taken_late_is_of_a_block_before_the_opening(chain, contracts, late_s):
    for _ in range(90):
        chain.go_on(60)
    now = timezone.now()
    round_ = RoundFactory(opened_at=now - timedelta(seconds=late_s))
    view = look()
    snapshot = take_snapshot(round_=round_, view=view)
    opened_at = int((round_.opened_at + timedelta(seconds=view.ahead_s)).timestamp())
    assert snapshot.at.timestamp() < opened_at
    after = block(chain, snapshot.block_number + 1)
    assert int(after["timestamp"], 16) >= opened_at or snapshot.block_number == view.final


def test_round_older_than_the_chain_opens_without(chain, contracts):
    round_ = RoundFactory(opened_at=timezone.now() - timedelta(days=30))
    round_.closes_at = timezone.now() + timedelta(days=1)
    round_.save()
    open_waiting_rounds()
    assert not Snapshot.objects.exists()
    assert look().receipt(round_opening(round_)) is not None


def round_opening(round_: Round) -> str:
    from chain.operator.models import Transaction

    return Transaction.objects.get(purpose=f"open round {round_.pk}").hashes[-1]


@pytest.mark.django_db(transaction=True)
def test_two_schedulers_at_once_keep_one(chain, gallery):
    age(chain)
    kept = at_once(4, lambda _: take_snapshot(round_=gallery.round, view=look()))
    assert len({(row.block_hash, row.taken_at) for row in kept}) == 1


def test_threat_08_a_stake_made_just_before_or_after_the_opening_weighs_nothing(chain, gallery):
    ada, bob, cyd = chain.accounts[2:5]
    gallery.open()
    gallery.anchor()
    gallery.welcome(ada, bob, cyd)
    gallery.stake(ada, 0, 30)
    age(chain)
    gallery.stake(bob, 0, 400)  # in time, but not final when the round opens
    next_round = RoundFactory()
    snapshot = taken(next_round)
    gallery.stake(ada, 1, 500)
    gallery.stake(cyd, 1, 600)
    chain.mine(4)
    gallery.index()
    assert principal_at([ada, bob, cyd], snapshot) == {ada: 30 * WHOLE}


def test_threat_08_what_went_in_and_out_before_the_opening_weighs_nothing(chain, gallery):
    from chain.settlement.services import cancel_round

    ada = chain.accounts[2]
    gallery.open()
    gallery.anchor()
    gallery.welcome(ada)
    gallery.stake(ada, 0, 900)
    cancel_round(round_id=gallery.round.pk)
    gallery.withdraw(ada, 0)
    age(chain)
    snapshot = taken(RoundFactory())
    gallery.index()
    assert principal_at([ada], snapshot) == {}


def test_block_that_is_still_there_keeps_the_snapshot(chain, gallery):
    age(chain)
    before = taken(gallery.round)
    check_snapshot(snapshot=before, view=look())
    assert Snapshot.objects.get() == before


def test_embedded_chain_that_lost_the_block_moves_the_snapshot_to_one_of_that_time(chain, gallery):
    age(chain)
    snapshot = taken(gallery.round)
    lost, at = snapshot.block_hash, snapshot.at
    chain.node.call("anvil_rollback", 6)
    chain.go_on(100)
    chain.mine(5)
    check_snapshot(snapshot=snapshot, view=look())
    snapshot.refresh_from_db()
    assert snapshot.block_hash != lost
    assert snapshot.at <= at
    assert f"0x{snapshot.block_hash}" == block(chain, snapshot.block_number)["hash"]


def test_elsewhere_a_lost_block_holds_the_tally_up(chain, gallery, settings):
    age(chain)
    snapshot = taken(gallery.round)
    settings.EMBEDDED_CHAIN = False
    chain.node.call("anvil_reorg", 9, [])
    with pytest.raises(NotReady, match=snapshot.block_hash):
        check_snapshot(snapshot=snapshot, view=look())
    chain.node.call("anvil_rollback", 8)  # a node that is behind
    with pytest.raises(NotReady, match="does not have block"):
        check_snapshot(snapshot=snapshot, view=look())


def test_chain_thrown_away_takes_its_snapshots_with_it(chain, gallery):
    from chain.operator.deploying import forget_chain

    age(chain)
    taken(gallery.round)
    forget_chain()
    assert not Snapshot.objects.exists()
