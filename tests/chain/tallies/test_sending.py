"""Roots over ballots on their way to a real chain."""

from datetime import timedelta

import pytest
from django.test import override_settings

from chain.errors import NodeUnreachable
from chain.operator.calls import call
from chain.operator.errors import KeyMissing
from chain.operator.following import wait
from chain.operator.selectors import CURATION
from chain.operator.transactions import submit
from chain.settlement.services import cancel_round
from chain.tallies.gathering import gather_ballots
from chain.tallies.sending import anchor_ballots_that_wait
from curation.ballots.models import BallotAnchor

from .jury import Jury, root_of, sent

WAITED = timedelta(seconds=601)
ROOTS = "anchor ballots"


@pytest.fixture
def opened(gallery, jury) -> Jury:
    """A jury whose round is open on the chain."""
    gallery.open()
    gallery.anchor()
    return jury


def anchor(jury: Jury) -> None:
    anchor_ballots_that_wait()
    jury.gallery.index()


def test_root_of_an_open_round_is_anchored_once_a_ballot_has_waited_ten_minutes(opened):
    opened.judge((0, 1))
    anchor(opened)
    assert not sent(ROOTS)
    opened.judge((0, 2), ago=WAITED)
    anchor(opened)
    assert opened.root == root_of(opened.round)
    assert BallotAnchor.objects.get().count == 6
    opened.judge((0, 3))
    anchor(opened)
    assert len(sent(ROOTS)) == 1


def test_round_without_ballots_is_anchored_never(opened):
    for _ in range(3):
        anchor(opened)
    assert not sent(ROOTS)
    assert int(opened.root, 16) == 0


def test_root_is_sent_once_however_late_the_indexer_is(opened):
    opened.judge((0, 1), ago=WAITED)
    for _ in range(4):
        anchor_ballots_that_wait()
    anchor(opened)
    anchor(opened)
    assert [row.reason for row in sent(ROOTS)] == [""]


def test_only_the_newest_root_is_sent(opened):
    for place in (1, 2, 3):
        opened.judge((0, place))
        gather_ballots(round_id=opened.round.pk)
    anchor(opened)
    assert opened.root == root_of(opened.round)
    assert len(sent(ROOTS)) == 1


def overtake(jury: Jury, root: str) -> None:
    """Have an older root included after the newest, as after a lost nonce."""
    data = call(CURATION, "anchorBallots", jury.round.pk, bytes.fromhex(root))
    purpose = f"anchor ballots of round {jury.round.pk}: {root}"
    wait(submit(purpose=purpose, to=jury.gallery.curation, data=data))
    jury.gallery.index()
    assert jury.root == root


def test_threat_32_older_root_that_came_last_is_put_right(opened):
    opened.judge((0, 1))
    stale = gather_ballots(round_id=opened.round.pk).root
    opened.judge((0, 2), ago=WAITED)
    anchor(opened)
    overtake(opened, stale)
    for _ in range(3):
        anchor(opened)
    assert opened.root == root_of(opened.round)
    newest = sent(f"anchor ballots of round {opened.round.pk}: {opened.root}")
    assert [row.purpose.partition(opened.root)[2] for row in newest] == ["", " again 1"]


def test_root_put_right_twice_is_sent_twice(chain, opened):
    opened.judge((0, 1))
    stale = [gather_ballots(round_id=opened.round.pk).root]
    opened.judge((0, 2))
    stale.append(gather_ballots(round_id=opened.round.pk).root)
    opened.judge((0, 3), ago=WAITED)
    for root in stale:
        anchor(opened)
        overtake(opened, root)
    anchor(opened)
    assert opened.root == root_of(opened.round)
    assert len(sent(ROOTS)) == 5


def test_root_that_left_its_block_comes_again(chain, opened):
    opened.judge((0, 1), ago=WAITED)
    anchor(opened)
    chain.node.call("anvil_reorg", 1, [])
    opened.gallery.index()
    for _ in range(3):
        anchor(opened)
    assert opened.root == root_of(opened.round)
    assert len(sent(ROOTS)) == 1


def test_cancelled_round_takes_no_roots(opened):
    opened.judge((0, 1), ago=WAITED)
    cancel_round(round_id=opened.round.pk)
    opened.gallery.index()
    gather_ballots(round_id=opened.round.pk)
    anchor(opened)
    assert not sent(ROOTS)


def test_round_past_its_result_deadline_takes_no_roots(chain, opened):
    opened.judge((0, 1), ago=WAITED)
    chain.go_on(2 * 86_400)
    anchor(opened)
    assert not sent(ROOTS)


def test_without_key_or_node_a_root_waits(opened):
    opened.judge((0, 1), ago=WAITED)
    with override_settings(EMBEDDED_CHAIN=False), pytest.raises(KeyMissing):
        anchor_ballots_that_wait()
    with override_settings(RPC_URL="http://127.0.0.1:9"), pytest.raises(NodeUnreachable):
        anchor_ballots_that_wait()
    anchor(opened)
    assert opened.root == root_of(opened.round)
    assert BallotAnchor.objects.count() == len(sent(ROOTS)) == 1
