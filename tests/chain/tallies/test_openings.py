"""When a round that is not on the chain is counted, and when it may still turn up there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from chain import actors
from chain.indexer.models import Block, Progress
from chain.operator.models import Transaction
from chain.tallies.errors import NotReady
from chain.tallies.facts import why_not_ready
from chain.tallies.services import publish_due_tallies, tally_round
from curation.galleries.models import Round
from curation.galleries.services import close_round
from curation.standings.models import Tally

from .jury import root_of


def test_round_the_chain_never_heard_of_is_counted(chain, gallery, jury):
    jury.judge((0, 1))
    close_round(round_=jury.round)
    publish_due_tallies()
    actors.publish_tally(jury.round.pk)
    tally = Tally.objects.get()
    assert tally.no_winner == "The round was not opened on the chain."
    assert tally.ballots_root == root_of(jury.round)


def test_round_that_may_be_on_the_chain_is_waited_for(chain, gallery, jury):
    from chain.settlement.services import open_waiting_rounds

    open_waiting_rounds()  # and nobody has seen it there yet
    close_round(round_=jury.round)
    assert "not known yet" in why_not_ready(jury.round)
    with pytest.raises(NotReady):
        tally_round(round_id=jury.round.pk)
    gallery.index()
    assert "last stakes" in why_not_ready(jury.round)


def test_a_round_is_not_given_up_before_the_indexer_has_read_that_far(chain, gallery, jury):
    from chain.settlement.services import open_waiting_rounds

    open_waiting_rounds()
    long_ago = timezone.now() - timedelta(days=3)
    close_round(round_=jury.round)
    times = {"opened_at": long_ago - timedelta(hours=1), "closes_at": long_ago}
    Round.objects.filter(pk=jury.round.pk).update(**times)
    jury.round.refresh_from_db()
    Block.objects.update(at=long_ago)  # as of an indexer that begins anew
    assert "not known yet" in why_not_ready(jury.round)
    far = {"final_block": 10**6, "next_block": 10**6 + 1}
    Progress.objects.update_or_create(pk=settings.CHAIN_ID, defaults=far)
    Block.objects.create(number=10**6, hash="ab" * 32, parent_hash="cd" * 32, at=timezone.now())
    Transaction.objects.update(block_number=10**6 + 1)  # it is in a block that was not read
    assert "not known yet" in why_not_ready(jury.round)
    Transaction.objects.update(block_number=None)
    assert why_not_ready(jury.round) == ""
    Block.objects.update(at=timezone.now() + timedelta(days=9))  # a chain ahead of our clock
    Round.objects.filter(pk=jury.round.pk).update(closes_at=timezone.now())
    jury.round.refresh_from_db()
    assert "not known yet" in why_not_ready(jury.round)
